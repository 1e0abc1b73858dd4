#include "correlation.h"
#include "../scratch.h"
#include "threads.h"
#include <stdatomic.h>
#include <string.h>

// Winograd's F(4×4, 3×3): 36 products make 16 outputs that take 144 directly. Tiles of the image are
// transformed to 36 values a channel, each of which is a matrix product over channels, and those are
// transformed back. Cut so that what lies between the steps stays in the second cache.

// Floats that one task's tiles take before and after the products.
#define TASK_FLOATS 98304
// The same for a round of the weights' adjoint, which all threads share; tiles that one of its tasks
// transforms, and over which one product runs before it is added to sums in memory.
#define ROUND_FLOATS (1 << 19)
#define TASK_TILES 8
#define PRODUCT_TILES 128

static atomic_int enabled = 1;

void mg_set_winograd(int on) { atomic_store(&enabled, on); }

int mg_uses_winograd(void) { return atomic_load(&enabled); }

struct winograd {
  const struct correlation *c;
  const struct tiles *tiles;
  const struct filter *w;
  const float *in, *out;
  float *result, *u, *v, *z;
  // Steps between the 36 places, and between tiles of v.
  int64_t u_step, v_step, z_step, tile_step;
  int64_t tile_rows, tile_columns, total, columns, panels;
  int64_t task_tiles, first, round;
  atomic_int failed;
};

int mg_winograd_applies(const struct correlation *c) {
  if (!atomic_load(&enabled)) return 0;
  if (c->kernel_height != 3 || c->kernel_width != 3 || c->stride_height != 1 || c->stride_width != 1) return 0;
  int64_t tiles = c->batch * ((c->out_height + 3) / 4) * ((c->out_width + 3) / 4);
  int64_t outputs = c->batch * c->out_height * c->out_width;
  // Transforms have to be shared by enough products, and tiles to be full enough.
  return c->channels >= 8 && c->out_channels >= 8 && tiles >= 8 && outputs >= 6 * tiles;
}

static void locate(const struct winograd *d, int64_t tile, int64_t *n, int64_t *y, int64_t *x) {
  *x = tile % d->tile_columns * 4;
  *y = tile / d->tile_columns % d->tile_rows * 4;
  *n = tile / (d->tile_columns * d->tile_rows);
}

// Read in place of pixels outside the image.
static const float *zeros(const struct correlation *c) {
  int64_t count = c->channels > c->out_channels ? c->channels : c->out_channels;
  float *block = mg_scratch(MG_SCRATCH_ZEROS, count);
  if (block) memset(block, 0, (size_t)count * sizeof(float));
  return block;
}

static void transform_input(const struct winograd *d, int64_t tile, const float *outside, float *v) {
  const struct correlation *c = d->c;
  int64_t n, y, x, columns[6];
  locate(d, tile, &n, &y, &x);
  for (int i = 0; i < 6; i++) columns[i] = mg_source(x + i - c->left, c->width, c->circular);
  const float *image = d->in + n * c->height * c->width * c->channels, *pixels[36];
  for (int i = 0; i < 6; i++) {
    int64_t row = mg_source(y + i - c->top, c->height, c->circular);
    for (int j = 0; j < 6; j++)
      pixels[6 * i + j] =
          row < 0 || columns[j] < 0 ? outside : image + (row * c->width + columns[j]) * c->channels;
  }
  d->tiles->winograd_input(pixels, c->channels, v, d->v_step);
}

static void pack_weights(void *context, int64_t panel) {
  const struct winograd *d = context;
  const struct correlation *c = d->c;
  int64_t width = 2 * d->tiles->lanes, first = panel * width;
  int64_t columns = c->out_channels - first < width ? c->out_channels - first : width;
  int flip = d->w->x < 0;
  d->tiles->winograd_weights(d->w->origin - (flip ? 8 : 0) + first * d->w->column, c->channels, d->w->row,
                             columns, d->w->column, flip, d->u + first * c->channels, d->u_step);
}

