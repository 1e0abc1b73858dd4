#include "filter.h"
#include "../clones.h"
#include "threads.h"

// Every pixel of the result is a weighted sum of a few pixels, channel by channel. Which ones, and with
// which weights, is worked out for each axis; then the channels are summed side by side.

struct task {
  const mg_conv_sizes *s;
  int transposed;
  const double *taps;
  const void *in;
  void *out;
};

/// What makes up the result at an index of one axis: `count` pairs of a tap and a pixel.
struct pairs {
  int64_t count, tap, tap_step, pixel, pixel_step;
};

static struct pairs pairs_at(int64_t index, int transposed, int64_t taps, int64_t stride, int64_t before,
                             int64_t size) {
  struct pairs p;
  if (transposed) {
    // Every stride-th tap, the first one that meets a pixel before the end.
    p = (struct pairs){.tap = (index + before) % stride, .tap_step = stride, .pixel_step = -1};
    p.pixel = (index + before - p.tap) / stride;
    int64_t beyond = p.pixel >= size ? p.pixel - size + 1 : 0;
    p.tap += beyond * stride;
    p.pixel -= beyond;
    p.count = p.tap < taps ? (taps - 1 - p.tap) / stride + 1 : 0;
    if (p.count > p.pixel + 1) p.count = p.pixel + 1;
  } else {
    int64_t first = index * stride - before;
    p = (struct pairs){.tap = first < 0 ? -first : 0, .tap_step = 1, .pixel_step = 1};
    p.pixel = first + p.tap;
    p.count = (taps < size - first ? taps : size - first) - p.tap;
  }
  return p;
}

// Channels that are summed in registers, and rows and columns of the result whose pairs are worked out together.
#define BLOCK 32
#define BAND 8
#define COLUMNS 64

/// One pixel's channels: Σ over rows and columns of a tap times a pixel. `count` is a constant at the call
/// that matters, so that the sums stay in registers.
#define FILTER_PIXEL(name, type)                                                                            \
  static inline __attribute__((always_inline)) void name(                                                   \
      struct pairs y, struct pairs x, int64_t row_step, int64_t step, int64_t width, const double *taps,    \
      const type *from, int64_t count, type *out) {                                                         \
    type sums[BLOCK] = {0};                                                                                 \
    for (int64_t i = 0; i < y.count; i++)                                                                   \
      for (int64_t j = 0; j < x.count; j++) {                                                               \
        const type *pixel = from + (y.pixel + i * y.pixel_step) * row_step + (x.pixel + j * x.pixel_step) * step; \
        type weight = (type)taps[(y.tap + i * y.tap_step) * width + x.tap + j * x.tap_step];                \
        for (int64_t c = 0; c < count; c++) sums[c] += weight * pixel[c];                                   \
      }                                                                                                     \
    for (int64_t c = 0; c < count; c++) out[c] = sums[c];                                                   \
  }

