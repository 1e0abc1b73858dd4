// Float32 elementary functions that compilers can vectorise: no calls, no branches.
// Errors were measured against Double over the whole range: see Tests/EngineTests/PointwiseAccuracyTests.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#define MG_INLINE static inline __attribute__((always_inline))

MG_INLINE float bits_to_float(int32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

MG_INLINE int32_t float_to_bits(float value) {
  int32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

// eʳ for |r| ≤ ln2 / 2: 1 + r + r² Q(r), Q fitted to a relative error of 1e-7.
MG_INLINE float exp_of_remainder(float r) {
  float q = 1.39012835e-3f;
  q = q * r + 8.36314055e-3f;
  q = q * r + 4.16668534e-2f;
  q = q * r + 1.66665773e-1f;
  q = q * r + 4.99999996e-1f;
  float p = q * (r * r) + r;
  return p + 1.0f;
}

// What is added so that the integer next to a number stands in its last bits.
#define TO_INTEGER 12582912.0f

// x − n ln2, in two steps.
MG_INLINE float remainder_of_ln2(float x, float n) {
  float r = x - n * 0.693359375f;
  return r + n * 2.12194440e-4f;
}

// eˣ = 2ⁿ · eʳ.
MG_INLINE float exp_f32(float x) {
  float clamped = x > 88.8f ? 88.8f : (x < -104.0f ? -104.0f : x);
  float n = clamped * 1.44269504f + TO_INTEGER - TO_INTEGER;
  float p = exp_of_remainder(remainder_of_ln2(clamped, n));
  // 2ⁿ in two factors, so that denormal results and the overflow to infinity come out right.
  int32_t whole = (int32_t)n;
  int32_t half = whole >> 1;
  float scaled = p * bits_to_float((half + 127) << 23) * bits_to_float((whole - half + 127) << 23);
  return x != x ? x : scaled;
}

// eˣ for x ≤ 0, where nothing overflows; results too small to be normal are 0. NaN passes through.
MG_INLINE float exp_nonpositive_f32(float x) {
  float clamped = x < -87.3f ? -87.3f : x;
  float shifted = clamped * 1.44269504f + TO_INTEGER;
  float p = exp_of_remainder(remainder_of_ln2(clamped, shifted - TO_INTEGER));
  float power = bits_to_float((int32_t)(((uint32_t)float_to_bits(shifted) + 127u) << 23));
  return x < -87.3f ? 0.0f : p * power;
}

// log(m · 2ᵉ) with √½ ≤ m < √2, as log(1 + f) = f − f²/2 + f³·P(f) (Cephes' coefficients).
MG_INLINE float log_f32(float x) {
  float normal = x < 1.17549435e-38f ? x * 8388608.0f : x;
  int32_t bits = float_to_bits(normal);
  int32_t exponent = ((bits >> 23) & 0xff) - 126 - (x < 1.17549435e-38f ? 23 : 0);
  float m = bits_to_float((bits & 0x007fffff) | 0x3f000000);
  int small = m < 0.707106781f;
  float e = (float)(exponent - (small ? 1 : 0));
  float f = (small ? m + m : m) - 1.0f;
  float z = f * f;
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  float y = f * z * p + e * -2.12194440e-4f - 0.5f * z;
  float result = f + y + e * 0.693359375f;
  result = x == 0.0f ? -INFINITY : result;
  result = x == INFINITY ? INFINITY : result;
  return (x < 0.0f || x != x) ? NAN : result;
}

// log(1 + x): the rounding of 1 + x is put right to first order.
MG_INLINE float log1p_f32(float x) {
  float u = 1.0f + x;
  float correction = x - (u - 1.0f);
  float result = log_f32(u) + correction / u;
  result = u == INFINITY ? INFINITY : result;
  return x == -1.0f ? -INFINITY : result;
}

// 1 + e⁻ˣ: infinite, by the exponent's bits, where 1 / (1 + e⁻ˣ) would be too small to be normal. NaN passes
// through.
MG_INLINE float one_plus_exp_negative_f32(float x) {
  float clamped = 87.3f < x ? 87.3f : x;
  clamped = -88.8f > clamped ? -88.8f : clamped;
  float shifted = clamped * -1.44269504f + TO_INTEGER;
  float p = exp_of_remainder(remainder_of_ln2(-clamped, shifted - TO_INTEGER));
  float power = bits_to_float((int32_t)(((uint32_t)float_to_bits(shifted) + 127u) << 23));
  return 1.0f + p * power;
}

MG_INLINE float sigmoid_f32(float x) { return 1.0f / one_plus_exp_negative_f32(x); }

// x · sigmoid(x).
MG_INLINE float swish_f32(float x) { return x / one_plus_exp_negative_f32(x); }

// max(x, 0) + log(1 + e) with e = e^{-|x|} in [0, 1], where log(1 + e) = e P(e) with a relative error of 3e-8.
MG_INLINE float softplus_f32(float x) {
  float e = exp_nonpositive_f32(-fabsf(x));
  // Even and odd powers apart: two short chains of sums wait less for each other than a long one.
  float z = e * e;
  float even = 5.23266689e-3f;
  even = even * z + 7.82257735e-2f;
  even = even * z + 1.91059997e-1f;
  even = even * z + 3.33190966e-1f;
  even = even * z + 9.99999970e-1f;
  float odd = -2.95051291e-2f;
  odd = odd * z - 1.36632307e-1f;
  odd = odd * z - 2.48429804e-1f;
  odd = odd * z - 4.99994931e-1f;
  float p = odd * e + even;
  float positive = x > 0.0f ? x : 0.0f;
  return positive + e * p;
}

MG_INLINE float tanh_f32(float x) {
  float a = fabsf(x), z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  float near_zero = x + x * z * p;
  float e = exp_nonpositive_f32(-2.0f * a);
  float far = 1.0f - 2.0f * e / (1.0f + e);
  far = x < 0.0f ? -far : far;
  return a < 0.625f ? near_zero : far;
}

MG_INLINE double sigmoid_f64(double x) {
  double e = exp(-fabs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

MG_INLINE double swish_f64(double x) { return x * sigmoid_f64(x); }

MG_INLINE double softplus_f64(double x) {
  return x != x ? x : (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}
