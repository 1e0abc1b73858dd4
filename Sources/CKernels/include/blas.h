// Matrix products.
#pragma once
#include <stdint.h>

/// Row-major `c[m, n] = op(a)[m, k] · op(b)[k, n]`, `batch` of them `*_step` elements apart.
typedef struct {
  int is_double;
  int64_t batch, m, n, k;
  int transpose_a, transpose_b;
  int64_t lda, ldb, ldc;
  int64_t a_step, b_step, c_step;
} mg_gemm_sizes;

/// Returns 0, or -1 when no BLAS library could be loaded.
int mg_gemm(const mg_gemm_sizes *sizes, const void *a, const void *b, void *c);

/// What the BLAS library calls the processor it was built up for, or null when none is loaded.
const char *mg_blas_core(void);

/// A function of the same library, or null.
void *mg_blas_symbol(const char *name);
