// Included once for each instruction set, with LANES (floats in a vector), ROWS (rows of accumulators that
// its registers hold beside two vectors of columns) and NAME defined.

typedef float NAME(vector) __attribute__((vector_size(LANES * 4)));
typedef float NAME(in_memory) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
#define vector NAME(vector)
#define PANEL (2 * LANES)
// Terms of a sum that one pass of its loop adds: every instruction beside the multiply-adds takes turns with them.
#define TERMS 4

INLINE vector NAME(load)(const float *from) { return *(const NAME(in_memory) *)from; }
INLINE void NAME(store)(float *to, vector value) { *(NAME(in_memory) *)to = value; }

INLINE vector NAME(load_some)(const float *from, int64_t count) {
  vector value = {0};
  if (count >= LANES) return NAME(load)(from);
  for (int64_t i = 0; i < count; i++) value[i] = from[i];
  return value;
}

INLINE void NAME(store_some)(float *to, vector value, int64_t count) {
  if (count >= LANES) return NAME(store)(to, value);
  for (int64_t i = 0; i < count; i++) to[i] = value[i];
}

/// `rows` and `vectors` are constants at each call, so that the sums stay in registers. `left` are every third of
/// the rows: a processor's address reaches one or two steps from a register.
INLINE void NAME(add_term)(const int rows, const int vectors, const float *const *left, const int term,
                           int64_t a_step, const float *panel, vector (*sums)[2]) {
  vector b[2];
  UNROLL for (int v = 0; v < vectors; v++) b[v] = NAME(load)(panel + v * LANES);
  UNROLL for (int i = 0; i < rows; i++) {
    float value = left[i / 3][i % 3 * a_step + term];
    UNROLL for (int v = 0; v < vectors; v++) sums[i][v] += value * b[v];
  }
}

INLINE void NAME(product_of)(const int rows, const int vectors, int64_t columns, int64_t runs, int64_t run_step,
                             int64_t run, const float *a, int64_t a_step, const float *panel, float *c,
                             int64_t c_step, int accumulate) {
  vector sums[ROWS][2];
  UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++) sums[i][v] = (vector){0};
  for (int64_t r = 0; r < runs; r++, a += run_step) {
    const float *left[(ROWS + 2) / 3];
    UNROLL for (int i = 0; i < rows; i += 3) left[i / 3] = a + i * a_step;
    int64_t k = 0;
    for (; k + TERMS <= run; k += TERMS, panel += TERMS * vectors * LANES) {
      // Left to itself the compiler works addresses out anew for each term.
      UNROLL for (int i = 0; i < rows; i += 3) __asm__("" : "+r"(left[i / 3]));
      UNROLL for (int term = 0; term < TERMS; term++)
        NAME(add_term)(rows, vectors, left, term, a_step, panel + term * vectors * LANES, sums);
      UNROLL for (int i = 0; i < rows; i += 3) left[i / 3] += TERMS;
    }
    for (; k < run; k++, panel += vectors * LANES) {
      NAME(add_term)(rows, vectors, left, 0, a_step, panel, sums);
      UNROLL for (int i = 0; i < rows; i += 3) left[i / 3]++;
    }
  }
  if (columns == vectors * LANES) {
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++) {
      float *to = c + i * c_step + v * LANES;
      NAME(store)(to, accumulate ? NAME(load)(to) + sums[i][v] : sums[i][v]);
    }
    return;
  }
  float line[PANEL];
  UNROLL for (int i = 0; i < rows; i++) {
    UNROLL for (int v = 0; v < vectors; v++) NAME(store)(line + v * LANES, sums[i][v]);
    for (int64_t j = 0; j < columns; j++)
      c[i * c_step + j] = accumulate ? c[i * c_step + j] + line[j] : line[j];
  }
}

static void NAME(product)(int64_t rows, int64_t columns, int64_t runs, int64_t run_step, int64_t run,
                          const float *a, int64_t a_step, const float *panel, float *c, int64_t c_step,
                          int accumulate) {
#define CASE(n)                                                                                           \
  case n:                                                                                                 \
    if (columns > LANES)                                                                                  \
      NAME(product_of)(n, 2, columns, runs, run_step, run, a, a_step, panel, c, c_step, accumulate);      \
    else                                                                                                  \
      NAME(product_of)(n, 1, columns, runs, run_step, run, a, a_step, panel, c, c_step, accumulate);      \
    break;
  switch (rows) { CASES }
#undef CASE
}

