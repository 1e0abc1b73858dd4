#include "random.h"
#include "threads.h"
#include <math.h>

// Elements a chunk fills; a multiple of 4, what one Philox block gives.
#define CHUNK 4096

struct fill {
  mg_distribution distribution;
  const int32_t *keys;
  int64_t count, chunks_per_row;
  float *output;
};

static inline void philox(uint64_t block, uint32_t stream, uint32_t step, uint32_t k0, uint32_t k1,
                          uint32_t *out) {
  uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32), c2 = stream, c3 = step;
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)0xD2511F53 * c0, p1 = (uint64_t)0xCD9E8D57 * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)p1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
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
  for (int64_t at = start; at < stop; at += 4) {
    uint32_t bits[4];
    float values[4];
    philox((uint64_t)at / 4, key[2], key[3], key[0], key[1], bits);
    if (fill->distribution == MG_UNIFORM) {
      for (int i = 0; i < 4; i++) values[i] = unit(bits[i]);
    } else {
      normal_pair(bits[0], bits[1], values);
      normal_pair(bits[2], bits[3], values + 2);
    }
    for (int64_t i = 0; i < 4 && at + i < stop; i++) output[at + i] = values[i];
  }
}

void mg_random(mg_distribution distribution, const int32_t *keys, int64_t rows, int64_t count, float *output) {
  struct fill fill = {distribution, keys, count, (count + CHUNK - 1) / CHUNK, output};
  mg_parallel(rows * fill.chunks_per_row, &fill, fill_chunk);
}
