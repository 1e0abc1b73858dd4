#include "fourier.h"
#include <fftw3.h>
#include <pthread.h>

// Planning is the one part of FFTW that is not safe to run on several threads at once.
static pthread_mutex_t planning = PTHREAD_MUTEX_INITIALIZER;

int mg_fft(int is_double, int rank, const int64_t *sizes, int64_t batch, int sign, const void *input,
           void *output) {
  int n[8];
  int64_t distance = 1;
  if (rank < 1 || rank > 8) return -1;
  for (int axis = 0; axis < rank; axis++) {
    n[axis] = (int)sizes[axis];
    distance *= sizes[axis];
  }
  // FFTW_ESTIMATE: plans by rule, so that the same input always gives the same bits.
  unsigned flags = FFTW_ESTIMATE | FFTW_UNALIGNED | FFTW_PRESERVE_INPUT;
  pthread_mutex_lock(&planning);
  void *plan = is_double
                   ? (void *)fftw_plan_many_dft(rank, n, (int)batch, (fftw_complex *)input, NULL, 1, (int)distance,
                                                (fftw_complex *)output, NULL, 1, (int)distance, sign, flags)
                   : (void *)fftwf_plan_many_dft(rank, n, (int)batch, (fftwf_complex *)input, NULL, 1,
                                                 (int)distance, (fftwf_complex *)output, NULL, 1, (int)distance,
                                                 sign, flags);
  pthread_mutex_unlock(&planning);
  if (!plan) return -1;
  if (is_double)
    fftw_execute(plan);
  else
    fftwf_execute(plan);
  pthread_mutex_lock(&planning);
  if (is_double)
    fftw_destroy_plan(plan);
  else
    fftwf_destroy_plan(plan);
  pthread_mutex_unlock(&planning);
  return 0;
}