#define FILTER_BAND(name, pixel, type)                                                                      \
  CLONES static void name(void *context, int64_t band) {                                                    \
    const struct task *task = context;                                                                      \
    const mg_conv_sizes *s = task->s;                                                                       \
    int adjoint = task->transposed;                                                                         \
    int64_t channels = s->in_channels, height = adjoint ? s->out_height : s->height;                        \
    int64_t width = adjoint ? s->out_width : s->width, rows = adjoint ? s->height : s->out_height;          \
    int64_t columns = adjoint ? s->width : s->out_width, bands = (rows + BAND - 1) / BAND;                  \
    int64_t top = band % bands * BAND, bottom = top + BAND < rows ? top + BAND : rows;                      \
    const type *image = (const type *)task->in + band / bands * height * width * channels;                  \
    type *result = (type *)task->out + band / bands * rows * columns * channels;                            \
    for (int64_t left = 0; left < columns; left += COLUMNS) {                                               \
      int64_t right = left + COLUMNS < columns ? left + COLUMNS : columns;                                  \
      struct pairs along[COLUMNS];                                                                          \
      for (int64_t column = left; column < right; column++)                                                 \
        along[column - left] =                                                                              \
            pairs_at(column, adjoint, s->kernel_width, s->stride_width, s->pad_left, width);                \
      for (int64_t row = top; row < bottom; row++) {                                                        \
        struct pairs y = pairs_at(row, adjoint, s->kernel_height, s->stride_height, s->pad_top, height);    \
        for (int64_t column = left; column < right; column++) {                                             \
          struct pairs x = along[column - left];                                                            \
          type *out = result + (row * columns + column) * channels;                                         \
          int64_t first = 0;                                                                                \
          for (; first + BLOCK <= channels; first += BLOCK)                                                 \
            pixel(y, x, width * channels, channels, s->kernel_width, task->taps, image + first, BLOCK, out + first); \
          if (first < channels)                                                                             \
            pixel(y, x, width * channels, channels, s->kernel_width, task->taps, image + first,             \
                  channels - first, out + first);                                                           \
        }                                                                                                   \
      }                                                                                                     \
    }                                                                                                       \
  }

// With few channels and stride 1, the pixels of a row are summed side by side instead: a tap moves the row.
#define FILTER_THIN_ROW(name, type)                                                                         \
  CLONES static void name(void *context, int64_t row) {                                                     \
    const struct task *task = context;                                                                      \
    const mg_conv_sizes *s = task->s;                                                                       \
    int64_t channels = s->in_channels, rows = s->out_height, columns = s->out_width;                        \
    const type *image = (const type *)task->in + row / rows * s->height * s->width * channels;              \
    type *out = (type *)task->out + row * columns * channels;                                               \
    struct pairs y = pairs_at(row % rows, 0, s->kernel_height, s->stride_height, s->pad_top, s->height);    \
    for (int64_t i = 0; i < columns * channels; i++) out[i] = 0;                                            \
    for (int64_t i = 0; i < y.count; i++)                                                                   \
      for (int64_t tap = 0; tap < s->kernel_width; tap++) {                                                 \
        int64_t shift = tap - s->pad_left, first = shift < 0 ? -shift : 0;                                  \
        int64_t end = s->width - shift < columns ? s->width - shift : columns;                              \
        const type *from = image + ((y.pixel + i) * s->width + shift) * channels;                           \
        type weight = (type)task->taps[(y.tap + i) * s->kernel_width + tap];                                \
        for (int64_t k = first * channels; k < end * channels; k++) out[k] += weight * from[k];             \
      }                                                                                                     \
  }

FILTER_PIXEL(pixel_f32, float)
FILTER_PIXEL(pixel_f64, double)
FILTER_BAND(band_f32, pixel_f32, float)
FILTER_BAND(band_f64, pixel_f64, double)
FILTER_THIN_ROW(thin_row_f32, float)
FILTER_THIN_ROW(thin_row_f64, double)

static void run(struct task *task, void (*band)(void *, int64_t), void (*thin_row)(void *, int64_t)) {
  const mg_conv_sizes *s = task->s;
  int64_t rows = task->transposed ? s->height : s->out_height;
  if (!task->transposed && s->stride_width == 1 && s->in_channels < BLOCK)
    mg_parallel(s->batch * rows, task, thin_row);
  else
    mg_parallel(s->batch * ((rows + BAND - 1) / BAND), task, band);
}

void mg_filter_f32(const mg_conv_sizes *s, int transposed, const double *taps, const float *in, float *out) {
  struct task task = {s, transposed, taps, in, out};
  run(&task, band_f32, thin_row_f32);
}

void mg_filter_f64(const mg_conv_sizes *s, int transposed, const double *taps, const double *in, double *out) {
  struct task task = {s, transposed, taps, in, out};
  run(&task, band_f64, thin_row_f64);
}
