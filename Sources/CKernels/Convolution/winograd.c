#include "correlation.h"
#include "../scratch.h"
#include "threads.h"
#include <stdatomic.h>
#include <string.h>

// Winograd's algorithm: with stride 1, 36 products make 16 outputs that take 144 directly; with stride 2,
// 81. Tiles of the image are transformed to so many values a channel, the places, each of which is a matrix
// product over channels, and those are transformed back. Cut so that what lies between the steps stays in
// the second cache.

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
  const struct winograd_transforms *form;
  const struct filter *w;
  const float *in, *out;
  float *result, *u, *v, *z;
  // Steps between places, and between tiles of v.
  int64_t u_step, v_step, z_step, tile_step;
  int64_t places, tile_rows, tile_columns, total, columns, panels;
  int64_t top, left, task_tiles, first, round, groups;
  atomic_int failed;
};

/// Whether transforms are shared by enough products, and tiles of outputs × outputs pixels are full to so
/// many sixteenths, that it is faster.
static int pays(const struct correlation *c, int64_t least_channels, int64_t outputs, int64_t sixteenths) {
  if (!atomic_load(&enabled) || c->kernel_height != 3 || c->kernel_width != 3) return 0;
  int64_t rows = (c->out_height + outputs - 1) / outputs, columns = (c->out_width + outputs - 1) / outputs;
  return c->channels >= least_channels && c->out_channels >= least_channels && c->batch * rows * columns >= 8 &&
         16 * c->out_height * c->out_width >= sixteenths * rows * columns * outputs * outputs;
}

int mg_winograd_applies(const struct correlation *c) {
  if (c->stride_height == 1 && c->stride_width == 1) return pays(c, 8, 4, 6);
  return c->stride_height == 2 && c->stride_width == 2 && pays(c, 32, 4, 12);
}

int mg_winograd_up_applies(const struct correlation *c) {
  return c->stride_height == 2 && c->stride_width == 2 && (c->top - c->left) % 2 == 0 && pays(c, 32, 8, 12);
}

/// The first output row and column of a tile.
static void locate(const struct winograd *d, int64_t tile, int64_t *n, int64_t *y, int64_t *x) {
  *x = tile % d->tile_columns * d->form->outputs;
  *y = tile / d->tile_columns % d->tile_rows * d->form->outputs;
  *n = tile / (d->tile_columns * d->tile_rows);
}

/// Which of 6 × 6 weights a place takes.
static int64_t weight_place(const struct winograd *d, int64_t place) {
  int64_t y = place / d->form->places, x = place % d->form->places;
  return 6 * (y < 5 ? y : 5) + (x < 5 ? x : 5);
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
  int64_t n, y, x, columns[9], inputs = d->form->inputs;
  locate(d, tile, &n, &y, &x);
  y = y / d->form->outputs * d->form->advance - d->top;
  x = x / d->form->outputs * d->form->advance - d->left;
  for (int64_t i = 0; i < inputs; i++) columns[i] = mg_source(x + i, c->width, c->circular);
  const float *image = d->in + n * c->height * c->width * c->channels, *pixels[81];
  for (int64_t i = 0; i < inputs; i++) {
    int64_t row = mg_source(y + i, c->height, c->circular);
    for (int64_t j = 0; j < inputs; j++)
      pixels[inputs * i + j] =
          row < 0 || columns[j] < 0 ? outside : image + (row * c->width + columns[j]) * c->channels;
  }
  d->form->input(pixels, c->channels, v, d->v_step);
}

