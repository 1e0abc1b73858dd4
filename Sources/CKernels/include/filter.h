// One small filter on every channel of images: blurring, halving and doubling them.
#pragma once
#include "convolution.h"

/// Correlates each channel of NHWC images with `kernel_height` × `kernel_width` taps and zeros around, or,
/// where `transposed`, does the adjoint: from what would be the output to what would be the input.
///
/// `sizes` has as many output channels as input channels. The sums do not depend on the number of threads.
void mg_filter_f32(const mg_conv_sizes *sizes, int transposed, const double *taps, const float *in, float *out);
void mg_filter_f64(const mg_conv_sizes *sizes, int transposed, const double *taps, const double *in, double *out);
