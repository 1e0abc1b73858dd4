// Sums and maxima over some axes of a strided array.
#pragma once
#include "layout.h"

typedef enum { MG_SUM = 0, MG_MAX = 1 } mg_reduction_kind;

/// The kept axes index the output, the reduced ones are folded. Either may have rank 0.
typedef struct {
  mg_reduction_kind kind;
  int is_double;
  int kept_rank, reduced_rank;
  int64_t kept_sizes[MG_MAX_RANK], kept_input_strides[MG_MAX_RANK], kept_output_strides[MG_MAX_RANK];
  int64_t reduced_sizes[MG_MAX_RANK], reduced_strides[MG_MAX_RANK];
  int64_t input_offset, output_offset;
} mg_reduction;

/// Folds `input` into `output`. How the work is split depends on sizes alone, never on the number of
/// threads, so results are the same for any of them.
void mg_reduce(const mg_reduction *reduction, const void *input, void *output);
