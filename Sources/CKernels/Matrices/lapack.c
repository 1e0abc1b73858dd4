// The Fortran interface of the LAPACK inside OpenBLAS, loaded late with it: see blas.c. LAPACK counts columns
// first: what it reads of a row-major matrix is the transpose, which each function here makes use of.
#include "lapack.h"
#include <cblas.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "blas.h"
#include "threads.h"

typedef void potrf(const char *uplo, const int *n, void *a, const int *lda, int *info);
typedef void getrf(const int *m, const int *n, void *a, const int *lda, int *pivots, int *info);
typedef void getrs(const char *trans, const int *n, const int *k, const void *a, const int *lda,
                   const int *pivots, void *b, const int *ldb, int *info);
typedef void syevd(const char *job, const char *uplo, const int *n, void *a, const int *lda, void *w, void *work,
                   const int *lwork, int *iwork, const int *liwork, int *info);
typedef void gesdd(const char *job, const int *m, const int *n, void *a, const int *lda, void *s, void *u,
                   const int *ldu, void *vt, const int *ldvt, void *work, const int *lwork, int *iwork, int *info);
typedef void trsm_f32(int, int, int, int, int, int, int, float, const float *, int, float *, int);
typedef void trsm_f64(int, int, int, int, int, int, int, double, const double *, int, double *, int);

// One set of functions for Float32 and one for Float64.
static struct {
  potrf *potrf;
  getrf *getrf;
  getrs *getrs;
  syevd *syevd;
  gesdd *gesdd;
} lapack[2];
static trsm_f32 *strsm;
static trsm_f64 *dtrsm;
static int is_complete;
static pthread_once_t lapack_once = PTHREAD_ONCE_INIT;

static void load_lapack(void) {
  static const char *const names[2][5] = {{"spotrf_", "sgetrf_", "sgetrs_", "ssyevd_", "sgesdd_"},
                                          {"dpotrf_", "dgetrf_", "dgetrs_", "dsyevd_", "dgesdd_"}};
  is_complete = 1;
  for (int i = 0; i < 2; i++) {
    void **slots[5] = {(void **)&lapack[i].potrf, (void **)&lapack[i].getrf, (void **)&lapack[i].getrs,
                       (void **)&lapack[i].syevd, (void **)&lapack[i].gesdd};
    for (int k = 0; k < 5; k++) is_complete &= (*slots[k] = mg_blas_symbol(names[i][k])) != NULL;
  }
  is_complete &= (*(void **)&strsm = mg_blas_symbol("cblas_strsm")) != NULL;
  is_complete &= (*(void **)&dtrsm = mg_blas_symbol("cblas_dtrsm")) != NULL;
}

// A batch: each matrix is one task, with a status of its own, so that the first failure is always the same.

struct batch {
  int d;  // 0: Float32, 1: Float64
  int64_t size, m, n, k;
  int flag, transposed;
  const char *a, *b;
  char *result;
  mg_linear_status (*solve)(const struct batch *, int64_t);
  mg_linear_status *statuses;
};

static void run_task(void *context, int64_t task) {
  struct batch *batch = context;
  batch->statuses[task] = batch->solve(batch, task);
}

static mg_linear_status run(struct batch *batch, int64_t *which) {
  *which = 0;
  pthread_once(&lapack_once, load_lapack);
  batch->statuses = malloc((size_t)batch->size * sizeof *batch->statuses);
  if (!is_complete || !batch->statuses) {
    free(batch->statuses);
    return MG_UNAVAILABLE;
  }
  if (batch->size * batch->m * batch->n * batch->n <= 100000)
    for (int64_t task = 0; task < batch->size; task++) run_task(batch, task);
  else
    mg_parallel(batch->size, batch, run_task);
  mg_linear_status status = MG_SOLVED;
  for (int64_t task = 0; task < batch->size && status == MG_SOLVED; task++) {
    status = batch->statuses[task];
    *which = task;
  }
  free(batch->statuses);
  return status;
}

