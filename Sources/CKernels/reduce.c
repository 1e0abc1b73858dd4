#include "reduce.h"
#include "clones.h"
#include "threads.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

// Lanes that one task folds side by side, and how many rows go into a Float sum before it is added to
// a Double one.
#define MAX_LANES 256
#define ROWS_PER_PARTIAL 128
// Rows are folded in pieces of at most this length; folds longer than it are shared among tasks where
// there are fewer outputs than MIN_TASKS.
#define PIECE 4096
#define MIN_TASKS 16
// Elements worth handing to another thread.
#define CHUNK 16384

static int64_t product(int rank, const int64_t *sizes) {
  int64_t total = 1;
  for (int axis = 0; axis < rank; axis++) total *= sizes[axis];
  return total;
}

/// How a fold is cut into tasks. Lanes are neighbouring outputs that are contiguous in the input; without
/// such lanes a task folds rows of the innermost reduced axis, long rows in pieces.
struct split {
  const mg_reduction *reduction;
  const void *input;
  void *output;
  int64_t kept, lanes, segments, row, pieces, rows, parts, rows_per_part;
  int64_t tasks, tasks_per_chunk;
  double *partials;
};

INLINE int64_t offset_of(int64_t index, int rank, const int64_t *sizes, const int64_t *strides) {
  int64_t offset = 0;
  for (int axis = rank - 1; axis >= 0; axis--) {
    offset += index % sizes[axis] * strides[axis];
    index /= sizes[axis];
  }
  return offset;
}

#define REAL float
#define NAME(x) x##_f32
#include "reduce_body.h"
#define REAL double
#define NAME(x) x##_f64
#include "reduce_body.h"

static void run_chunk(void *context, int64_t chunk) {
  const struct split *split = context;
  int64_t first = chunk * split->tasks_per_chunk, stop = first + split->tasks_per_chunk;
  if (stop > split->tasks) stop = split->tasks;
  if (split->reduction->is_double)
    fold_tasks_f64(split, first, stop);
  else
    fold_tasks_f32(split, first, stop);
}

/// Stores one output of a split fold.
static void write_output(const struct split *split, int64_t kept, double value) {
  const mg_reduction *r = split->reduction;
  int64_t at = r->output_offset + offset_of(kept, r->kept_rank, r->kept_sizes, r->kept_output_strides);
  if (r->is_double)
    ((double *)split->output)[at] = value;
  else
    ((float *)split->output)[at] = (float)value;
}

static void combine(const struct split *split) {
  for (int64_t kept = 0; kept < split->kept; kept++) {
    double value = split->partials[kept];
    for (int64_t part = 1; part < split->parts; part++) {
      double next = split->partials[part * split->kept + kept];
      if (split->reduction->kind == MG_SUM)
        value += next;
      else
        value = (next > value || next != next) ? next : value;
    }
    write_output(split, kept, value);
  }
}

void mg_reduce(const mg_reduction *r, const void *input, void *output) {
  struct split split = {.reduction = r, .input = input, .output = output};
  split.kept = product(r->kept_rank, r->kept_sizes);
  int64_t reduced = product(r->reduced_rank, r->reduced_sizes);
  if (split.kept == 0) return;
  int last = r->kept_rank - 1;
  int lanes_are_kept = last >= 0 && r->kept_input_strides[last] == 1 && r->kept_sizes[last] > 1;
  split.lanes = lanes_are_kept ? r->kept_sizes[last] : 1;
  split.segments = (split.lanes + MAX_LANES - 1) / MAX_LANES;
  split.row = lanes_are_kept || r->reduced_rank == 0 ? 1 : r->reduced_sizes[r->reduced_rank - 1];
  split.pieces = (split.row + PIECE - 1) / PIECE;
  split.rows = split.row > 0 ? reduced / split.row * split.pieces : 0;
  int64_t tasks = split.kept / split.lanes * split.segments;
  split.parts = tasks < MIN_TASKS && reduced > PIECE ? reduced / PIECE : 1;
  if (split.parts > MIN_TASKS) split.parts = MIN_TASKS;
  if (split.parts > split.rows) split.parts = split.rows > 0 ? split.rows : 1;
  split.rows_per_part = (split.rows + split.parts - 1) / split.parts;
  split.tasks = tasks * split.parts;
  int64_t work = split.tasks > 0 ? reduced * split.kept / split.tasks + 1 : 1;
  split.tasks_per_chunk = work < CHUNK ? CHUNK / work : 1;
  split.partials = split.parts > 1 ? malloc(sizeof(double) * (size_t)(split.parts * split.kept)) : NULL;
  mg_parallel((split.tasks + split.tasks_per_chunk - 1) / split.tasks_per_chunk, &split, run_chunk);
  if (split.parts > 1) combine(&split);
  free(split.partials);
}