static void multiply(const struct winograd *d, int64_t tiles, const float *v, const float *u, float *m) {
  const struct correlation *c = d->c;
  int64_t width = 2 * d->tiles->lanes, blocks = (tiles + d->tiles->rows - 1) / d->tiles->rows;
  for (int64_t panel = 0; panel < d->panels; panel++) {
    int64_t first = panel * width, columns = d->columns - first < width ? d->columns - first : width;
    for (int64_t block = 0; block < blocks; block++) {
      int64_t tile = block * tiles / blocks, end = (block + 1) * tiles / blocks;
      d->tiles->product(end - tile, columns, 1, 0, c->channels, v + tile * d->tile_step, d->tile_step,
                        u + first * c->channels, m + tile * d->columns + first, d->columns, 0);
    }
  }
}

static void correlate_tiles(void *context, int64_t task) {
  struct winograd *d = context;
  const struct correlation *c = d->c;
  int64_t first = task * d->task_tiles, tiles = d->total - first;
  if (tiles > d->task_tiles) tiles = d->task_tiles;
  float *v = mg_scratch(MG_SCRATCH_TASK, 36 * (d->v_step + d->z_step));
  const float *outside = zeros(c);
  if (!v || !outside) return atomic_store(&d->failed, 1);
  float *m = v + 36 * d->v_step;
  for (int64_t tile = 0; tile < tiles; tile++)
    transform_input(d, first + tile, outside, v + tile * d->tile_step);
  for (int i = 0; i < 36; i++)
    multiply(d, tiles, v + i * d->v_step, d->u + i * d->u_step, m + i * d->z_step);
  for (int64_t tile = 0; tile < tiles; tile++) {
    int64_t n, y, x;
    locate(d, first + tile, &n, &y, &x);
    int64_t rows = c->out_height - y < 4 ? c->out_height - y : 4;
    int64_t columns = c->out_width - x < 4 ? c->out_width - x : 4;
    d->tiles->winograd_output(m + tile * d->columns, d->z_step, c->out_channels,
                              d->result + n * c->out_image_step + y * c->out_row_step + x * c->out_column_step,
                              c->out_row_step, c->out_column_step, rows, columns);
  }
}

static struct winograd prepare(const struct correlation *c, const struct filter *w) {
  const struct tiles *tiles = mg_tiles();
  struct winograd d = {.c = c, .tiles = tiles, .w = w};
  d.tile_rows = (c->out_height + 3) / 4;
  d.tile_columns = (c->out_width + 3) / 4;
  d.total = c->batch * d.tile_rows * d.tile_columns;
  d.columns = mg_panel_columns(tiles, c->out_channels);
  d.panels = (d.columns + 2 * tiles->lanes - 1) / (2 * tiles->lanes);
  d.tile_step = mg_panel_columns(tiles, c->channels);
  // The 36 places must not fall on the same sets of the first cache.
  d.u_step = c->channels * d.columns + 16;
  atomic_init(&d.failed, 0);
  return d;
}

int mg_winograd(const struct correlation *c, const float *in, const struct filter *w, float *out) {
  struct winograd d = prepare(c, w);
  d.in = in;
  d.result = out;
  int64_t rows = d.tiles->rows;
  d.task_tiles = TASK_FLOATS / (36 * (d.tile_step + d.columns)) / rows * rows;
  if (d.task_tiles < 4 * rows) d.task_tiles = 4 * rows;
  if (d.task_tiles > d.total) d.task_tiles = d.total;
  d.v_step = d.task_tiles * d.tile_step + 16;
  d.z_step = d.task_tiles * d.columns + 16;
  d.u = mg_scratch(MG_SCRATCH_CALL, 36 * d.u_step);
  if (!d.u) return -1;
  mg_parallel(d.panels, &d, pack_weights);
  mg_parallel((d.total + d.task_tiles - 1) / d.task_tiles, &d, correlate_tiles);
  return -atomic_load(&d.failed);
}

