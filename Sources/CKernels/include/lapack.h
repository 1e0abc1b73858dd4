// Matrix factorisations through LAPACK, of batches of dense row-major matrices.
#pragma once
#include <stdint.h>

/// What came of a batch.
typedef enum {
  MG_SOLVED = 0,
  /// The library has no LAPACK, or there is no memory.
  MG_UNAVAILABLE,
  /// A zero pivot.
  MG_SINGULAR,
  MG_NOT_POSITIVE,
  MG_NOT_CONVERGED,
  MG_NOT_FINITE,
} mg_linear_status;

typedef enum { MG_LOWER = 0, MG_UPPER = 1 } mg_triangle;

/// All of these return the first status along the batch that is not MG_SOLVED, and in `which` whose it is.
/// Matrices are n × n where nothing else is said.

/// Lower factor `l` with `a = l·lᵀ`, zeros above the diagonal; reads the lower triangle of `a`.
mg_linear_status mg_cholesky(int is_double, int64_t batch, int64_t n, const void *a, void *l, int64_t *which);
/// `x` with `a·x = b` (or `aᵀ·x = b`); `b` and `x` are n × k; reads one triangle of `a`.
mg_linear_status mg_solve_triangular(int is_double, int64_t batch, int64_t n, int64_t k, mg_triangle triangle,
                                     int transposed, const void *a, const void *b, void *x, int64_t *which);
/// `x` with `a·x = b`; `b` and `x` are n × k.
mg_linear_status mg_solve(int is_double, int64_t batch, int64_t n, int64_t k, const void *a, const void *b,
                          void *x, int64_t *which);
/// One number a matrix: its determinant, or the logarithm of it (NaN where negative).
mg_linear_status mg_determinant(int is_double, int64_t batch, int64_t n, int logarithm, const void *a, void *y,
                                int64_t *which);
/// Eigenvalues `w` in rising order, or with `vectors` the orthonormal eigenvectors as columns of `v`; reads
/// one triangle of the symmetric `a`. Of each vector the largest element is positive.
mg_linear_status mg_eigen(int is_double, int64_t batch, int64_t n, int vectors, const void *a, void *result,
                          int64_t *which);
/// Of an m × n matrix the k = min(m, n) singular values in falling order, or with `vectors` the left
/// (m × k) and below them the right ones (n × k) as columns; of each left one the largest element is positive.
mg_linear_status mg_singular(int is_double, int64_t batch, int64_t m, int64_t n, int vectors, const void *a,
                             void *result, int64_t *which);
