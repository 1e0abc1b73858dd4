// Types shared by the kernels.
#pragma once
#include <stdint.h>

#define MG_MAX_RANK 8

typedef enum { MG_F32 = 0, MG_F64 = 1, MG_I32 = 2, MG_BOOL = 3 } mg_dtype;

/// One operand of a loop nest: in which of a plan's buffers it lies, where it starts there and how far
/// apart its elements are, in elements.
typedef struct {
  int buffer;
  mg_dtype dtype;
  int64_t offset;
  int64_t strides[MG_MAX_RANK];
} mg_operand;
