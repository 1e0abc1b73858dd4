// Matrix products in Float32 with one right-hand side: faster than calls of BLAS row block by row block,
// which would pack the right-hand side again for each.
#pragma once
#include "blas.h"

/// Whether mg_product is made for these sizes.
int mg_product_applies(const mg_gemm_sizes *sizes);
/// Returns 0, or -1 when memory is short. Results do not depend on the number of threads.
int mg_product(const mg_gemm_sizes *sizes, const float *a, const float *b, float *c);