static size_t width(const struct batch *batch) { return batch->d ? sizeof(double) : sizeof(float); }

static double get(const struct batch *batch, const void *at, int64_t index) {
  return batch->d ? ((const double *)at)[index] : (double)((const float *)at)[index];
}

static void set(const struct batch *batch, void *at, int64_t index, double value) {
  if (batch->d)
    ((double *)at)[index] = value;
  else
    ((float *)at)[index] = (float)value;
}

/// The transpose of a rows × columns matrix, row-major both.
static void transpose(const struct batch *batch, const void *from, void *to, int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) set(batch, to, j * rows + i, get(batch, from, i * columns + j));
}

// The iterative routines may never end on numbers that are none.
static int is_finite(const struct batch *batch, const void *a, int64_t count) {
  for (int64_t i = 0; i < count; i++)
    if (!isfinite(get(batch, a, i))) return 0;
  return 1;
}

// MARK: Cholesky

static mg_linear_status cholesky(const struct batch *batch, int64_t task) {
  int64_t n = batch->n;
  int order = (int)n, info = 0;
  char *l = batch->result + (size_t)(task * n * n) * width(batch);
  memcpy(l, batch->a + (size_t)(task * n * n) * width(batch), (size_t)(n * n) * width(batch));
  // The lower triangle by rows is the upper one by columns.
  lapack[batch->d].potrf("U", &order, l, &order, &info);
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = i + 1; j < n; j++) set(batch, l, i * n + j, 0);
  // A NaN may pass LAPACK's comparisons.
  for (int64_t i = 0; i < n && info == 0; i++) info = !(get(batch, l, i * n + i) > 0);
  return info == 0 ? MG_SOLVED : MG_NOT_POSITIVE;
}

mg_linear_status mg_cholesky(int is_double, int64_t batch, int64_t n, const void *a, void *l, int64_t *which) {
  struct batch b = {.d = is_double, .size = batch, .m = n, .n = n, .a = a, .result = l, .solve = cholesky};
  return run(&b, which);
}

// MARK: Linear systems

static mg_linear_status solve_triangular(const struct batch *batch, int64_t task) {
  int64_t n = batch->n, k = batch->k;
  const char *a = batch->a + (size_t)(task * n * n) * width(batch);
  char *x = batch->result + (size_t)(task * n * k) * width(batch);
  for (int64_t i = 0; i < n; i++)
    if (get(batch, a, i * n + i) == 0) return MG_SINGULAR;
  memcpy(x, batch->b + (size_t)(task * n * k) * width(batch), (size_t)(n * k) * width(batch));
  int uplo = batch->flag == MG_LOWER ? CblasLower : CblasUpper, trans = batch->transposed ? CblasTrans : CblasNoTrans;
  if (batch->d)
    dtrsm(CblasRowMajor, CblasLeft, uplo, trans, CblasNonUnit, (int)n, (int)k, 1, (const double *)a, (int)n,
          (double *)x, (int)k);
  else
    strsm(CblasRowMajor, CblasLeft, uplo, trans, CblasNonUnit, (int)n, (int)k, 1, (const float *)a, (int)n,
          (float *)x, (int)k);
  return MG_SOLVED;
}

mg_linear_status mg_solve_triangular(int is_double, int64_t batch, int64_t n, int64_t k, mg_triangle triangle,
                                     int transposed, const void *a, const void *b, void *x, int64_t *which) {
  struct batch t = {.d = is_double, .size = batch, .m = n, .n = n, .k = k, .flag = (int)triangle,
                    .transposed = transposed, .a = a, .b = b, .result = x, .solve = solve_triangular};
  return run(&t, which);
}

/// A copy of matrix `task` factored in place, with its pivots behind it; null without memory.
static void *factor(const struct batch *batch, int64_t task, int **pivots, int *info) {
  int64_t n = batch->n;
  size_t bytes = (size_t)(n * n) * width(batch);
  char *lu = malloc(bytes + (size_t)n * sizeof(int) + 1);
  if (!lu) return NULL;
  int order = (int)n;
  *pivots = (int *)(lu + bytes);
  memcpy(lu, batch->a + (size_t)task * bytes, bytes);
  lapack[batch->d].getrf(&order, &order, lu, &order, *pivots, info);
  return lu;
}

