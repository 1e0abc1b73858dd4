// Fused element-wise programs, run block by block so that every intermediate stays in the L1 cache.
#pragma once
#include "layout.h"

/// Element-wise operations. Comparisons give 1 or 0; a select's first operand is such a mask.
typedef enum {
  MG_COPY, MG_NEGATE, MG_ABS, MG_SIGN, MG_EXP, MG_LOG, MG_LOG1P, MG_SQRT, MG_SQUARE, MG_RECIPROCAL,
  MG_SIN, MG_COS, MG_TANH, MG_SIGMOID, MG_SOFTPLUS, MG_FLOOR, MG_NOT,
  MG_ADD, MG_SUBTRACT, MG_MULTIPLY, MG_DIVIDE, MG_POWER, MG_MAXIMUM, MG_MINIMUM,
  MG_LESS, MG_LESS_EQUAL, MG_EQUAL, MG_NOT_EQUAL,
  MG_SELECT,
} mg_opcode;

/// `registers[result] = opcode(registers[a], registers[b], registers[c])`.
typedef struct {
  uint8_t opcode, result, a, b, c;
} mg_instruction;

#define MG_MAX_REGISTERS 64

/// Registers are numbered: inputs, then constants, then temporaries. The value of `root` is stored.
typedef struct {
  int rank;
  int64_t sizes[MG_MAX_RANK];
  int input_count, constant_count, register_count, instruction_count;
  mg_operand inputs[MG_MAX_REGISTERS];
  double constants[MG_MAX_REGISTERS];
  mg_instruction instructions[MG_MAX_REGISTERS];
  int root;
  mg_operand output;
  int is_double;
  int64_t block;
} mg_pointwise;

/// Runs a program. `inputs[i]` is the start of the memory that `program->inputs[i].offset` counts from.
void mg_pointwise_run(const mg_pointwise *program, const void *const *inputs, void *output);
