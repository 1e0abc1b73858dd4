#include "pointwise.h"
#include "pointwise_math.h"
#include "clones.h"
#include "threads.h"

#define MAX_BLOCK 1024
// Below this many elements a second thread costs more than it saves.
#define SERIAL_LIMIT 8192
#define BLOCKS_PER_CHUNK 8

// The baseline clone of an operation may have no vector form; that is not worth a warning.
#pragma clang diagnostic ignored "-Wpass-failed"

/// Remembers what a broadcast operand's register holds, so that equal blocks are loaded once.
struct cached_block {
  int64_t outer_offset, phase, count;
};

/// The index of element `start` of the loop nest.
MG_INLINE void locate(const mg_pointwise *program, int64_t start, int64_t *index) {
  for (int axis = program->rank - 1; axis >= 0; axis--) {
    index[axis] = start % program->sizes[axis];
    start /= program->sizes[axis];
  }
}

/// Copies the index `first`, to be stepped, and returns where an operand's element lies there.
MG_INLINE int64_t begin_rows(const mg_pointwise *program, const mg_operand *operand, const int64_t *first,
                             int64_t *index) {
  int64_t at = operand->offset;
  for (int axis = 0; axis < program->rank; axis++) {
    index[axis] = first[axis];
    at += first[axis] * operand->strides[axis];
  }
  return at;
}

/// Steps `length` elements along the innermost axis, which may end a row, and returns where that is.
MG_INLINE int64_t next_row(const mg_pointwise *program, const mg_operand *operand, int64_t length,
                           int64_t *index, int64_t at) {
  int last = program->rank - 1;
  at += length * operand->strides[last];
  index[last] += length;
  for (int axis = last; axis > 0 && index[axis] == program->sizes[axis]; axis--) {
    at -= index[axis] * operand->strides[axis];
    index[axis] = 0;
    index[axis - 1]++;
    at += operand->strides[axis - 1];
  }
  return at;
}

#define REAL float
#define NAME(x) x##_f32
#define EXP exp_f32
#define LOG log_f32
#define LOG1P log1p_f32
#define TANH tanh_f32
#define SIGMOID sigmoid_f32
#define SOFTPLUS softplus_f32
#define SQRT sqrtf
#define FABS fabsf
#define FLOOR floorf
#define SIN sinf
#define COS cosf
#define POW powf
#define WORK_DTYPE MG_F32
#define EACH_MATH EACH
#include "pointwise_body.h"

#define REAL double
#define NAME(x) x##_f64
#define EXP exp
#define LOG log
#define LOG1P log1p
#define TANH tanh
#define SIGMOID sigmoid_f64
#define SOFTPLUS softplus_f64
#define SQRT sqrt
#define FABS fabs
#define FLOOR floor
#define SIN sin
#define COS cos
#define POW pow
#define WORK_DTYPE MG_F64
#define EACH_MATH EACH_CALL
#include "pointwise_body.h"

struct task {
  const mg_pointwise *program;
  const void *const *inputs;
  void *output;
  int64_t total;
};

static void run_chunk(void *context, int64_t chunk) {
  const struct task *task = context;
  int64_t length = task->program->block * BLOCKS_PER_CHUNK;
  int64_t start = chunk * length;
  int64_t stop = start + length < task->total ? start + length : task->total;
  if (task->program->is_double)
    run_range_f64(task->program, task->inputs, task->output, start, stop);
  else
    run_range_f32(task->program, task->inputs, task->output, start, stop);
}

void mg_pointwise_run(const mg_pointwise *program, const void *const *inputs, void *output) {
  int64_t total = 1;
  for (int axis = 0; axis < program->rank; axis++) total *= program->sizes[axis];
  struct task task = {program, inputs, output, total};
  int64_t length = program->block * BLOCKS_PER_CHUNK;
  int64_t chunks = (total + length - 1) / length;
  if (total <= SERIAL_LIMIT)
    for (int64_t chunk = 0; chunk < chunks; chunk++) run_chunk(&task, chunk);
  else
    mg_parallel(chunks, &task, run_chunk);
}