static mg_linear_status solve(const struct batch *batch, int64_t task) {
  int64_t n = batch->n, k = batch->k;
  size_t bytes = (size_t)(n * k) * width(batch);
  int *pivots, info = 0, order = (int)n, columns = (int)k;
  char *lu = factor(batch, task, &pivots, &info), *x = malloc(bytes + 1);
  mg_linear_status status = !lu || !x ? MG_UNAVAILABLE : info ? MG_SINGULAR : MG_SOLVED;
  if (status == MG_SOLVED) {
    transpose(batch, batch->b + (size_t)task * bytes, x, n, k);
    lapack[batch->d].getrs("T", &order, &columns, lu, &order, pivots, x, &order, &info);
    transpose(batch, x, batch->result + (size_t)task * bytes, k, n);
  }
  free(lu);
  free(x);
  return status;
}

mg_linear_status mg_solve(int is_double, int64_t batch, int64_t n, int64_t k, const void *a, const void *b,
                          void *x, int64_t *which) {
  struct batch t = {.d = is_double, .size = batch, .m = n, .n = n, .k = k, .a = a, .b = b, .result = x,
                    .solve = solve};
  return run(&t, which);
}

static mg_linear_status determinant(const struct batch *batch, int64_t task) {
  int64_t n = batch->n;
  int *pivots, info = 0;
  char *lu = factor(batch, task, &pivots, &info);
  if (!lu) return MG_UNAVAILABLE;
  double product = 1, logarithm = 0;
  for (int64_t i = 0; i < n; i++) {
    double pivot = get(batch, lu, i * n + i) * (pivots[i] == i + 1 ? 1 : -1);
    logarithm += log(fabs(pivot));
    product = batch->flag ? copysign(1, pivot) * product : pivot * product;
  }
  free(lu);
  if (batch->flag) product = product < 0 && isfinite(logarithm) ? NAN : logarithm;
  set(batch, batch->result, task, product);
  return MG_SOLVED;
}

mg_linear_status mg_determinant(int is_double, int64_t batch, int64_t n, int logarithm, const void *a, void *y,
                                int64_t *which) {
  struct batch b = {.d = is_double, .size = batch, .m = n, .n = n, .flag = logarithm, .a = a, .result = y,
                    .solve = determinant};
  return run(&b, which);
}

// MARK: Eigenvalues and singular values

/// Whether a vector is to be turned round: so that a vector is one vector, not one of two.
static int points_down(const struct batch *batch, const void *v, int64_t count, int64_t step) {
  double largest = 0;
  for (int64_t i = 0; i < count; i++) largest = fmax(largest, fabs(get(batch, v, i * step)));
  // The first that is about as large as the largest: rounding must not choose between equals.
  for (int64_t i = 0; i < count; i++)
    if (fabs(get(batch, v, i * step)) >= 0.9 * largest) return get(batch, v, i * step) < 0;
  return 0;
}

