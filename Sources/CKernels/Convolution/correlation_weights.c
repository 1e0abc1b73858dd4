#include "correlation.h"
#include "../scratch.h"
#include "threads.h"
#include <stdatomic.h>
#include <string.h>

// The adjoint of a direct correlation with respect to its weights: a product over all output pixels. The
// pixels are dealt to a number of parts that depends on sizes alone; each sums its own copy of the
// weights, and the copies are then added in order, so that results do not depend on threads.

// Output pixels between additions to a part's sums in memory, and pixels that are worth such sums.
#define BAND_PIXELS 128
#define PART_PIXELS 512
#define MAX_PARTS 16
// Floats of all parts together.
#define MAX_SUMS (1 << 23)

struct adjoint {
  const struct correlation *c;
  const struct tiles *tiles;
  const struct filter *w;
  const float *in, *out;
  float *sums;
  int64_t depth, columns, panels, parts, groups, rows, bands, in_rows, in_columns, step;
  atomic_int failed;
};

/// Packs a band of output pixels into panels.
static void pack(const struct adjoint *d, const float *from, int64_t pixels, int64_t panel, float *to) {
  int64_t width = 2 * d->tiles->lanes, first = panel * width, columns = d->c->out_channels - first;
  if (columns > width) columns = width;
  width = mg_panel_columns(d->tiles, columns);
  for (int64_t i = 0; i < pixels; i++, to += width, from += d->c->out_channels) {
    memcpy(to, from + first, (size_t)columns * sizeof(float));
    if (columns < width) memset(to + columns, 0, (size_t)(width - columns) * sizeof(float));
  }
}

/// Adds a band's products to one panel of sums: row (ky · kernel_width + kx) · channels + k.
static void add(const struct adjoint *d, const float *band, int64_t rows, const float *panel, int64_t columns,
                float *sums) {
  const struct correlation *c = d->c;
  int64_t line = d->in_columns * d->step, width = mg_panel_columns(d->tiles, columns);
  int64_t row_step = c->stride_height * line, a_step = c->stride_width * d->step;
  int by_channel = c->channels >= d->tiles->rows;
  int64_t count = by_channel ? c->channels : d->depth, blocks = (count + d->tiles->rows - 1) / d->tiles->rows;
  for (int64_t tap = 0; tap < (by_channel ? c->kernel_height * c->kernel_width : 1); tap++)
    for (int64_t block = 0; block < blocks; block++) {
      int64_t first = block * count / blocks, end = (block + 1) * count / blocks;
      const float *a[16] = {0};
      for (int64_t i = first; i < (by_channel ? first + 1 : end); i++) {
        int64_t place = by_channel ? tap : i / c->channels, k = by_channel ? i : i % c->channels;
        a[i - first] = band + place / c->kernel_width * line + place % c->kernel_width * d->step + k;
      }
      d->tiles->outer(end - first, columns, rows, row_step, c->out_width, a, a_step, panel,
                      sums + (tap * (by_channel ? c->channels : 0) + first) * width);
    }
}

static void sum_part(void *context, int64_t task) {
  struct adjoint *d = context;
  const struct correlation *c = d->c;
  int64_t part = task / d->groups, group = task % d->groups, width = 2 * d->tiles->lanes;
  int64_t first = group * d->panels / d->groups, end = (group + 1) * d->panels / d->groups;
  int64_t total = c->batch * d->bands, size = d->in_rows * d->in_columns * d->step;
  float *copy = mg_scratch(MG_SCRATCH_TASK, size + d->rows * c->out_width * width);
  if (!copy) return atomic_store(&d->failed, 1);
  float *sums = d->sums + part * d->columns * d->depth;
  int64_t used = (end * width < d->columns ? end * width : d->columns) - first * width;
  memset(sums + first * width * d->depth, 0, (size_t)(used * d->depth) * sizeof(float));
  for (int64_t band = part * total / d->parts; band < (part + 1) * total / d->parts; band++) {
    int64_t n = band / d->bands, y = band % d->bands * d->rows;
    int64_t rows = c->out_height - y < d->rows ? c->out_height - y : d->rows;
    mg_copy_padded(c, d->in + n * c->height * c->width * c->channels, y * c->stride_height - c->top,
                   (rows - 1) * c->stride_height + c->kernel_height, -c->left, d->in_columns, d->step, copy);
    const float *out = d->out + (n * c->out_height + y) * c->out_width * c->out_channels;
    for (int64_t panel = first; panel < end; panel++) {
      int64_t columns = c->out_channels - panel * width < width ? c->out_channels - panel * width : width;
      pack(d, out, rows * c->out_width, panel, copy + size);
      add(d, copy, rows, copy + size, columns, sums + panel * width * d->depth);
    }
  }
}

