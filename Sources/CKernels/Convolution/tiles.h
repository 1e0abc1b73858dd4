// Register-blocked inner loops of convolutions and matrix products, one set for each instruction set.
#pragma once
#include <stdint.h>

/// The inner loops for one instruction set. Right-hand sides are packed in panels of `2 * lanes` columns
/// (`lanes` in a last panel that needs no more), one row of a panel after another, with zeros after the
/// last column.
struct tiles {
  int lanes, rows;

  /// c[i, j] = Σ_r Σ_k a[r · run_step + i · a_step + k] · panel[r · run + k, j], or is added to where
  /// `accumulate`; at most `rows` rows i and one panel's columns j.
  void (*product)(int64_t rows, int64_t columns, int64_t runs, int64_t run_step, int64_t run, const float *a,
                  int64_t a_step, const float *panel, float *c, int64_t c_step, int accumulate);

  /// Σ over lanes of sums[i, lane] grows by Σ_k a[i · a_step + k] · b[k]: one column, any number of rows i.
  void (*dot)(int64_t rows, int64_t run, const float *a, int64_t a_step, const float *b, float *sums);

  /// c[i, j] += Σ_y Σ_x a[i][y · row_step + x · a_step] · panel[y · length + x, j], at most `rows` rows.
  /// A null a[1] says that a[i] is a[0] + i. c is a panel itself.
  void (*outer)(int64_t rows, int64_t columns, int64_t lines, int64_t row_step, int64_t length,
                const float *const *a, int64_t a_step, const float *panel, float *c);

  /// Winograd's F(4×4, 3×3): `pixels` are the 36 of a tile, `v` the first of 36 results `step` apart.
  void (*winograd_input)(const float *const *pixels, int64_t channels, float *v, int64_t step);
  /// 36 values `step` apart into at most 4 × 4 pixels of an image.
  void (*winograd_output)(const float *m, int64_t step, int64_t channels, float *pixels, int64_t row_step,
                          int64_t column_step, int64_t rows, int64_t columns);
  /// Weights w[j · column_step + k · row_step + tap] into one panel at each of 36 places `step` apart;
  /// the taps in reverse order where `flip`.
  void (*winograd_weights)(const float *w, int64_t rows, int64_t row_step, int64_t columns,
                           int64_t column_step, int flip, float *panel, int64_t step);
  /// The adjoint of winograd_output: `pixels` are 16, the results are in panels of `panel_step` floats.
  void (*winograd_cotangent)(const float *const *pixels, int64_t channels, float *z, int64_t step,
                             int64_t panel_step);
  /// The adjoint of winograd_weights.
  void (*winograd_weights_adjoint)(const float *panel, int64_t step, int64_t rows, int64_t row_step,
                                   int64_t columns, int64_t column_step, float *w);
};

/// The set for this processor.
const struct tiles *mg_tiles(void);

/// `columns` with those that fill the last panel up.
static inline int64_t mg_panel_columns(const struct tiles *tiles, int64_t columns) {
  return (columns + tiles->lanes - 1) / tiles->lanes * tiles->lanes;
}
