// 2-D convolutions (cross-correlations) and their two adjoints.
#pragma once
#include "layout.h"

typedef enum { MG_CONV_FORWARD = 0, MG_CONV_DATA = 1, MG_CONV_WEIGHTS = 2 } mg_conv_kind;

/// Sizes of a convolution `[batch, in_channels, height, width] → [batch, out_channels, out_height,
/// out_width]` with zero padding; the adjoints use the sizes of the forward one.
typedef struct {
  int64_t batch, in_channels, height, width, out_channels, out_height, out_width;
  int64_t kernel_height, kernel_width, stride_height, stride_width;
  int64_t pad_top, pad_bottom, pad_left, pad_right;
} mg_conv_sizes;

typedef struct mg_conv mg_conv;

/// Prepares a Float32 convolution; null (with a message in `error`) when the library refuses.
/// Activations are channels-last (NHWC), weights are OIHW.
mg_conv *mg_conv_create(mg_conv_kind kind, const mg_conv_sizes *sizes, char *error, int error_size);
void mg_conv_destroy(mg_conv *conv);

/// forward: (input, weights) → output; data: (output cotangent, weights) → input cotangent;
/// weights: (input, output cotangent) → weight cotangent. Returns 0, or the library's status.
int mg_conv_run(mg_conv *conv, const float *a, const float *b, float *result);

/// The same in Float64 by plain loops: what gradients are checked in.
void mg_conv_f64(mg_conv_kind kind, const mg_conv_sizes *sizes, const double *a, const double *b, double *result);