static mg_linear_status eigen(const struct batch *batch, int64_t task) {
  int64_t n = batch->n;
  size_t w = width(batch), bytes = (size_t)(n * n) * w;
  const char *a = batch->a + (size_t)task * bytes;
  if (!is_finite(batch, a, n * n)) return MG_NOT_FINITE;
  const char *job = batch->flag ? "V" : "N";
  int order = (int)n, info = 0, query = -1, int_size = 1;
  double size = 0;
  lapack[batch->d].syevd(job, "U", &order, NULL, &order, NULL, &size, &query, &int_size, &query, &info);
  int work_size = (int)get(batch, &size, 0) + 1;
  char *v = malloc(bytes + (size_t)(n + work_size) * w), *values = v + bytes, *work = values + (size_t)n * w;
  int *int_work = malloc((size_t)int_size * sizeof(int));
  mg_linear_status status = MG_UNAVAILABLE;
  if (v && int_work) {
    memcpy(v, a, bytes);
    lapack[batch->d].syevd(job, "U", &order, v, &order, values, work, &work_size, int_work, &int_size, &info);
    status = info == 0 ? MG_SOLVED : MG_NOT_CONVERGED;
  }
  if (status == MG_SOLVED && batch->flag) {
    // LAPACK's columns are rows here.
    char *result = batch->result + (size_t)task * bytes;
    for (int64_t j = 0; j < n; j++) {
      double sign = points_down(batch, v + (size_t)(j * n) * w, n, 1) ? -1 : 1;
      for (int64_t i = 0; i < n; i++) set(batch, result, i * n + j, sign * get(batch, v, j * n + i));
    }
  } else if (status == MG_SOLVED) {
    memcpy(batch->result + (size_t)(task * n) * w, values, (size_t)n * w);
  }
  free(v);
  free(int_work);
  return status;
}

mg_linear_status mg_eigen(int is_double, int64_t batch, int64_t n, int vectors, const void *a, void *result,
                          int64_t *which) {
  struct batch b = {.d = is_double, .size = batch, .m = n, .n = n, .flag = vectors, .a = a, .result = result,
                    .solve = eigen};
  return run(&b, which);
}

// The matrix LAPACK reads is n × m, the transpose: its left vectors are our right ones.
static mg_linear_status singular(const struct batch *batch, int64_t task) {
  int64_t m = batch->m, n = batch->n, k = m < n ? m : n;
  size_t w = width(batch), bytes = (size_t)(m * n) * w;
  const char *a = batch->a + (size_t)task * bytes;
  if (!is_finite(batch, a, m * n)) return MG_NOT_FINITE;
  const char *job = batch->flag ? "S" : "N";
  int rows = (int)n, columns = (int)m, inner = (int)k, info = 0, query = -1;
  double size = 0;
  lapack[batch->d].gesdd(job, &rows, &columns, NULL, &rows, NULL, NULL, &rows, NULL, &inner, &size, &query, NULL,
                         &info);
  int work_size = (int)get(batch, &size, 0) + 1;
  char *copy = malloc(bytes + (size_t)(k + n * k + k * m + work_size) * w), *values = copy + bytes;
  char *right = values + (size_t)k * w, *left = right + (size_t)(n * k) * w, *work = left + (size_t)(k * m) * w;
  int *int_work = malloc((size_t)(8 * k + 1) * sizeof(int));
  mg_linear_status status = MG_UNAVAILABLE;
  if (copy && int_work) {
    memcpy(copy, a, bytes);
    lapack[batch->d].gesdd(job, &rows, &columns, copy, &rows, values, right, &rows, left, &inner, work, &work_size,
                           int_work, &info);
    status = info == 0 ? MG_SOLVED : MG_NOT_CONVERGED;
  }
  if (status == MG_SOLVED && batch->flag) {
    char *result = batch->result + (size_t)(task * (m + n) * k) * w;
    for (int64_t j = 0; j < k; j++) {
      double sign = points_down(batch, left + (size_t)j * w, m, k) ? -1 : 1;
      for (int64_t i = 0; i < m; i++) set(batch, result, i * k + j, sign * get(batch, left, i * k + j));
      for (int64_t i = 0; i < n; i++) set(batch, result, (m + i) * k + j, sign * get(batch, right, j * n + i));
    }
  } else if (status == MG_SOLVED) {
    memcpy(batch->result + (size_t)(task * k) * w, values, (size_t)k * w);
  }
  free(copy);
  free(int_work);
  return status;
}

mg_linear_status mg_singular(int is_double, int64_t batch, int64_t m, int64_t n, int vectors, const void *a,
                             void *result, int64_t *which) {
  struct batch b = {.d = is_double, .size = batch, .m = m, .n = n, .flag = vectors, .a = a, .result = result,
                    .solve = singular};
  return run(&b, which);
}