static void transform_both(void *context, int64_t task) {
  struct winograd *d = context;
  const struct correlation *c = d->c;
  const float *outside = zeros(c);
  if (!outside) return atomic_store(&d->failed, 1);
  int64_t end = (task + 1) * TASK_TILES < d->round ? (task + 1) * TASK_TILES : d->round;
  for (int64_t tile = task * TASK_TILES; tile < end; tile++) {
    transform_input(d, d->first + tile, outside, d->v + tile * d->tile_step);
    int64_t n, y, x, width = 2 * d->tiles->lanes;
    locate(d, d->first + tile, &n, &y, &x);
    const float *image = d->out + n * c->out_image_step, *pixels[16];
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 4; j++)
        pixels[4 * i + j] = y + i < c->out_height && x + j < c->out_width
                                ? image + (y + i) * c->out_row_step + (x + j) * c->out_column_step
                                : outside;
    // Whole panels are `round` tiles apart; the last may be narrower.
    int64_t whole = d->columns / width * width;
    if (whole > c->out_channels) whole = c->out_channels;
    d->tiles->winograd_cotangent(pixels, whole, d->z + tile * width, d->z_step, d->round * width);
    if (d->columns % width) {
      for (int i = 0; i < 16; i++) pixels[i] += whole;
      d->tiles->winograd_cotangent(pixels, c->out_channels - whole,
                                   d->z + whole * d->round + tile * (d->columns - whole), d->z_step, 0);
    }
  }
}

/// Adds a round's products at one of 36 places.
static void add_products(void *context, int64_t place) {
  const struct winograd *d = context;
  const struct correlation *c = d->c;
  int64_t width = 2 * d->tiles->lanes, blocks = (c->channels + d->tiles->rows - 1) / d->tiles->rows;
  for (int64_t from = 0; from < d->round; from += PRODUCT_TILES) {
    int64_t count = d->round - from < PRODUCT_TILES ? d->round - from : PRODUCT_TILES;
    const float *v = d->v + place * d->v_step + from * d->tile_step;
    for (int64_t first = 0; first < d->columns; first += width) {
      int64_t columns = d->columns - first < width ? d->columns - first : width;
      const float *panel = d->z + place * d->z_step + first * d->round + from * columns;
      float *sums = d->u + place * d->u_step + first * c->channels;
      for (int64_t block = 0; block < blocks; block++) {
        int64_t k = block * c->channels / blocks, end = (block + 1) * c->channels / blocks;
        const float *a[2] = {v + k, NULL};
        d->tiles->outer(end - k, columns, 1, 0, count, a, d->tile_step, panel, sums + k * columns);
      }
    }
  }
}

static void unpack_weights(void *context, int64_t panel) {
  const struct winograd *d = context;
  const struct correlation *c = d->c;
  int64_t width = 2 * d->tiles->lanes, first = panel * width;
  int64_t columns = c->out_channels - first < width ? c->out_channels - first : width;
  d->tiles->winograd_weights_adjoint(d->u + first * c->channels, d->u_step, c->channels, d->w->row, columns,
                                     d->w->column, (float *)d->w->origin + first * d->w->column);
}

int mg_winograd_weights(const struct correlation *c, const float *in, const float *out, const struct filter *w) {
  struct winograd d = prepare(c, w);
  d.in = in;
  d.out = out;
  if (d.tile_step % 32 == 0) d.tile_step += 16;
  int64_t round = ROUND_FLOATS / (36 * (d.tile_step + d.columns)) / 128 * 128;
  if (round < 128) round = 128;
  if (round > d.total) round = d.total;
  d.v_step = round * d.tile_step + 16;
  d.z_step = round * d.columns + 16;
  d.u = mg_scratch(MG_SCRATCH_CALL, 36 * (d.u_step + d.v_step + d.z_step));
  if (!d.u) return -1;
  d.v = d.u + 36 * d.u_step;
  d.z = d.v + 36 * d.v_step;
  memset(d.u, 0, (size_t)(36 * d.u_step) * sizeof(float));
  for (d.first = 0; d.first < d.total; d.first += round) {
    d.round = d.total - d.first < round ? d.total - d.first : round;
    mg_parallel((d.round + TASK_TILES - 1) / TASK_TILES, &d, transform_both);
    mg_parallel(36, &d, add_products);
  }
  mg_parallel(d.panels, &d, unpack_weights);
  return -atomic_load(&d.failed);
}
