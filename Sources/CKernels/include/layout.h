// Types shared by the kernels.
#pragma once
#include <stdint.h>

#define MG_MAX_RANK 8

typedef enum { MG_F32 = 0, MG_F64 = 1, MG_I32 = 2, MG_BOOL = 3 } mg_dtype;

/// One operand of a loop nest: where it starts and how far apart its elements are, in elements.
typedef struct {
  int64_t offset;
  int64_t strides[MG_MAX_RANK];
  mg_dtype dtype;
} mg_operand;