/// Adds the parts of one panel in order, and unpacks it.
static void finish(void *context, int64_t panel) {
  const struct adjoint *d = context;
  const struct correlation *c = d->c;
  int64_t width = 2 * d->tiles->lanes, first = panel * width, columns = c->out_channels - first;
  if (columns > width) columns = width;
  width = mg_panel_columns(d->tiles, columns);
  float *sums = d->sums + first * d->depth;
  for (int64_t part = 1; part < d->parts; part++) {
    const float *more = sums + part * d->columns * d->depth;
    for (int64_t i = 0; i < d->depth * width; i++) sums[i] += more[i];
  }
  for (int64_t j = 0; j < columns; j++)
    for (int64_t y = 0; y < c->kernel_height; y++)
      for (int64_t x = 0; x < c->kernel_width; x++)
        for (int64_t k = 0; k < c->channels; k++) {
          float *to = (float *)d->w->origin + (first + j) * d->w->column + k * d->w->row + y * d->w->y + x * d->w->x;
          *to = sums[((y * c->kernel_width + x) * c->channels + k) * width + j];
        }
}

int mg_correlate_weights(const struct correlation *c, const float *in, const float *out,
                         const struct filter *w) {
  // Winograd's takes the taps in their order alone.
  if (w->x == 1 && mg_winograd_applies(c, w)) return mg_winograd_weights(c, in, out, w);
  const struct tiles *tiles = mg_tiles();
  struct adjoint d = {.c = c, .tiles = tiles, .w = w, .in = in, .out = out};
  d.depth = c->kernel_height * c->kernel_width * c->channels;
  d.columns = mg_panel_columns(tiles, c->out_channels);
  d.panels = (d.columns + 2 * tiles->lanes - 1) / (2 * tiles->lanes);
  d.rows = BAND_PIXELS / c->out_width > 1 ? BAND_PIXELS / c->out_width : 1;
  if (d.rows > c->out_height) d.rows = c->out_height;
  d.bands = (c->out_height + d.rows - 1) / d.rows;
  d.in_rows = (d.rows - 1) * c->stride_height + c->kernel_height;
  d.in_columns = (c->out_width - 1) * c->stride_width + c->kernel_width;
  // Pixels a power of two apart would share few sets of the first cache.
  d.step = c->channels % 32 == 0 ? c->channels + 16 : c->channels;
  int64_t most = MAX_SUMS / (d.columns * d.depth);
  d.parts = c->batch * c->out_height * c->out_width / PART_PIXELS;
  if (d.parts > MAX_PARTS) d.parts = MAX_PARTS;
  if (d.parts > most) d.parts = most;
  if (d.parts < 1) d.parts = 1;
  d.groups = d.parts * d.panels <= MAX_PARTS ? d.panels : (MAX_PARTS + d.parts - 1) / d.parts;
  atomic_init(&d.failed, 0);
  d.sums = mg_scratch(MG_SCRATCH_CALL, d.parts * d.columns * d.depth);
  if (!d.sums) return -1;
  mg_parallel(d.parts * d.groups, &d, sum_part);
  mg_parallel(d.panels, &d, finish);
  return -atomic_load(&d.failed);
}
