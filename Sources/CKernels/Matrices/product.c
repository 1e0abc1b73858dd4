#include "product.h"
#include "../scratch.h"
#include "threads.h"
#include "../Convolution/tiles.h"
#include <stdatomic.h>
#include <string.h>

// Floats of a panel of the right-hand side that one pass over the left-hand side takes: they stay in the second
// cache, and each pass after the first must add to the results. Blocks of rows of the left-hand side are tasks.
#define PASS_FLOATS 16384
#define BLOCKS_PER_TASK 4
// Columns from which copying the left-hand side, so that its rows do not share cache sets, is worth it.
#define COPY_COLUMNS 128
#define MAX_PACKED (1 << 23)
// From here on BLAS packs the right-hand side seldom enough: with AVX-512, from more columns than this; with
// less, from right-hand sides of so many elements.
#define MAX_COLUMNS 256
#define MAX_WIDE (1 << 21)

struct work {
  const mg_gemm_sizes *s;
  const struct tiles *tiles;
  const float *a, *b;
  float *packed, *c;
  int64_t panels, columns, rows, tasks;
  int copies;
  atomic_int failed;
};

int mg_product_applies(const mg_gemm_sizes *s) {
  int64_t most = s->n <= MAX_COLUMNS ? MAX_PACKED : mg_tiles()->lanes < 16 ? MAX_WIDE : 0;
  return !s->is_double && (s->batch == 1 || s->b_step == 0) && s->m >= 32 && s->n >= 8 && s->k >= 8 &&
         s->k * s->n <= most && s->batch * s->m * s->n * s->k >= 1 << 17;
}

static void pack(void *context, int64_t panel) {
  const struct work *w = context;
  const mg_gemm_sizes *s = w->s;
  int64_t width = 2 * w->tiles->lanes, first = panel * width;
  int64_t columns = s->n - first < width ? s->n - first : width;
  width = mg_panel_columns(w->tiles, columns);
  float *to = w->packed + first * s->k;
  if (!s->transpose_b)
    for (int64_t k = 0; k < s->k; k++, to += width) {
      memcpy(to, w->b + k * s->ldb + first, (size_t)columns * sizeof(float));
      memset(to + columns, 0, (size_t)(width - columns) * sizeof(float));
    }
  else
    for (int64_t k = 0; k < s->k; k++)
      for (int64_t j = 0; j < width; j++)
        to[k * width + j] = j < columns ? w->b[(first + j) * s->ldb + k] : 0;
}

static void copy_left(const mg_gemm_sizes *s, const float *a, int64_t rows, int64_t k, int64_t depth,
                      int64_t step, float *to) {
  if (!s->transpose_a)
    for (int64_t i = 0; i < rows; i++)
      memcpy(to + i * step, a + i * s->lda + k, (size_t)depth * sizeof(float));
  else
    for (int64_t j = 0; j < depth; j++)
      for (int64_t i = 0; i < rows; i++) to[i * step + j] = a[(k + j) * s->lda + i];
}

static void multiply(void *context, int64_t task) {
  struct work *w = context;
  const mg_gemm_sizes *s = w->s;
  int64_t batch = task / w->tasks, row = task % w->tasks * w->rows;
  int64_t rows = s->m - row < w->rows ? s->m - row : w->rows;
  const float *a = w->a + batch * s->a_step + (s->transpose_a ? row : row * s->lda);
  float *c = w->c + batch * s->c_step + row * s->ldc;
  int64_t width = 2 * w->tiles->lanes, most = PASS_FLOATS / width, step = most + 16;
  float *copy = w->copies ? mg_scratch(MG_SCRATCH_TASK, w->rows * step) : NULL;
  if (w->copies && !copy) return atomic_store(&w->failed, 1);
  int64_t passes = (s->k + most - 1) / most;
  for (int64_t pass = 0; pass < passes; pass++) {
    int64_t k = pass * s->k / passes, depth = (pass + 1) * s->k / passes - k;
    const float *left = w->copies ? copy : a + k;
    int64_t left_step = w->copies ? step : s->lda;
    if (w->copies) copy_left(s, a, rows, k, depth, step, copy);
    for (int64_t first = 0; first < s->n; first += width) {
      int64_t columns = s->n - first < width ? s->n - first : width;
      const float *panel = w->packed + first * s->k + k * mg_panel_columns(w->tiles, columns);
      mg_multiply_rows(w->tiles, rows, columns, 1, 0, depth, left, left_step, panel, c + first, s->ldc, pass > 0);
    }
  }
}

int mg_product(const mg_gemm_sizes *s, const float *a, const float *b, float *c) {
  const struct tiles *tiles = mg_tiles();
  struct work w = {.s = s, .tiles = tiles, .a = a, .b = b, .c = c};
  w.columns = mg_panel_columns(tiles, s->n);
  w.panels = (w.columns + 2 * tiles->lanes - 1) / (2 * tiles->lanes);
  // Equally many tasks for each thread; an element's sum is the same wherever its row is.
  int64_t most = BLOCKS_PER_TASK * tiles->rows, threads = mg_thread_count();
  int64_t tasks = (s->m + most - 1) / most, even = (tasks + threads - 1) / threads * threads;
  w.rows = (s->m + even - 1) / even;
  w.rows = (w.rows + tiles->rows - 1) / tiles->rows * tiles->rows;
  w.tasks = (s->m + w.rows - 1) / w.rows;
  w.copies = s->transpose_a || s->n >= COPY_COLUMNS;
  atomic_init(&w.failed, 0);
  w.packed = mg_scratch(MG_SCRATCH_CALL, w.columns * s->k);
  if (!w.packed) return -1;
  mg_parallel(w.panels, &w, pack);
  mg_parallel(s->batch * w.tasks, &w, multiply);
  return -atomic_load(&w.failed);
}
