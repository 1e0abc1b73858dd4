#include "fused.h"
#include "pointwise_math.h"
#include "../clones.h"
#include "streams.h"
#include "threads.h"

#define MAX_BLOCK 1024
// Below this many elements a second thread costs more than it saves.
#define SERIAL_LIMIT 8192
// Neighbouring accumulators that are folded together.
#define LANES 32
// Rows added up in the working type before they go to an accumulator: few, so that rounding stays small.
#define ROWS_PER_PARTIAL 32

// The baseline clone of an operation may have no vector form; that is not worth a warning.
#pragma clang diagnostic ignored "-Wpass-failed"

/// Remembers what a broadcast operand's register holds, so that equal blocks are loaded once.
struct cached_block {
  int64_t outer_offset, phase, count;
};

/// The index of element `start` of the loop nest.
MG_INLINE void locate(const mg_fused *loops, int64_t start, int64_t *index) {
  for (int axis = loops->rank - 1; axis >= 0; axis--) {
    index[axis] = start % loops->sizes[axis];
    start /= loops->sizes[axis];
  }
}

/// Copies the index `first`, to be stepped, and returns where an operand's element lies there.
MG_INLINE int64_t begin_rows(const mg_fused *loops, const mg_operand *operand, const int64_t *first,
                             int64_t *index) {
  int64_t at = operand->offset;
  for (int axis = 0; axis < loops->rank; axis++) {
    index[axis] = first[axis];
    at += first[axis] * operand->strides[axis];
  }
  return at;
}

/// Takes steps along an axis, which may end it, and returns where the operand's element lies there.
MG_INLINE int64_t advance(const mg_fused *loops, const mg_operand *operand, int axis, int64_t steps,
                          int64_t *index, int64_t at) {
  at += steps * operand->strides[axis];
  index[axis] += steps;
  for (; axis > 0 && index[axis] == loops->sizes[axis]; axis--) {
    at -= index[axis] * operand->strides[axis];
    index[axis] = 0;
    index[axis - 1]++;
    at += operand->strides[axis - 1];
  }
  return at;
}

/// Whether the loops go through an operand's elements as they lie in memory, without gaps.
MG_INLINE int is_dense(const mg_fused *loops, const mg_operand *operand) {
  int64_t step = 1;
  for (int axis = loops->rank - 1; axis >= 0; axis--) {
    if (operand->strides[axis] != step) return 0;
    step *= loops->sizes[axis];
  }
  return 1;
}

/// One of two numbers, without a branch: compilers make loads conditional else, and do not vectorise.
MG_INLINE float pick_f32(float mask, float a, float b) {
  int32_t all = -(int32_t)(mask != 0);
  return bits_to_float((float_to_bits(a) & all) | (float_to_bits(b) & ~all));
}
MG_INLINE double pick_f64(double mask, double a, double b) { return mask != 0 ? a : b; }

/// The larger of two numbers; NaN if one is.
MG_INLINE float larger_f32(float a, float b) { return (b > a || b != b) ? b : a; }
MG_INLINE double larger_f64(double a, double b) { return (b > a || b != b) ? b : a; }

#define REAL float
#define NAME(x) x##_f32
#define EXP exp_f32
#define LOG log_f32
#define LOG1P log1p_f32
#define TANH tanh_f32
#define SIGMOID sigmoid_f32
#define SWISH swish_f32
#define SOFTPLUS softplus_f32
#define SQRT sqrtf
#define FABS fabsf
#define FLOOR floorf
#define ROUND rintf
#define ERF erff
#define SIN sinf
#define COS cosf
#define POW powf
#define ATAN2 atan2f
#define WORK_DTYPE MG_F32
#define EACH_MATH EACH_TWICE
#include "fused_body.h"

#define REAL double
#define NAME(x) x##_f64
#define EXP exp
#define LOG log
#define LOG1P log1p
#define TANH tanh
#define SIGMOID sigmoid_f64
#define SWISH swish_f64
#define SOFTPLUS softplus_f64
#define SQRT sqrt
#define FABS fabs
#define FLOOR floor
#define ROUND rint
#define ERF erf
#define SIN sin
#define COS cos
#define POW pow
#define ATAN2 atan2
#define WORK_DTYPE MG_F64
#define EACH_MATH EACH_CALL
#include "fused_body.h"

