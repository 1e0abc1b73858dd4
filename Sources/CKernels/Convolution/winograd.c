#include "winograd.h"
#include "streams.h"
#include "threads.h"
#include <stdatomic.h>
#include <string.h>

// Winograd's algorithm: with stride 1, 36 products make 16 outputs that take 144 directly; with stride 2,
// 81. Tiles of the image are transformed to so many values a channel, the places, each of which is a matrix
// product over channels, and those are transformed back. Cut so that what lies between the steps stays in
// the second cache: by tiles; or, where they are so few that weights are most of the memory, by output channels.

// Floats that one task's tiles take between the transforms.
#define TASK_FLOATS 49152
// Input channels whose transformed weights of one panel stay in the second cache, panels from which they are
// tasks worth having, and tiles that one task transforms before.
#define PASS_CHANNELS 128
#define LEAST_PANELS 4
#define TASK_TILES 4

static atomic_int enabled = 1;

void mg_set_winograd(int on) { atomic_store(&enabled, on); }

int mg_uses_winograd(void) { return atomic_load(&enabled); }

struct tasks {
  struct winograd d;
  // Transformed weights and tiles of all tasks, where they share them.
  float *u, *v;
  float *result;
  int64_t tiles;
  int streamed;
};

/// Whether transforms are shared by enough products, and tiles of outputs × outputs pixels are full to so
/// many sixteenths, that it is faster.
static int pays(const struct correlation *c, int64_t least_channels, int64_t outputs, int64_t sixteenths) {
  if (!atomic_load(&enabled) || c->kernel_height != 3 || c->kernel_width != 3) return 0;
  int64_t rows = (c->out_height + outputs - 1) / outputs, columns = (c->out_width + outputs - 1) / outputs;
  return c->channels >= least_channels && c->out_channels >= least_channels && c->batch * rows * columns >= 8 &&
         16 * c->out_height * c->out_width >= sixteenths * rows * columns * outputs * outputs;
}

int mg_winograd_applies(const struct correlation *c, const struct filter *w) {
  if ((w->x != 1 && w->x != -1) || w->y != c->kernel_width * w->x) return 0;
  if (c->stride_height == 1 && c->stride_width == 1) return pays(c, 8, 4, 6);
  return c->stride_height == 2 && c->stride_width == 2 && pays(c, 32, 4, 12);
}

int mg_winograd_up_applies(const struct correlation *c) {
  return c->stride_height == 2 && c->stride_width == 2 && (c->top - c->left) % 2 == 0 && pays(c, 32, 8, 12);
}

const float *mg_outside(const struct correlation *c) {
  int64_t count = c->channels > c->out_channels ? c->channels : c->out_channels;
  float *block = mg_scratch(MG_SCRATCH_ZEROS, count);
  if (block) memset(block, 0, (size_t)count * sizeof(float));
  return block;
}

/// Where a tile's pixels lie.
static void locate_pixels(const struct winograd *d, int64_t tile, const float *outside, const float **pixels) {
  const struct correlation *c = d->c;
  int64_t n, y, x, columns[9], inputs = d->form->inputs;
  mg_locate_tile(d, tile, &n, &y, &x);
  y = y / d->form->outputs * d->form->advance - d->top;
  x = x / d->form->outputs * d->form->advance - d->left;
  for (int64_t i = 0; i < inputs; i++) columns[i] = mg_source(x + i, c->width, c->circular);
  const float *image = d->in + n * c->height * c->width * c->channels;
  for (int64_t i = 0; i < inputs; i++) {
    int64_t row = mg_source(y + i, c->height, c->circular);
    for (int64_t j = 0; j < inputs; j++)
      pixels[inputs * i + j] =
          row < 0 || columns[j] < 0 ? outside : image + (row * c->width + columns[j]) * c->channels;
  }
}

void mg_transform_tiles(const struct winograd *d, int64_t first, int64_t count, const float *outside, float *v) {
  const float *pixels[2][81];
  locate_pixels(d, first, outside, pixels[0]);
  for (int64_t i = 0; i < count; i++) {
    int64_t next = first + i + 1 < d->total ? first + i + 1 : first;
    locate_pixels(d, next, outside, pixels[(i + 1) % 2]);
    d->form->input(pixels[i % 2], pixels[(i + 1) % 2], d->c->channels, v + i * d->tile_step, d->v_step);
  }
}