static void pack_weights(void *context, int64_t panel) {
  const struct winograd *d = context;
  const struct correlation *c = d->c;
  int64_t width = 2 * d->tiles->lanes, first = panel * width;
  int64_t columns = c->out_channels - first < width ? c->out_channels - first : width;
  int flip = d->w->x < 0;
  d->form->weights(d->w->origin - (flip ? 8 : 0) + first * d->w->column, c->channels, d->w->row, columns,
                   d->w->column, flip, d->u + first * c->channels, d->u_step);
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
  float *v = mg_scratch(MG_SCRATCH_TASK, d->places * (d->v_step + d->z_step));
  const float *outside = zeros(c);
  if (!v || !outside) return atomic_store(&d->failed, 1);
  float *m = v + d->places * d->v_step;
  for (int64_t tile = 0; tile < tiles; tile++)
    transform_input(d, first + tile, outside, v + tile * d->tile_step);
  for (int64_t i = 0; i < d->places; i++)
    multiply(d, tiles, v + i * d->v_step, d->u + weight_place(d, i) * d->u_step, m + i * d->z_step);
  for (int64_t tile = 0; tile < tiles; tile++) {
    int64_t n, y, x;
    locate(d, first + tile, &n, &y, &x);
    int64_t rows = c->out_height - y, columns = c->out_width - x, outputs = d->form->outputs;
    d->form->output(m + tile * d->columns, d->z_step, c->out_channels,
                    d->result + n * c->out_image_step + y * c->out_row_step + x * c->out_column_step,
                    c->out_row_step, c->out_column_step, rows < outputs ? rows : outputs,
                    columns < outputs ? columns : outputs);
  }
}

static struct winograd prepare(const struct correlation *c, enum winograd_form form, const struct filter *w) {
  const struct tiles *tiles = mg_tiles();
  struct winograd d = {.c = c, .tiles = tiles, .form = &tiles->winograd[form], .w = w, .top = c->top, .left = c->left};
  d.places = d.form->places * d.form->places;
  d.tile_rows = (c->out_height + d.form->outputs - 1) / d.form->outputs;
  d.tile_columns = (c->out_width + d.form->outputs - 1) / d.form->outputs;
  d.total = c->batch * d.tile_rows * d.tile_columns;
  d.columns = mg_panel_columns(tiles, c->out_channels);
  d.panels = (d.columns + 2 * tiles->lanes - 1) / (2 * tiles->lanes);
  d.tile_step = mg_panel_columns(tiles, c->channels);
  // The places must not fall on the same sets of the first cache.
  d.u_step = c->channels * d.columns + 16;
  atomic_init(&d.failed, 0);
  return d;
}

static int correlate(struct winograd *d, const float *in, float *out) {
  d->in = in;
  d->result = out;
  int64_t rows = d->tiles->rows;
  d->task_tiles = TASK_FLOATS / (d->places * (d->tile_step + d->columns)) / rows * rows;
  if (d->task_tiles < rows) d->task_tiles = rows;
  if (d->task_tiles > d->total) d->task_tiles = d->total;
  d->v_step = d->task_tiles * d->tile_step + 16;
  d->z_step = d->task_tiles * d->columns + 16;
  d->u = mg_scratch(MG_SCRATCH_CALL, 36 * d->u_step);
  if (!d->u) return -1;
  mg_parallel(d->panels, d, pack_weights);
  mg_parallel((d->total + d->task_tiles - 1) / d->task_tiles, d, correlate_tiles);
  return -atomic_load(&d->failed);
}

int mg_winograd(const struct correlation *c, const float *in, const struct filter *w, float *out) {
  struct winograd d = prepare(c, c->stride_height == 2 ? MG_WINOGRAD_STRIDED : MG_WINOGRAD_PLAIN, w);
  return correlate(&d, in, out);
}

int mg_winograd_up(const struct correlation *c, const float *in, const struct filter *w, float *out) {
  // Padded rows of even number get the outer taps; a tile needs the row before that of its first output.
  int middle_first = c->top & 1;
  struct winograd d = prepare(c, middle_first ? MG_WINOGRAD_UP_MIDDLE : MG_WINOGRAD_UP_OUTER, w);
  d.top = middle_first ? (1 - c->top) / 2 : 1 - c->top / 2;
  d.left = middle_first ? (1 - c->left) / 2 : 1 - c->left / 2;
  return correlate(&d, in, out);
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
    d->form->cotangent(pixels, whole, d->z + tile * width, d->z_step, d->round * width);
    if (d->columns % width) {
      for (int i = 0; i < 16; i++) pixels[i] += whole;
      d->form->cotangent(pixels, c->out_channels - whole,
                         d->z + whole * d->round + tile * (d->columns - whole), d->z_step, 0);
    }
  }
}

