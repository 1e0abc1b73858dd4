#include "correlation.h"
#include "../scratch.h"
#include "threads.h"
#include <stdatomic.h>
#include <string.h>

// A direct correlation: for each block of neighbouring output pixels, the rows of pixels under the kernel
// are contiguous runs of kernel_width · channels floats, so that it is a matrix product of overlapping
// rows with the packed weights, whatever the stride and the number of channels.

// Output pixels of one task, and floats of a panel that stay in the first cache while all of them pass by.
#define TASK_PIXELS 256
#define PASS_FLOATS 4096
// Floats of all panels that stay there while the pixels pass by once.
#define RESIDENT_FLOATS 6144

void mg_copy_padded(const struct correlation *c, const float *image, int64_t y, int64_t rows, int64_t x,
                    int64_t columns, int64_t step, float *to) {
  size_t pixel = (size_t)c->channels * sizeof(float);
  for (int64_t row = 0; row < rows; row++, to += columns * step) {
    int64_t source = mg_source(y + row, c->height, c->circular);
    if (source < 0) {
      memset(to, 0, (size_t)(columns * step) * sizeof(float));
      continue;
    }
    const float *from = image + source * c->width * c->channels;
    for (int64_t column = 0; column < columns;) {
      int64_t first = mg_source(x + column, c->width, c->circular);
      if (first < 0) {
        memset(to + column++ * step, 0, pixel);
        continue;
      }
      int64_t count = c->width - first < columns - column ? c->width - first : columns - column;
      if (step == c->channels)
        memcpy(to + column * step, from + first * c->channels, (size_t)count * pixel);
      else
        for (int64_t i = 0; i < count; i++)
          memcpy(to + (column + i) * step, from + (first + i) * c->channels, pixel);
      column += count;
    }
  }
}

struct direct {
  const struct correlation *c;
  const struct tiles *tiles;
  const struct filter *w;
  const float *in;
  float *packed, *out;
  int64_t run, depth, rows, bands;
  int padded, by_dot;
  atomic_int failed;
};

/// Packs one panel of weights; without panels, the weights of one output channel.
static void pack(void *context, int64_t panel) {
  const struct direct *d = context;
  const struct correlation *c = d->c;
  int64_t width = d->by_dot ? 1 : 2 * d->tiles->lanes, first = panel * width;
  int64_t columns = c->out_channels - first < width ? c->out_channels - first : width;
  if (!d->by_dot) width = mg_panel_columns(d->tiles, columns);
  float *to = d->packed + first * d->depth;
  for (int64_t y = 0; y < c->kernel_height; y++)
    for (int64_t x = 0; x < c->kernel_width; x++)
      for (int64_t k = 0; k < c->channels; k++, to += width) {
        const float *from =
            d->w->origin + first * d->w->column + k * d->w->row + y * d->w->y + x * d->w->x;
        for (int64_t j = 0; j < width; j++) to[j] = j < columns ? from[j * d->w->column] : 0;
      }
}

/// Rows of output pixels, in one panel's columns.
static void correlate_panel(const struct direct *d, const float *a, int64_t run_step, int64_t rows,
                            int64_t panel, float *out) {
  const struct correlation *c = d->c;
  int64_t first = panel * 2 * d->tiles->lanes, columns = c->out_channels - first;
  if (columns > 2 * d->tiles->lanes) columns = 2 * d->tiles->lanes;
  int64_t width = mg_panel_columns(d->tiles, columns), deep = PASS_FLOATS / width;
  int64_t runs = deep / d->run > 1 ? deep / d->run : 1, pieces = (d->run + deep - 1) / deep;
  for (int64_t r = 0; r < c->kernel_height; r += runs)
    for (int64_t piece = 0; piece < pieces; piece++) {
      int64_t k = piece * d->run / pieces, end = (piece + 1) * d->run / pieces;
      int64_t piece_runs = c->kernel_height - r < runs ? c->kernel_height - r : runs;
      const float *weights = d->packed + first * d->depth + (r * d->run + k) * width;
      for (int64_t row = 0; row < rows; row++)
        mg_multiply_rows(d->tiles, c->out_width, columns, piece_runs, run_step, end - k,
                         a + (row * c->stride_height + r) * run_step + k, c->stride_width * c->channels, weights,
                         out + first + row * c->out_row_step, c->out_column_step, r > 0 || k > 0);
    }
}

/// Rows of output pixels, in all columns, where all weights fit in the first cache: input pixels are read once.
static void correlate_pixels(const struct direct *d, const float *a, int64_t run_step, int64_t rows, float *out) {
  const struct correlation *c = d->c;
  int64_t a_step = c->stride_width * c->channels, blocks = (c->out_width + d->tiles->rows - 1) / d->tiles->rows;
  int64_t width = 2 * d->tiles->lanes;
  for (int64_t row = 0; row < rows; row++, a += c->stride_height * run_step, out += c->out_row_step)
    for (int64_t block = 0; block < blocks; block++) {
      int64_t x = block * c->out_width / blocks, end = (block + 1) * c->out_width / blocks;
      for (int64_t first = 0; first < c->out_channels; first += width) {
        int64_t columns = c->out_channels - first < width ? c->out_channels - first : width;
        d->tiles->product(end - x, columns, c->kernel_height, run_step, d->run, a + x * a_step, a_step,
                          d->packed + first * d->depth, out + first + x * c->out_column_step,
                          c->out_column_step, 0);
      }
    }
}