struct winograd mg_winograd_prepare(const struct correlation *c, enum winograd_form form, const struct filter *w,
                                    const float *in) {
  const struct tiles *tiles = mg_tiles();
  struct winograd d = {.c = c, .tiles = tiles, .form = &tiles->winograd[form], .w = w, .in = in,
                       .top = c->top, .left = c->left};
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

/// Transforms weights of a panel's output channels and so many input channels, `step` apart.
static void transform_weights(const struct winograd *d, int64_t panel, int64_t first_channel, int64_t channels,
                              float *u, int64_t step) {
  int64_t width = 2 * d->tiles->lanes, first = panel * width;
  int64_t columns = d->c->out_channels - first < width ? d->c->out_channels - first : width;
  int flip = d->w->x < 0;
  const float *w = d->w->origin - (flip ? 8 : 0) + first * d->w->column + first_channel * d->w->row;
  d->form->weights(w, channels, d->w->row, columns, d->w->column, flip, u, step);
}

/// Transforms so many output channels of tiles back; `step` lies between places of their products, `m_step` between
/// tiles.
static void transform_back(const struct tasks *t, int64_t first_tile, int64_t tiles, int64_t first_channel,
                           int64_t channels, const float *m, int64_t step, int64_t m_step) {
  const struct winograd *d = &t->d;
  const struct correlation *c = d->c;
  int64_t outputs = d->form->outputs;
  for (int64_t tile = 0; tile < tiles; tile++) {
    int64_t n, y, x;
    mg_locate_tile(d, first_tile + tile, &n, &y, &x);
    int64_t rows = c->out_height - y, columns = c->out_width - x;
    d->form->output(
        m + tile * m_step, step, channels,
        t->result + n * c->out_image_step + y * c->out_row_step + x * c->out_column_step + first_channel,
        c->out_row_step, c->out_column_step, rows < outputs ? rows : outputs,
        columns < outputs ? columns : outputs, t->streamed);
  }
  if (t->streamed) mg_finish_streams();
}

// MARK: By tiles

static void pack_weights(void *context, int64_t panel) {
  const struct tasks *t = context;
  const struct winograd *d = &t->d;
  int64_t channels = d->c->channels;
  transform_weights(d, panel, 0, channels, t->u + panel * 2 * d->tiles->lanes * channels, d->u_step);
}

static void correlate_tiles(void *context, int64_t task) {
  struct tasks *t = context;
  const struct winograd *d = &t->d;
  int64_t channels = d->c->channels, first = task * t->tiles, width = 2 * d->tiles->lanes;
  int64_t tiles = d->total - first < t->tiles ? d->total - first : t->tiles;
  float *m = mg_scratch(MG_SCRATCH_TASK, (d->places + 1) * d->v_step);
  const float *outside = mg_outside(d->c);
  if (!m || !outside) return atomic_store(&t->d.failed, 1);
  // A place's products take the memory of the values multiplied before them: it is in the first cache still.
  float *v = m + d->v_step;
  mg_transform_tiles(d, first, tiles, outside, v);
  for (int64_t place = 0; place < d->places; place++) {
    const float *u = t->u + mg_weight_place(d, place) * d->u_step;
    for (int64_t column = 0; column < d->columns; column += width) {
      int64_t columns = d->columns - column < width ? d->columns - column : width;
      mg_multiply_rows(d->tiles, tiles, columns, 1, 0, channels, v + place * d->v_step, d->tile_step,
                       u + column * channels, m + place * d->v_step + column, d->columns, 0);
    }
  }
  transform_back(t, first, tiles, 0, d->c->out_channels, m, d->v_step, d->columns);
}

/// Tiles of a task, each of which takes `floats`: whole blocks, but no more than a thread's share. A tile's
/// results are the same in any task.
static int64_t tiles_of_task(const struct winograd *d, int64_t floats) {
  int64_t block = d->tiles->rows, tiles = TASK_FLOATS / floats / block * block;
  int64_t threads = mg_thread_count(), share = (d->total + threads - 1) / threads;
  if (tiles < block) tiles = block;
  return tiles < share ? tiles : share;
}

static int correlate_by_tiles(struct tasks *t) {
  struct winograd *d = &t->d;
  int64_t widest = d->tile_step > d->columns ? d->tile_step : d->columns;
  t->tiles = tiles_of_task(d, d->places * widest);
  d->v_step = t->tiles * widest + 16;
  t->u = mg_scratch(MG_SCRATCH_CALL, 36 * d->u_step);
  if (!t->u) return -1;
  mg_parallel(d->panels, t, pack_weights);
  mg_parallel((d->total + t->tiles - 1) / t->tiles, t, correlate_tiles);
  return -atomic_load(&d->failed);
}

// MARK: By output channels

static void transform_tiles(void *context, int64_t task) {
  struct tasks *t = context;
  const struct winograd *d = &t->d;
  int64_t first = task * TASK_TILES, tiles = d->total - first < TASK_TILES ? d->total - first : TASK_TILES;
  const float *outside = mg_outside(d->c);
  if (!outside) return atomic_store(&t->d.failed, 1);
  mg_transform_tiles(d, first, tiles, outside, t->v + first * d->tile_step);
}

static void correlate_panel(void *context, int64_t panel) {
  struct tasks *t = context;
  const struct winograd *d = &t->d;
  int64_t channels = d->c->channels, width = 2 * d->tiles->lanes, first = panel * width;
  int64_t columns = d->columns - first < width ? d->columns - first : width, m_step = d->total * columns + 16;
  int64_t passes = (channels + PASS_CHANNELS - 1) / PASS_CHANNELS;
  int64_t u_step = (channels + passes - 1) / passes * columns + 16;
  float *u = mg_scratch(MG_SCRATCH_TASK, 36 * u_step + d->places * m_step);
  if (!u) return atomic_store(&t->d.failed, 1);
  float *m = u + 36 * u_step;
  for (int64_t pass = 0; pass < passes; pass++) {
    int64_t k = pass * channels / passes, depth = (pass + 1) * channels / passes - k;
    transform_weights(d, panel, k, depth, u, u_step);
    for (int64_t place = 0; place < d->places; place++)
      mg_multiply_rows(d->tiles, d->total, columns, 1, 0, depth, t->v + place * d->v_step + k, d->tile_step,
                       u + mg_weight_place(d, place) * u_step, m + place * m_step, columns, pass > 0);
  }
  int64_t outputs = d->c->out_channels - first < columns ? d->c->out_channels - first : columns;
  transform_back(t, 0, d->total, first, outputs, m, m_step, columns);
}

static int correlate_by_panels(struct tasks *t) {
  struct winograd *d = &t->d;
  d->v_step = d->total * d->tile_step + 16;
  t->v = mg_scratch(MG_SCRATCH_CALL, d->places * d->v_step);
  if (!t->v) return -1;
  mg_parallel((d->total + TASK_TILES - 1) / TASK_TILES, t, transform_tiles);
  mg_parallel(d->panels, t, correlate_panel);
  return -atomic_load(&d->failed);
}

// MARK: Both

/// Whether results of that size should be, and can be, stored past the caches: in whole lines.
static int is_streamed(const struct correlation *c, const float *out) {
  return c->batch * c->out_image_step * (int64_t)sizeof(float) >= MG_STREAMED_BYTES && (uintptr_t)out % 64 == 0 &&
         c->out_image_step % 16 == 0 && c->out_row_step % 16 == 0 && c->out_column_step % 16 == 0;
}

static int correlate(struct tasks *t, float *out) {
  const struct winograd *d = &t->d;
  t->result = out;
  t->streamed = is_streamed(d->c, out);
  // By sizes alone: sums over channels are cut differently.
  int weights_are_most = 2 * d->total * d->places <= 36 * d->columns;
  return weights_are_most && d->panels >= LEAST_PANELS ? correlate_by_panels(t) : correlate_by_tiles(t);
}

int mg_winograd(const struct correlation *c, const float *in, const struct filter *w, float *out) {
  enum winograd_form form = c->stride_height == 2 ? MG_WINOGRAD_STRIDED : MG_WINOGRAD_PLAIN;
  struct tasks t = {.d = mg_winograd_prepare(c, form, w, in)};
  return correlate(&t, out);
}

int mg_winograd_up(const struct correlation *c, const float *in, const struct filter *w, float *out) {
  // Padded rows of even number get the outer taps; a tile needs the row before that of its first output.
  int middle_first = c->top & 1;
  struct tasks t = {
      .d = mg_winograd_prepare(c, middle_first ? MG_WINOGRAD_UP_MIDDLE : MG_WINOGRAD_UP_OUTER, w, in)};
  t.d.top = middle_first ? (1 - c->top) / 2 : 1 - c->top / 2;
  t.d.left = middle_first ? (1 - c->left) / 2 : 1 - c->left / 2;
  return correlate(&t, out);
}