/// Adds a round's products at one place, in some of the panels.
static void add_place(const struct winograd *d, int64_t place, int64_t from_panel, int64_t end_panel) {
  const struct correlation *c = d->c;
  int64_t width = 2 * d->tiles->lanes, blocks = (c->channels + d->tiles->rows - 1) / d->tiles->rows;
  for (int64_t from = 0; from < d->round; from += PRODUCT_TILES) {
    int64_t count = d->round - from < PRODUCT_TILES ? d->round - from : PRODUCT_TILES;
    const float *v = d->v + place * d->v_step + from * d->tile_step;
    for (int64_t first = from_panel * width; first < d->columns && first < end_panel * width; first += width) {
      int64_t columns = d->columns - first < width ? d->columns - first : width;
      const float *panel = d->z + place * d->z_step + first * d->round + from * columns;
      float *sums = d->u + weight_place(d, place) * d->u_step + first * c->channels;
      for (int64_t block = 0; block < blocks; block++) {
        int64_t k = block * c->channels / blocks, end = (block + 1) * c->channels / blocks;
        const float *a[2] = {v + k, NULL};
        d->tiles->outer(end - k, columns, 1, 0, count, a, d->tile_step, panel, sums + k * columns);
      }
    }
  }
}

/// A task is one of the weights' places, in a group of panels; the places that share a weight come first.
static void add_products(void *context, int64_t task) {
  const struct winograd *d = context;
  int64_t weight = 35 - task / d->groups, group = task % d->groups;
  int64_t from = group * d->panels / d->groups, end = (group + 1) * d->panels / d->groups;
  for (int64_t place = weight; place < d->places; place++)
    if (weight_place(d, place) == weight) add_place(d, place, from, end);
}

static void unpack_weights(void *context, int64_t panel) {
  const struct winograd *d = context;
  const struct correlation *c = d->c;
  int64_t width = 2 * d->tiles->lanes, first = panel * width;
  int64_t columns = c->out_channels - first < width ? c->out_channels - first : width;
  d->form->weights_adjoint(d->u + first * c->channels, d->u_step, c->channels, d->w->row, columns,
                           d->w->column, (float *)d->w->origin + first * d->w->column);
}

int mg_winograd_weights(const struct correlation *c, const float *in, const float *out, const struct filter *w) {
  int strided = c->stride_height == 2;
  struct winograd d = prepare(c, strided ? MG_WINOGRAD_STRIDED : MG_WINOGRAD_PLAIN, w);
  d.in = in;
  d.out = out;
  d.groups = strided && d.panels > 1 ? (d.panels < 4 ? d.panels : 4) : 1;
  if (d.tile_step % 32 == 0) d.tile_step += 16;
  int64_t round = ROUND_FLOATS / (d.places * (d.tile_step + d.columns)) / 128 * 128;
  if (round < 128) round = 128;
  if (round > d.total) round = d.total;
  d.v_step = round * d.tile_step + 16;
  d.z_step = round * d.columns + 16;
  d.u = mg_scratch(MG_SCRATCH_CALL, 36 * d.u_step + d.places * (d.v_step + d.z_step));
  if (!d.u) return -1;
  d.v = d.u + 36 * d.u_step;
  d.z = d.v + d.places * d.v_step;
  memset(d.u, 0, (size_t)(36 * d.u_step) * sizeof(float));
  for (d.first = 0; d.first < d.total; d.first += round) {
    d.round = d.total - d.first < round ? d.total - d.first : round;
    mg_parallel((d.round + TASK_TILES - 1) / TASK_TILES, &d, transform_both);
    mg_parallel(36 * d.groups, &d, add_products);
  }
  mg_parallel(d.panels, &d, unpack_weights);
  return -atomic_load(&d.failed);
}
