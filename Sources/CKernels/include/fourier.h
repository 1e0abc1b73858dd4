// Discrete Fourier transforms of complex arrays (a trailing axis of 2).
#pragma once
#include <stdint.h>

/// Transforms `batch` dense row-major arrays of `rank` axes, not normalised. `sign` is -1 or +1.
/// Returns 0, or -1 when the library has no plan for it.
int mg_fft(int is_double, int rank, const int64_t *sizes, int64_t batch, int sign, const void *input,
           void *output);
