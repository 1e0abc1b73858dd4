// 2-D convolutions (cross-correlations) and their two adjoints.
#pragma once
#include "layout.h"

typedef enum { MG_CONV_FORWARD = 0, MG_CONV_DATA = 1, MG_CONV_WEIGHTS = 2 } mg_conv_kind;

/// Sizes of a convolution `[batch, in_channels, height, width] → [batch, out_channels, out_height,
/// out_width]` with zeros around the image, or with its other side there where `circular` (then with
/// stride 1, and padded to the size of its input); the adjoints use the sizes of the forward one.
typedef struct {
  int64_t batch, in_channels, height, width, out_channels, out_height, out_width;
  int64_t kernel_height, kernel_width, stride_height, stride_width;
  int64_t pad_top, pad_bottom, pad_left, pad_right;
  int circular;
} mg_conv_sizes;

/// A Float32 convolution of activations in channels-last order (NHWC) and weights in OIHW.
///
/// forward: (input, weights) → output; data: (output cotangent, weights) → input cotangent;
/// weights: (input, output cotangent) → weight cotangent. Returns 0, or -1 when memory is short. Results do
/// not depend on the number of threads; they do on the processor's vectors.
int mg_conv(mg_conv_kind kind, const mg_conv_sizes *sizes, const float *a, const float *b, float *result);

/// Whether 3 × 3 convolutions may use Winograd's algorithm (they do at first): some three times faster,
/// with a rounding error a few times that of direct sums.
void mg_set_winograd(int on);
int mg_uses_winograd(void);

/// The same in Float64 by plain loops: what gradients are checked in.
void mg_conv_f64(mg_conv_kind kind, const mg_conv_sizes *sizes, const double *a, const double *b, double *result);