/// Output channel `j` of rows of pixels. An input row serves all output rows above it while it is in the
/// first cache; `sums` holds a vector for each output pixel.
static void correlate_channel(const struct direct *d, const float *a, int64_t run_step, int64_t rows, int64_t j,
                              float *sums, float *out) {
  const struct correlation *c = d->c;
  int64_t lanes = d->tiles->lanes, stride = c->stride_height;
  memset(sums, 0, (size_t)(rows * c->out_width * lanes) * sizeof(float));
  for (int64_t from = 0; from < (rows - 1) * stride + c->kernel_height; from++)
    for (int64_t row = 0; row < rows; row++) {
      int64_t ky = from - row * stride;
      if (ky >= 0 && ky < c->kernel_height)
        d->tiles->dot(c->out_width, d->run, a + from * run_step, c->stride_width * c->channels,
                      d->packed + j * d->depth + ky * d->run, sums + row * c->out_width * lanes);
    }
  for (int64_t i = 0; i < rows * c->out_width; i++) {
    float sum = 0;
    for (int64_t lane = 0; lane < lanes; lane++) sum += sums[i * lanes + lane];
    out[i / c->out_width * c->out_row_step + i % c->out_width * c->out_column_step + j] = sum;
  }
}

static void correlate_band(void *context, int64_t task) {
  struct direct *d = context;
  const struct correlation *c = d->c;
  int64_t n = task / d->bands, y = task % d->bands * d->rows;
  int64_t rows = c->out_height - y < d->rows ? c->out_height - y : d->rows;
  const float *a = d->in + n * c->height * c->width * c->channels;
  int64_t from_y = y * c->stride_height - c->top, run_step = c->width * c->channels;
  int64_t in_rows = (rows - 1) * c->stride_height + c->kernel_height;
  int64_t in_columns = (c->out_width - 1) * c->stride_width + c->kernel_width;
  int64_t copied = d->padded ? in_rows * in_columns * c->channels : 0;
  float *copy = mg_scratch(MG_SCRATCH_TASK, copied + (d->by_dot ? rows * c->out_width * d->tiles->lanes : 0));
  if (!copy) return atomic_store(&d->failed, 1);
  float *sums = copy + copied;
  if (d->padded) {
    mg_copy_padded(c, a, from_y, in_rows, -c->left, in_columns, c->channels, copy);
    a = copy;
    run_step = in_columns * c->channels;
  } else {
    a += from_y * run_step - c->left * c->channels;
  }
  float *out = d->out + n * c->out_image_step + y * c->out_row_step;
  if (d->by_dot) {
    for (int64_t j = 0; j < c->out_channels; j++) correlate_channel(d, a, run_step, rows, j, sums, out);
    return;
  }
  if (d->depth * c->out_channels <= RESIDENT_FLOATS) return correlate_pixels(d, a, run_step, rows, out);
  int64_t width = 2 * d->tiles->lanes, panels = (c->out_channels + width - 1) / width;
  for (int64_t panel = 0; panel < panels; panel++) correlate_panel(d, a, run_step, rows, panel, out);
}

int mg_correlate(const struct correlation *c, const float *in, const struct filter *w, float *out) {
  if (mg_winograd_applies(c, w)) return mg_winograd(c, in, w, out);
  const struct tiles *tiles = mg_tiles();
  struct direct d = {.c = c, .tiles = tiles, .w = w, .in = in, .out = out};
  d.run = c->kernel_width * c->channels;
  d.depth = c->kernel_height * d.run;
  d.padded = mg_needs_padding(c);
  d.by_dot = 2 * c->out_channels <= tiles->lanes && d.run >= tiles->lanes;
  int64_t pixels = d.by_dot ? 2 * TASK_PIXELS : TASK_PIXELS;
  d.rows = pixels / c->out_width > 1 ? pixels / c->out_width : 1;
  if (d.rows > c->out_height) d.rows = c->out_height;
  d.bands = (c->out_height + d.rows - 1) / d.rows;
  atomic_init(&d.failed, 0);
  int64_t columns = d.by_dot ? c->out_channels : mg_panel_columns(tiles, c->out_channels);
  d.packed = mg_scratch(MG_SCRATCH_CALL, columns * d.depth);
  if (!d.packed) return -1;
  int64_t panels = d.by_dot ? columns : (columns + 2 * tiles->lanes - 1) / (2 * tiles->lanes);
  mg_parallel(panels, &d, pack);
  mg_parallel(c->batch * d.bands, &d, correlate_band);
  return -atomic_load(&d.failed);
}
