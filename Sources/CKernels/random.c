#include "random.h"
#include "clones.h"
#include "threads.h"
#include <math.h>
#include <string.h>

// Philox blocks, of four words each, that are worked out side by side.
#define BLOCKS 64
// Elements a chunk fills: a multiple of what those give.
#define CHUNK 4096

struct fill {
  mg_distribution distribution;
  const int32_t *keys;
  int64_t count, chunks_per_row;
  float *output;
};

/// Four words for each of `BLOCKS` counters from `first` on, side by side so that they are worked out in
/// vectors.
CLONES static void philox(uint64_t first, const uint32_t *key, uint32_t words[4][BLOCKS]) {
  uint32_t *c0 = words[0], *c1 = words[1], *c2 = words[2], *c3 = words[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int i = 0; i < BLOCKS; i++) {
    c0[i] = (uint32_t)(first + (uint64_t)i);
    c1[i] = (uint32_t)((first + (uint64_t)i) >> 32);
    c2[i] = key[2];
    c3[i] = key[3];
  }
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < BLOCKS; i++) {
      uint64_t p0 = (uint64_t)0xD2511F53 * c0[i], p1 = (uint64_t)0xCD9E8D57 * c2[i];
      c0[i] = (uint32_t)(p1 >> 32) ^ c1[i] ^ k0;
      c2[i] = (uint32_t)(p0 >> 32) ^ c3[i] ^ k1;
      c1[i] = (uint32_t)p1;
      c3[i] = (uint32_t)p0;
    }
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
}

/// 24 bits, so that the float is exact and below 1.
static inline float unit(uint32_t bits) { return (float)(bits >> 8) * 0x1p-24f; }

/// Two normal numbers from two words (Box and Muller); the radius' argument is never 0.
static inline void normal_pair(uint32_t a, uint32_t b, float *out) {
  float radius = sqrtf(-2 * logf(((float)(a >> 8) + 1) * 0x1p-24f));
  float angle = 6.283185307f * unit(b);
  out[0] = radius * cosf(angle);
  out[1] = radius * sinf(angle);
}

static void fill_chunk(void *context, int64_t chunk) {
  const struct fill *fill = context;
  int64_t row = chunk / fill->chunks_per_row, start = chunk % fill->chunks_per_row * CHUNK;
  int64_t stop = start + CHUNK < fill->count ? start + CHUNK : fill->count;
  const uint32_t *key = (const uint32_t *)fill->keys + 4 * row;
  float *output = fill->output + row * fill->count;
  for (int64_t at = start; at < stop; at += 4 * BLOCKS) {
    uint32_t words[4][BLOCKS];
    float values[4 * BLOCKS];
    philox((uint64_t)at / 4, key, words);
    if (fill->distribution == MG_UNIFORM) {
      for (int i = 0; i < BLOCKS; i++)
        for (int word = 0; word < 4; word++) values[4 * i + word] = unit(words[word][i]);
    } else {
      for (int i = 0; i < BLOCKS && at + 4 * i < stop; i++) {
        normal_pair(words[0][i], words[1][i], values + 4 * i);
        normal_pair(words[2][i], words[3][i], values + 4 * i + 2);
      }
    }
    int64_t count = stop - at < 4 * BLOCKS ? stop - at : 4 * BLOCKS;
    memcpy(output + at, values, (size_t)count * sizeof(float));
  }
}

void mg_random(mg_distribution distribution, const int32_t *keys, int64_t rows, int64_t count, float *output) {
  struct fill fill = {distribution, keys, count, (count + CHUNK - 1) / CHUNK, output};
  mg_parallel(rows * fill.chunks_per_row, &fill, fill_chunk);
}
