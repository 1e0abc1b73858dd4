#include "blas.h"
#include "product.h"
#include "threads.h"
#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

// OpenBLAS chooses its kernels in the library's constructor. Debian's 0.3.21 takes newer processors for a
// "Prescott" and then runs five times slower, so it is loaded late, after the variable its constructor
// reads has been set from what the processor says itself. A value set by the user is left alone.

static struct {
  void (*sgemm)(enum CBLAS_ORDER, enum CBLAS_TRANSPOSE, enum CBLAS_TRANSPOSE, blasint, blasint, blasint, float,
                const float *, blasint, const float *, blasint, float, float *, blasint);
  void (*dgemm)(enum CBLAS_ORDER, enum CBLAS_TRANSPOSE, enum CBLAS_TRANSPOSE, blasint, blasint, blasint, double,
                const double *, blasint, const double *, blasint, double, double *, blasint);
  char *(*corename)(void);
  void *library;
} blas;
static pthread_once_t blas_once = PTHREAD_ONCE_INIT;

static void load_blas(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
    setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
  else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    setenv("OPENBLAS_CORETYPE", "Haswell", 0);
#endif
  // Its own threads would compete with ours: products are shared out here instead.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  blas.library = library;
  void (*set_threads)(int) = (void (*)(int))dlsym(library, "openblas_set_num_threads");
  if (set_threads) set_threads(1);
  *(void **)&blas.sgemm = dlsym(library, "cblas_sgemm");
  *(void **)&blas.dgemm = dlsym(library, "cblas_dgemm");
  *(void **)&blas.corename = dlsym(library, "openblas_get_corename");
}

void *mg_blas_symbol(const char *name) {
  pthread_once(&blas_once, load_blas);
  return blas.library ? dlsym(blas.library, name) : NULL;
}

const char *mg_blas_core(void) {
  pthread_once(&blas_once, load_blas);
  return blas.corename ? blas.corename() : NULL;
}

// A task is a block of rows of one product: by sizes alone, so results do not depend on threads.
#define ROW_BLOCK 128

struct product {
  const mg_gemm_sizes *s;
  const char *a, *b;
  char *c;
  int64_t blocks;
};

static void multiply(void *context, int64_t task) {
  const struct product *p = context;
  const mg_gemm_sizes *s = p->s;
  int64_t size = s->is_double ? 8 : 4, batch = task / p->blocks, row = task % p->blocks * ROW_BLOCK;
  int64_t rows = s->m - row < ROW_BLOCK ? s->m - row : ROW_BLOCK;
  const char *a = p->a + (batch * s->a_step + (s->transpose_a ? row : row * s->lda)) * size;
  const char *b = p->b + batch * s->b_step * size;
  char *c = p->c + (batch * s->c_step + row * s->ldc) * size;
  enum CBLAS_TRANSPOSE ta = s->transpose_a ? CblasTrans : CblasNoTrans;
  enum CBLAS_TRANSPOSE tb = s->transpose_b ? CblasTrans : CblasNoTrans;
  if (s->is_double)
    blas.dgemm(CblasRowMajor, ta, tb, (blasint)rows, (blasint)s->n, (blasint)s->k, 1, (const double *)a,
               (blasint)s->lda, (const double *)b, (blasint)s->ldb, 0, (double *)c, (blasint)s->ldc);
  else
    blas.sgemm(CblasRowMajor, ta, tb, (blasint)rows, (blasint)s->n, (blasint)s->k, 1, (const float *)a,
               (blasint)s->lda, (const float *)b, (blasint)s->ldb, 0, (float *)c, (blasint)s->ldc);
}

int mg_gemm(const mg_gemm_sizes *s, const void *a, const void *b, void *c) {
  if (mg_product_applies(s)) return mg_product(s, a, b, c);
  pthread_once(&blas_once, load_blas);
  if (!blas.sgemm || !blas.dgemm) return -1;
  struct product product = {s, a, b, c, (s->m + ROW_BLOCK - 1) / ROW_BLOCK};
  int64_t tasks = s->batch * product.blocks;
  if (2 * s->batch * s->m * s->n * s->k < 200000)
    for (int64_t task = 0; task < tasks; task++) multiply(&product, task);
  else
    mg_parallel(tasks, &product, multiply);
  return 0;
}
