// Fused loops: element-wise programs with several results, each stored or folded (sums, maxima), run block
// by block so that every intermediate stays in the L1 cache.
#pragma once
#include "layout.h"

/// Element-wise operations. Comparisons give 1 or 0; a select's first operand is such a mask. The last four
/// are what planning makes of two operations each: `a * b + c`, `a * sigmoid(a)` and `a < b ? c : d`.
typedef enum {
  MG_COPY, MG_NEGATE, MG_ABS, MG_SIGN, MG_EXP, MG_LOG, MG_LOG1P, MG_SQRT, MG_SQUARE, MG_RECIPROCAL,
  MG_SIN, MG_COS, MG_TANH, MG_SIGMOID, MG_SOFTPLUS, MG_FLOOR, MG_ROUND, MG_ERF, MG_NOT,
  MG_ADD, MG_SUBTRACT, MG_MULTIPLY, MG_DIVIDE, MG_POWER, MG_ATAN2, MG_MAXIMUM, MG_MINIMUM,
  MG_LESS, MG_LESS_EQUAL, MG_EQUAL, MG_NOT_EQUAL,
  MG_SELECT, MG_MULTIPLY_ADD, MG_SWISH, MG_SELECT_LESS, MG_SELECT_LESS_EQUAL,
} mg_opcode;

/// `registers[result] = opcode(registers[a], registers[b], registers[c], registers[d])`.
typedef struct {
  uint8_t opcode, result, a, b, c, d;
} mg_instruction;

#define MG_MAX_REGISTERS 64
#define MG_MAX_RESULTS 12

typedef enum { MG_STORE, MG_SUM, MG_MAX, MG_SUM_OF_PRODUCTS } mg_result_kind;

/// What becomes of one register's elements.
///
/// A fold collects them in accumulators of type double, dense over the kept axes in the order of the
/// loops; `target.strides` places elements among them and is 0 along folded axes. Its result is dense in
/// the same order, at `target.offset` of `target.buffer`.
typedef struct {
  mg_result_kind kind;
  int source;
  int factor;  // the register that a sum of products multiplies `source` by
  mg_operand target;
  int accumulators;  // the buffer they lie in
  int64_t kept;      // how many there are
  int is_shared;     // the outermost axis is folded too: every unit has accumulators of its own
  int is_streamed;   // stored past the caches: nothing reads it before it would have left them
} mg_result;

/// Registers are numbered: inputs, then constants, then temporaries.
///
/// The loops are cut into `units` along `lead` steps of `lead_length` elements each. Folds depend on how
/// they are cut, so that is settled by sizes alone, never by the number of threads.
typedef struct {
  int rank;
  int64_t sizes[MG_MAX_RANK];
  int input_count, constant_count, register_count, instruction_count, result_count;
  mg_operand inputs[MG_MAX_REGISTERS];
  double constants[MG_MAX_REGISTERS];
  mg_instruction instructions[MG_MAX_REGISTERS];
  mg_result results[MG_MAX_RESULTS];
  int is_double;
  int64_t block;
  int64_t units, lead, lead_length;
} mg_fused;

/// Runs loops that are cut into the same units one after the other, unit by unit: what one of them stores
/// for a unit the next ones read from the cache. `memory[i]` is the start of buffer `i`.
void mg_fused_run(const mg_fused *const *loops, int count, void *const *memory);
