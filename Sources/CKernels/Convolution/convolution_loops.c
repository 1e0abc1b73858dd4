#include "convolution.h"
#include "threads.h"
#include <string.h>

struct loops {
  mg_conv_kind kind;
  const mg_conv_sizes *s;
  const double *a, *b;
  double *result;
};

static inline double *at_nhwc(const double *base, int64_t n, int64_t c, int64_t y, int64_t x, int64_t channels,
                              int64_t height, int64_t width) {
  return (double *)base + ((n * height + y) * width + x) * channels + c;
}

/// Visits every product of image `n`'s convolution (forward and data) or of filter `n`'s (weights).
static void run_loops(void *context, int64_t unit) {
  const struct loops *loops = context;
  const mg_conv_sizes *s = loops->s;
  int by_image = loops->kind != MG_CONV_WEIGHTS;
  int64_t first_image = by_image ? unit : 0, last_image = by_image ? unit + 1 : s->batch;
  int64_t first_filter = by_image ? 0 : unit, last_filter = by_image ? s->out_channels : unit + 1;
  for (int64_t n = first_image; n < last_image; n++)
    for (int64_t o = first_filter; o < last_filter; o++)
      for (int64_t oy = 0; oy < s->out_height; oy++)
        for (int64_t ox = 0; ox < s->out_width; ox++)
          for (int64_t c = 0; c < s->in_channels; c++)
            for (int64_t ky = 0; ky < s->kernel_height; ky++)
              for (int64_t kx = 0; kx < s->kernel_width; kx++) {
                int64_t y = oy * s->stride_height + ky - s->pad_top;
                int64_t x = ox * s->stride_width + kx - s->pad_left;
                if (s->circular) {
                  y = (y % s->height + s->height) % s->height;
                  x = (x % s->width + s->width) % s->width;
                }
                if (y < 0 || y >= s->height || x < 0 || x >= s->width) continue;
                int64_t w = ((o * s->in_channels + c) * s->kernel_height + ky) * s->kernel_width + kx;
                int64_t oc = s->out_channels, oh = s->out_height, ow = s->out_width, ic = s->in_channels;
                if (loops->kind == MG_CONV_FORWARD)
                  *at_nhwc(loops->result, n, o, oy, ox, oc, oh, ow) +=
                      *at_nhwc(loops->a, n, c, y, x, ic, s->height, s->width) * loops->b[w];
                else if (loops->kind == MG_CONV_DATA)
                  *at_nhwc(loops->result, n, c, y, x, ic, s->height, s->width) +=
                      *at_nhwc(loops->a, n, o, oy, ox, oc, oh, ow) * loops->b[w];
                else
                  loops->result[w] += *at_nhwc(loops->a, n, c, y, x, ic, s->height, s->width) *
                                      *at_nhwc(loops->b, n, o, oy, ox, oc, oh, ow);
              }
}

void mg_conv_f64(mg_conv_kind kind, const mg_conv_sizes *s, const double *a, const double *b, double *result) {
  int64_t input = s->batch * s->in_channels * s->height * s->width;
  int64_t output = s->batch * s->out_channels * s->out_height * s->out_width;
  int64_t weights = s->out_channels * s->in_channels * s->kernel_height * s->kernel_width;
  int64_t count = kind == MG_CONV_FORWARD ? output : kind == MG_CONV_DATA ? input : weights;
  memset(result, 0, (size_t)count * sizeof *result);
  struct loops loops = {kind, s, a, b, result};
  mg_parallel(kind == MG_CONV_WEIGHTS ? s->out_channels : s->batch, &loops, run_loops);
}