MG_INLINE int64_t total_of(const mg_fused *loops) {
  int64_t total = 1;
  for (int axis = 0; axis < loops->rank; axis++) total *= loops->sizes[axis];
  return total;
}

/// The first of the `lead` steps that unit number `unit` covers.
MG_INLINE int64_t first_step(const mg_fused *loops, int64_t unit) { return unit * loops->lead / loops->units; }

/// The accumulators a unit works on: its own where the outermost axis is folded, its share elsewhere.
MG_INLINE double *accumulators(const mg_fused *loops, const mg_result *result, void *const *memory, int64_t unit,
                               int64_t *count) {
  double *all = memory[result->accumulators];
  if (result->is_shared) {
    *count = result->kept;
    return all + unit * result->kept;
  }
  int64_t each = result->kept / loops->lead, first = first_step(loops, unit);
  *count = (first_step(loops, unit + 1) - first) * each;
  return all + first * each;
}

static void write_folded(const mg_fused *loops, const mg_result *result, void *const *memory, const double *from,
                         int64_t at, int64_t count) {
  if (loops->is_double) {
    double *to = (double *)memory[result->target.buffer] + result->target.offset + at;
    for (int64_t i = 0; i < count; i++) to[i] = from[i];
  } else {
    float *to = (float *)memory[result->target.buffer] + result->target.offset + at;
    for (int64_t i = 0; i < count; i++) to[i] = (float)from[i];
  }
}

static void run_unit(const mg_fused *loops, void *const *memory, int64_t unit) {
  int64_t start = first_step(loops, unit) * loops->lead_length;
  int64_t stop = first_step(loops, unit + 1) * loops->lead_length, total = total_of(loops), count;
  if (stop > total) stop = total;
  for (int i = 0; i < loops->result_count; i++) {
    const mg_result *result = &loops->results[i];
    if (result->kind == MG_STORE) continue;
    double *sums = accumulators(loops, result, memory, unit, &count);
    for (int64_t k = 0; k < count; k++) sums[k] = result->kind == MG_MAX ? -INFINITY : 0;
  }
  if (loops->is_double)
    run_range_f64(loops, memory, start, stop, unit);
  else
    run_range_f32(loops, memory, start, stop, unit);
  mg_finish_streams();
  for (int i = 0; i < loops->result_count; i++) {
    const mg_result *result = &loops->results[i];
    if (result->kind == MG_STORE || result->is_shared) continue;
    const double *sums = accumulators(loops, result, memory, unit, &count);
    write_folded(loops, result, memory, sums, sums - (double *)memory[result->accumulators], count);
  }
}

/// Adds up what the units found, in their order.
static void combine(const mg_fused *loops, const mg_result *result, void *const *memory) {
  double *sums = memory[result->accumulators];
  for (int64_t unit = 1; unit < loops->units; unit++) {
    const double *part = sums + unit * result->kept;
    for (int64_t k = 0; k < result->kept; k++)
      sums[k] = result->kind == MG_MAX ? larger_f64(sums[k], part[k]) : sums[k] + part[k];
  }
  write_folded(loops, result, memory, sums, 0, result->kept);
}

struct run {
  const mg_fused *const *loops;
  int count;
  void *const *memory;
};

static void run_units(void *context, int64_t unit) {
  const struct run *run = context;
  for (int i = 0; i < run->count; i++) run_unit(run->loops[i], run->memory, unit);
}

void mg_fused_run(const mg_fused *const *loops, int count, void *const *memory) {
  struct run run = {loops, count, memory};
  int64_t total = 0, units = loops[0]->units;
  for (int i = 0; i < count; i++) total += total_of(loops[i]);
  if (total <= SERIAL_LIMIT)
    for (int64_t unit = 0; unit < units; unit++) run_units(&run, unit);
  else
    mg_parallel(units, &run, run_units);
  for (int i = 0; i < count; i++)
    for (int k = 0; k < loops[i]->result_count; k++)
      if (loops[i]->results[k].kind != MG_STORE && loops[i]->results[k].is_shared)
        combine(loops[i], &loops[i]->results[k], memory);
}
