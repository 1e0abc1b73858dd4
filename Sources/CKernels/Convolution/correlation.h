// What the three Float32 convolutions come down to: correlations of channels-last images.
#pragma once
#include "convolution.h"
#include "tiles.h"

/// out[n, y, x, j] = Σ in[n, y · stride_height + ky − top, x · stride_width + kx − left, k] · w(j, k, ky, kx),
/// with zeros around the input, or its other side where `circular`. Paddings may be negative. Images are
/// channels-last; those of the output may lie apart.
struct correlation {
  int64_t batch, height, width, channels;
  int64_t out_height, out_width, out_channels;
  int64_t out_image_step, out_row_step, out_column_step;
  int64_t kernel_height, kernel_width, stride_height, stride_width, top, left;
  int circular;
};

/// Where w(j, k, ky, kx) lies: j · column + k · row + ky · y + kx · x floats after `origin`.
struct filter {
  const float *origin;
  int64_t column, row, y, x;
};

/// Whether out-of-image pixels are ever read.
static inline int mg_needs_padding(const struct correlation *c) {
  return c->top > 0 || c->left > 0 ||
         (c->out_height - 1) * c->stride_height + c->kernel_height - c->top > c->height ||
         (c->out_width - 1) * c->stride_width + c->kernel_width - c->left > c->width;
}

/// The row or column that `index` of `size` stands for, or -1 for zeros.
static inline int64_t mg_source(int64_t index, int64_t size, int circular) {
  if (index >= 0 && index < size) return index;
  if (!circular) return -1;
  index %= size;
  return index < 0 ? index + size : index;
}

/// Copies `rows` × `columns` pixels from row `y`, column `x` on, of which some may lie outside the image;
/// copied pixels are `step` floats apart.
void mg_copy_padded(const struct correlation *c, const float *image, int64_t y, int64_t rows, int64_t x,
                    int64_t columns, int64_t step, float *to);

/// All return 0, or -1 when memory is short. Results do not depend on the number of threads.
int mg_correlate(const struct correlation *c, const float *in, const struct filter *w, float *out);

/// Whether Winograd's algorithm computes it, and is expected to be faster. It takes nine taps that lie together,
/// in their order or turned round: a strided convolution's adjoint may have every other one.
int mg_winograd_applies(const struct correlation *c, const struct filter *w);
int mg_winograd(const struct correlation *c, const float *in, const struct filter *w, float *out);

/// The same for the adjoint of a correlation with stride 2: `c` has the cotangent's size as input, and the
/// padding of the correlation itself.
int mg_winograd_up_applies(const struct correlation *c);
int mg_winograd_up(const struct correlation *c, const float *in, const struct filter *w, float *out);

/// The adjoint with respect to the weights: w(j, k, ky, kx) = Σ in[…] · out[n, y, x, j], to where `w` says.
int mg_correlate_weights(const struct correlation *c, const float *in, const float *out,
                         const struct filter *w);
int mg_winograd_weights(const struct correlation *c, const float *in, const float *out, const struct filter *w);
