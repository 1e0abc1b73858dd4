#include "convolution.h"
#include "correlation.h"
#include <string.h>

// A forward convolution is a correlation. Its adjoint with respect to the input is one of the output
// cotangent with the weights turned round, if the stride is 1; otherwise input pixels of one remainder by
// the stride depend on every stride-th tap alone, and each remainder is a correlation of its own.

static struct correlation forward(const mg_conv_sizes *s) {
  return (struct correlation){
      .batch = s->batch, .height = s->height, .width = s->width, .channels = s->in_channels,
      .out_height = s->out_height, .out_width = s->out_width, .out_channels = s->out_channels,
      .out_image_step = s->out_height * s->out_width * s->out_channels,
      .out_row_step = s->out_width * s->out_channels, .out_column_step = s->out_channels,
      .kernel_height = s->kernel_height, .kernel_width = s->kernel_width,
      .stride_height = s->stride_height, .stride_width = s->stride_width,
      .top = s->pad_top, .left = s->pad_left, .circular = s->circular};
}

static struct filter weights(const mg_conv_sizes *s, const float *origin) {
  int64_t taps = s->kernel_height * s->kernel_width;
  return (struct filter){origin, s->in_channels * taps, taps, s->kernel_width, 1};
}

/// How the input's rows (or columns) of remainder `first` by the stride come from the output's: from
/// `taps` taps, the last of them number `last`, and with `before` rows of padding.
struct remainder {
  int64_t first, size, taps, last, before;
};

static struct remainder remainder_of(int64_t first, int64_t size, int64_t kernel, int64_t stride, int64_t pad) {
  struct remainder r = {.first = first, .size = (size - first + stride - 1) / stride};
  int64_t tap = (first + pad) % stride;
  r.taps = tap < kernel ? (kernel - tap + stride - 1) / stride : 0;
  r.last = tap + (r.taps - 1) * stride;
  r.before = r.taps - 1 - (first + pad - tap) / stride;
  return r;
}

static int adjoint_of_remainders(const mg_conv_sizes *s, struct remainder y, struct remainder x, const float *out,
                                 const float *origin, float *in) {
  struct correlation c = {
      .batch = s->batch, .height = s->out_height, .width = s->out_width, .channels = s->out_channels,
      .out_height = y.size, .out_width = x.size, .out_channels = s->in_channels,
      .out_image_step = s->height * s->width * s->in_channels,
      .out_row_step = s->stride_height * s->width * s->in_channels,
      .out_column_step = s->stride_width * s->in_channels,
      .kernel_height = y.taps, .kernel_width = x.taps, .stride_height = 1, .stride_width = 1,
      .top = y.before, .left = x.before, .circular = s->circular};
  struct filter w = weights(s, origin);
  w = (struct filter){origin + y.last * w.y + x.last * w.x, w.row, w.column, -w.y * s->stride_height,
                      -w.x * s->stride_width};
  return mg_correlate(&c, out, &w, in + (y.first * s->width + x.first) * s->in_channels);
}

/// The adjoint with the weights turned round, for the algorithm that makes all remainders in one.
static int adjoint_in_tiles(const mg_conv_sizes *s, const struct correlation *c, const float *out,
                            const float *origin, float *in) {
  struct filter w = weights(s, origin);
  w = (struct filter){origin + 8, w.row, w.column, -w.y, -w.x};
  return mg_winograd_up(c, out, &w, in);
}

static int adjoint(const mg_conv_sizes *s, const float *out, const float *origin, float *in) {
  struct correlation whole = {
      .batch = s->batch, .height = s->out_height, .width = s->out_width, .channels = s->out_channels,
      .out_height = s->height, .out_width = s->width, .out_channels = s->in_channels,
      .out_image_step = s->height * s->width * s->in_channels, .out_row_step = s->width * s->in_channels,
      .out_column_step = s->in_channels, .kernel_height = s->kernel_height, .kernel_width = s->kernel_width,
      .stride_height = s->stride_height, .stride_width = s->stride_width,
      .top = s->pad_top, .left = s->pad_left, .circular = s->circular};
  if (mg_winograd_up_applies(&whole)) return adjoint_in_tiles(s, &whole, out, origin, in);
  if (s->kernel_height < s->stride_height || s->kernel_width < s->stride_width)
    memset(in, 0, (size_t)(s->batch * s->height * s->width * s->in_channels) * sizeof(float));
  int status = 0;
  for (int64_t y = 0; y < s->stride_height && y < s->height; y++)
    for (int64_t x = 0; x < s->stride_width && x < s->width; x++) {
      struct remainder rows = remainder_of(y, s->height, s->kernel_height, s->stride_height, s->pad_top);
      struct remainder columns = remainder_of(x, s->width, s->kernel_width, s->stride_width, s->pad_left);
      if (rows.taps && columns.taps) status |= adjoint_of_remainders(s, rows, columns, out, origin, in);
    }
  return status;
}

/// With few output channels, the products' columns are the input's channels instead: the output cotangent
/// is correlated with the input.
static int weights_by_input(const mg_conv_sizes *s, const float *in, const float *out, float *origin) {
  struct correlation c = {
      .batch = s->batch, .height = s->out_height, .width = s->out_width, .channels = s->out_channels,
      .out_height = s->height, .out_width = s->width, .out_channels = s->in_channels,
      .out_image_step = s->height * s->width * s->in_channels,
      .out_row_step = s->width * s->in_channels, .out_column_step = s->in_channels,
      .kernel_height = s->kernel_height, .kernel_width = s->kernel_width,
      .stride_height = 1, .stride_width = 1, .top = s->kernel_height - 1 - s->pad_top,
      .left = s->kernel_width - 1 - s->pad_left, .circular = s->circular};
  struct filter w = weights(s, origin);
  w = (struct filter){origin + s->kernel_height * s->kernel_width - 1, w.row, w.column, -w.y, -w.x};
  return mg_correlate_weights(&c, out, in, &w);
}

int mg_conv(mg_conv_kind kind, const mg_conv_sizes *s, const float *a, const float *b, float *result) {
  if (kind == MG_CONV_DATA) return adjoint(s, a, b, result);
  struct correlation c = forward(s);
  struct filter w = weights(s, kind == MG_CONV_FORWARD ? b : result);
  if (kind == MG_CONV_FORWARD) return mg_correlate(&c, a, &w, result);
  int thin = s->out_channels < s->in_channels && 2 * s->out_channels <= mg_tiles()->lanes;
  if (thin && s->stride_height == 1 && s->stride_width == 1 && !mg_winograd_applies(&c, &w))
    return weights_by_input(s, a, b, result);
  return mg_correlate_weights(&c, a, b, &w);
}