INLINE void NAME(dot_of)(const int rows, int64_t run, const float *a, int64_t a_step, const float *b,
                         float *sums) {
  vector sum[DOT_ROWS];
  UNROLL for (int i = 0; i < rows; i++) sum[i] = NAME(load)(sums + i * LANES);
  int64_t k = 0;
  for (; k + LANES <= run; k += LANES) {
    vector right = NAME(load)(b + k);
    UNROLL for (int i = 0; i < rows; i++) sum[i] += NAME(load)(a + i * a_step + k) * right;
  }
  UNROLL for (int i = 0; i < rows; i++) NAME(store)(sums + i * LANES, sum[i]);
  for (; k < run; k++)
    for (int i = 0; i < rows; i++) sums[i * LANES] += a[i * a_step + k] * b[k];
}

static void NAME(dot)(int64_t rows, int64_t run, const float *a, int64_t a_step, const float *b, float *sums) {
  for (; rows >= DOT_ROWS; rows -= DOT_ROWS, a += DOT_ROWS * a_step, sums += DOT_ROWS * LANES)
    NAME(dot_of)(DOT_ROWS, run, a, a_step, b, sums);
  for (; rows >= 4; rows -= 4, a += 4 * a_step, sums += 4 * LANES) NAME(dot_of)(4, run, a, a_step, b, sums);
  for (; rows > 0; rows--, a += a_step, sums += LANES) NAME(dot_of)(1, run, a, a_step, b, sums);
}

INLINE void NAME(outer_of)(const int rows, const int vectors, const int neighbours, int64_t lines,
                           int64_t row_step, int64_t length, const float *const *a, int64_t a_step,
                           const float *panel, float *c) {
  vector sums[ROWS][2];
  const float *left[ROWS];
  UNROLL for (int i = 0; i < rows; i++) {
    left[i] = neighbours ? a[0] : a[i];
    UNROLL for (int v = 0; v < vectors; v++) sums[i][v] = (vector){0};
  }
  for (int64_t y = 0; y < lines; y++) {
    int64_t at = y * row_step;
    IN_FOURS for (int64_t x = 0; x < length; x++, at += a_step, panel += vectors * LANES) {
      vector b[2];
      UNROLL for (int v = 0; v < vectors; v++) b[v] = NAME(load)(panel + v * LANES);
      UNROLL for (int i = 0; i < rows; i++) {
        float value = neighbours ? left[0][at + i] : left[i][at];
        UNROLL for (int v = 0; v < vectors; v++) sums[i][v] += value * b[v];
      }
    }
  }
  UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++) {
    float *to = c + (i * vectors + v) * LANES;
    NAME(store)(to, NAME(load)(to) + sums[i][v]);
  }
}

static void NAME(outer)(int64_t rows, int64_t columns, int64_t lines, int64_t row_step, int64_t length,
                        const float *const *a, int64_t a_step, const float *panel, float *c) {
  int wide = columns > LANES, neighbours = rows > 1 && !a[1];
#define CASE(n)                                                                                           \
  case n:                                                                                                 \
    if (wide && neighbours)                                                                               \
      NAME(outer_of)(n, 2, 1, lines, row_step, length, a, a_step, panel, c);                              \
    else if (wide)                                                                                        \
      NAME(outer_of)(n, 2, 0, lines, row_step, length, a, a_step, panel, c);                              \
    else if (neighbours)                                                                                  \
      NAME(outer_of)(n, 1, 1, lines, row_step, length, a, a_step, panel, c);                              \
    else                                                                                                  \
      NAME(outer_of)(n, 1, 0, lines, row_step, length, a, a_step, panel, c);                              \
    break;
  switch (rows) { CASES }
#undef CASE
}

#include "winograd_body.h"

const struct tiles NAME(mg_tiles) = {.lanes = LANES,
                                     .rows = ROWS,
                                     .product = NAME(product),
                                     .dot = NAME(dot),
                                     .outer = NAME(outer),
                                     .winograd = {
                                         [MG_WINOGRAD_PLAIN] = {6, 6, 4, 4, NAME(plain_input), NAME(plain_output),
                                                                NAME(plain_weights), NAME(plain_cotangent),
                                                                NAME(plain_weights_adjoint)},
                                         [MG_WINOGRAD_STRIDED] = {9, 9, 4, 8, NAME(strided_input), NAME(strided_output),
                                                                  NAME(strided_weights), NAME(strided_cotangent),
                                                                  NAME(strided_weights_adjoint)},
                                         [MG_WINOGRAD_UP_OUTER] = {5, 9, 8, 4, NAME(up_outer_input),
                                                                   NAME(up_outer_output), NAME(strided_weights)},
                                         [MG_WINOGRAD_UP_MIDDLE] = {5, 9, 8, 4, NAME(up_middle_input),
                                                                    NAME(up_middle_output), NAME(strided_weights)}}};

#undef vector
#undef PANEL
#undef TERMS
#undef LANES
#undef ROWS
#undef DOT_ROWS
#undef NAME
#undef CASES
