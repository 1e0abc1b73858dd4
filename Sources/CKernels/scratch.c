#include "scratch.h"
#include <pthread.h>
#include <stdlib.h>

struct blocks {
  float *floats[MG_SCRATCH_COUNT];
  int64_t counts[MG_SCRATCH_COUNT];
};

static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static int key_made;

static void release(void *value) {
  struct blocks *blocks = value;
  for (int use = 0; use < MG_SCRATCH_COUNT; use++) free(blocks->floats[use]);
  free(blocks);
}

static void make_key(void) { key_made = pthread_key_create(&key, release) == 0; }

float *mg_scratch(mg_scratch_use use, int64_t count) {
  pthread_once(&key_once, make_key);
  if (!key_made) return NULL;
  struct blocks *blocks = pthread_getspecific(key);
  if (!blocks) {
    blocks = calloc(1, sizeof *blocks);
    if (!blocks || pthread_setspecific(key, blocks) != 0) {
      free(blocks);
      return NULL;
    }
  }
  if (!blocks->floats[use] || blocks->counts[use] < count) {
    free(blocks->floats[use]);
    int64_t bytes = (count * (int64_t)sizeof(float) + 4096) / 4096 * 4096;
    blocks->floats[use] = aligned_alloc(64, (size_t)bytes);
    blocks->counts[use] = blocks->floats[use] ? bytes / (int64_t)sizeof(float) : 0;
  }
  return blocks->floats[use];
}
