// Register-blocked inner loops of convolutions and matrix products, one set for each instruction set.
#pragma once
#include <stdint.h>

/// Winograd's algorithm for 3×3 taps: with stride 1; with stride 2; and the adjoint of stride 2, whose
/// output begins with a row (and column) of the outer taps, or of the middle one.
enum winograd_form {
  MG_WINOGRAD_PLAIN,
  MG_WINOGRAD_STRIDED,
  MG_WINOGRAD_UP_OUTER,
  MG_WINOGRAD_UP_MIDDLE,
  MG_WINOGRAD_FORMS
};

/// A tile is inputs × inputs pixels, is transformed to places × places values, and gives
/// outputs × outputs pixels; the next tile lies `advance` input pixels further. Weights are transformed to
/// 6 × 6 values; places from the sixth on of a line share the last.
struct winograd_transforms {
  int inputs, places, outputs, advance;

  /// `pixels` are those of a tile, `v` the first of the results, `step` apart. The pixels of the `next` tile are
  /// fetched meanwhile.
  void (*input)(const float *const *pixels, const float *const *next, int64_t channels, float *v, int64_t step);
  /// Values `step` apart into at most rows × columns pixels of an image; `streamed` stores past the caches,
  /// where `pixels` and steps are whole cache lines.
  void (*output)(const float *m, int64_t step, int64_t channels, float *pixels, int64_t row_step,
                 int64_t column_step, int64_t rows, int64_t columns, int streamed);
  /// Weights w[j · column_step + k · row_step + tap] into one panel at each of 36 places `step` apart;
  /// the taps in reverse order where `flip`.
  void (*weights)(const float *w, int64_t rows, int64_t row_step, int64_t columns, int64_t column_step,
                  int flip, float *panel, int64_t step);
  /// The adjoint of `output`: `pixels` are 16, the results are in panels of `panel_step` floats.
  void (*cotangent)(const float *const *pixels, int64_t channels, float *z, int64_t step,
                    int64_t panel_step);
  /// The adjoint of `weights`.
  void (*weights_adjoint)(const float *panel, int64_t step, int64_t rows, int64_t row_step, int64_t columns,
                          int64_t column_step, float *w);
};

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

  struct winograd_transforms winograd[MG_WINOGRAD_FORMS];
};

/// The set for this processor.
const struct tiles *mg_tiles(void);

/// `product` of any number of rows, in blocks that are as equal as they can be.
static inline void mg_multiply_rows(const struct tiles *tiles, int64_t rows, int64_t columns, int64_t runs,
                                    int64_t run_step, int64_t run, const float *a, int64_t a_step,
                                    const float *panel, float *c, int64_t c_step, int accumulate) {
  int64_t blocks = (rows + tiles->rows - 1) / tiles->rows;
  for (int64_t block = 0; block < blocks; block++) {
    int64_t i = block * rows / blocks, end = (block + 1) * rows / blocks;
    tiles->product(end - i, columns, runs, run_step, run, a + i * a_step, a_step, panel, c + i * c_step, c_step,
                   accumulate);
  }
}

/// `columns` with those that fill the last panel up.
static inline int64_t mg_panel_columns(const struct tiles *tiles, int64_t columns) {
  return (columns + tiles->lanes - 1) / tiles->lanes * tiles->lanes;
}
