#include "threads.h"
#include <malloc.h>
#include <stdatomic.h>

// libgomp's own entry points: what a compiler emits for `#pragma omp parallel`. Called directly because the
// pragma takes a flag of the compiler, which a Swift package cannot set for others to build.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_max_threads(void);

// OpenMP keeps its number of threads for each calling thread; ours holds for the process. 0: not set.
static atomic_int thread_count;

void mg_set_thread_count(int count) { atomic_store(&thread_count, count < 1 ? 1 : count); }

int mg_thread_count(void) {
  int count = atomic_load(&thread_count);
  return count > 0 ? count : omp_get_max_threads();
}

struct region {
  mg_chunk_body body;
  void *context;
  int64_t chunks;
  atomic_llong next;
};

static void work(void *data) {
  struct region *region = data;
  for (;;) {
    int64_t chunk = atomic_fetch_add_explicit(&region->next, 1, memory_order_relaxed);
    if (chunk >= region->chunks) return;
    region->body(region->context, chunk);
  }
}

void mg_parallel(int64_t chunks, void *context, mg_chunk_body body) {
  int threads = mg_thread_count();
  if (chunks <= 1 || threads <= 1) {
    for (int64_t chunk = 0; chunk < chunks; chunk++) body(context, chunk);
    return;
  }
  struct region region = {.body = body, .context = context, .chunks = chunks};
  atomic_init(&region.next, 0);
  GOMP_parallel(work, &region, (unsigned)(chunks < threads ? chunks : threads), 0);
}

void mg_initialize(void) {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 1 << 24);
}
