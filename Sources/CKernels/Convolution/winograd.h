// What the parts of Winograd's algorithm share: see winograd.c.
#pragma once
#include "correlation.h"
#include "../scratch.h"
#include <stdatomic.h>

struct winograd {
  const struct correlation *c;
  const struct tiles *tiles;
  const struct winograd_transforms *form;
  const struct filter *w;
  const float *in;
  int64_t top, left, places, tile_rows, tile_columns, total;
  // Columns of products: the output channels, and those that fill the last panel up.
  int64_t columns, panels;
  // Steps between places of weights and of transformed pixels, and between tiles of the latter.
  int64_t u_step, v_step, tile_step;
  atomic_int failed;
};

struct winograd mg_winograd_prepare(const struct correlation *c, enum winograd_form form, const struct filter *w,
                                    const float *in);

/// The first output row and column of a tile.
static inline void mg_locate_tile(const struct winograd *d, int64_t tile, int64_t *n, int64_t *y, int64_t *x) {
  *x = tile % d->tile_columns * d->form->outputs;
  *y = tile / d->tile_columns % d->tile_rows * d->form->outputs;
  *n = tile / (d->tile_columns * d->tile_rows);
}

/// Which of 6 × 6 weights a place takes.
static inline int64_t mg_weight_place(const struct winograd *d, int64_t place) {
  int64_t y = place / d->form->places, x = place % d->form->places;
  return 6 * (y < 5 ? y : 5) + (x < 5 ? x : 5);
}

/// Zeros to be read in place of pixels outside the image; null when memory is short.
const float *mg_outside(const struct correlation *c);

/// Transforms `count` tiles of the input, `tile_step` apart in `v`.
void mg_transform_tiles(const struct winograd *d, int64_t first, int64_t count, const float *outside, float *v);
