// The transforms of Winograd's minimal filtering F(4×4, 3×3), A. Lavin and S. Gray, "Fast algorithms for
// convolutional neural networks" (2016), in interpolation points 0, ±P, ±Q and infinity: a part of
// tiles_body.h. With points 5/8 and 3/2 the rounding error is smaller than with 1 and 2: the powers of the
// points in the three transforms stay closer to 1.

#define P WINOGRAD_P
#define Q WINOGRAD_Q

/// Bᵀ d: six values, `from` and `to` apart.
INLINE void NAME(input_line)(const vector *d, vector *t, const int from, const int to) {
  vector d0 = d[0], d1 = d[from], d2 = d[2 * from], d3 = d[3 * from], d4 = d[4 * from], d5 = d[5 * from];
  vector even = d4 - Q * Q * d2, odd = d3 - Q * Q * d1;
  t[0] = d4 - (P * P + Q * Q) * d2 + P * P * Q * Q * d0;
  t[to] = even + P * odd;
  t[2 * to] = even - P * odd;
  even = d4 - P * P * d2, odd = d3 - P * P * d1;
  t[3 * to] = even + Q * odd;
  t[4 * to] = even - Q * odd;
  t[5 * to] = d5 - (P * P + Q * Q) * d3 + P * P * Q * Q * d1;
}

/// Aᵀ m.
INLINE void NAME(output_line)(const vector *m, vector *y, const int from, const int to) {
  vector m0 = m[0], m1 = m[from], m2 = m[2 * from], m3 = m[3 * from], m4 = m[4 * from], m5 = m[5 * from];
  vector even_p = m1 + m2, odd_p = m1 - m2, even_q = m3 + m4, odd_q = m3 - m4;
  y[0] = m0 + even_p + even_q;
  y[to] = P * odd_p + Q * odd_q;
  y[2 * to] = P * P * even_p + Q * Q * even_q;
  y[3 * to] = P * P * P * odd_p + Q * Q * Q * odd_q + m5;
}

/// A y.
INLINE void NAME(cotangent_line)(const vector *y, vector *z, const int from, const int to) {
  vector y0 = y[0], y1 = y[from], y2 = y[2 * from], y3 = y[3 * from];
  vector even = y0 + P * P * y2, odd = P * (y1 + P * P * y3);
  z[0] = y0;
  z[to] = even + odd;
  z[2 * to] = even - odd;
  even = y0 + Q * Q * y2, odd = Q * (y1 + Q * Q * y3);
  z[3 * to] = even + odd;
  z[4 * to] = even - odd;
  z[5 * to] = y3;
}

#define N0 (1 / (P * P * Q * Q))
#define NP (1 / (2 * P * P * (P * P - Q * Q)))
#define NQ (1 / (2 * Q * Q * (Q * Q - P * P)))

/// G g.
INLINE void NAME(weight_line)(const vector *g, vector *u, const int from, const int to) {
  vector g0 = g[0], g1 = g[from], g2 = g[2 * from];
  vector even = NP * g0 + NP * P * P * g2, odd = NP * P * g1;
  u[0] = N0 * g0;
  u[to] = even + odd;
  u[2 * to] = even - odd;
  even = NQ * g0 + NQ * Q * Q * g2, odd = NQ * Q * g1;
  u[3 * to] = even + odd;
  u[4 * to] = even - odd;
  u[5 * to] = g2;
}

/// Gᵀ u.
INLINE void NAME(weight_adjoint_line)(const vector *u, vector *g, const int from, const int to) {
  vector even_p = u[from] + u[2 * from], odd_p = u[from] - u[2 * from];
  vector even_q = u[3 * from] + u[4 * from], odd_q = u[3 * from] - u[4 * from];
  g[0] = N0 * u[0] + NP * even_p + NQ * even_q;
  g[to] = NP * P * odd_p + NQ * Q * odd_q;
  g[2 * to] = NP * P * P * even_p + NQ * Q * Q * even_q + u[5 * from];
}

#undef N0
#undef NP
#undef NQ
#undef P
#undef Q

// Transforms go column by column and then row by row, each from memory to memory by way of registers: 36
// vectors at once are more than there are.

static void NAME(winograd_input)(const float *const *pixels, int64_t channels, float *v, int64_t step) {
  for (int64_t c = 0; c < channels; c += LANES) {
    vector half[36];
    UNROLL for (int j = 0; j < 6; j++) {
      vector d[6];
      if (c + LANES <= channels)
        UNROLL for (int i = 0; i < 6; i++) d[i] = NAME(load)(pixels[6 * i + j] + c);
      else
        for (int i = 0; i < 6; i++) d[i] = NAME(load_some)(pixels[6 * i + j] + c, channels - c);
      NAME(input_line)(d, half + j, 1, 6);
    }
    UNROLL for (int i = 0; i < 6; i++) {
      vector t[6];
      NAME(input_line)(half + 6 * i, t, 1, 1);
      UNROLL for (int j = 0; j < 6; j++) NAME(store)(v + (6 * i + j) * step + c, t[j]);
    }
  }
}

static void NAME(winograd_output)(const float *m, int64_t step, int64_t channels, float *pixels,
                                  int64_t row_step, int64_t column_step, int64_t rows, int64_t columns) {
  for (int64_t c = 0; c < channels; c += LANES) {
    vector half[24];
    UNROLL for (int j = 0; j < 6; j++) {
      vector d[6];
      UNROLL for (int i = 0; i < 6; i++) d[i] = NAME(load)(m + (6 * i + j) * step + c);
      NAME(output_line)(d, half + j, 1, 6);
    }
    int whole = rows == 4 && columns == 4 && c + LANES <= channels;
    UNROLL for (int i = 0; i < 4; i++) {
      vector y[4];
      float *to = pixels + i * row_step + c;
      NAME(output_line)(half + 6 * i, y, 1, 1);
      if (whole)
        UNROLL for (int j = 0; j < 4; j++) NAME(store)(to + j * column_step, y[j]);
      else if (i < rows)
        for (int64_t j = 0; j < columns; j++) NAME(store_some)(to + j * column_step, y[j], channels - c);
    }
  }
}

static void NAME(winograd_weights)(const float *w, int64_t rows, int64_t row_step, int64_t columns,
                                   int64_t column_step, int flip, float *panel, int64_t step) {
  int vectors = columns > LANES ? 2 : 1;
  for (int64_t k = 0; k < rows; k++, panel += vectors * LANES) {
    float taps[9][PANEL] = {0};
    for (int64_t j = 0; j < columns; j++)
      for (int tap = 0; tap < 9; tap++)
        taps[flip ? 8 - tap : tap][j] = w[j * column_step + k * row_step + tap];
    for (int v = 0; v < vectors; v++) {
      vector g[9], half[18], u[36];
      UNROLL for (int i = 0; i < 9; i++) g[i] = NAME(load)(taps[i] + v * LANES);
      UNROLL for (int i = 0; i < 3; i++) NAME(weight_line)(g + i, half + i, 3, 3);
      UNROLL for (int i = 0; i < 6; i++) NAME(weight_line)(half + 3 * i, u + 6 * i, 1, 1);
      UNROLL for (int i = 0; i < 36; i++) NAME(store)(panel + i * step + v * LANES, u[i]);
    }
  }
}

static void NAME(winograd_cotangent)(const float *const *pixels, int64_t channels, float *z, int64_t step,
                                     int64_t panel_step) {
  int64_t padded = (channels + LANES - 1) / LANES * LANES;
  for (int64_t c = 0; c < padded; c += LANES) {
    vector half[24];
    UNROLL for (int j = 0; j < 4; j++) {
      vector y[4];
      if (c + LANES <= channels)
        UNROLL for (int i = 0; i < 4; i++) y[i] = NAME(load)(pixels[4 * i + j] + c);
      else
        for (int i = 0; i < 4; i++) y[i] = NAME(load_some)(pixels[4 * i + j] + c, channels - c);
      NAME(cotangent_line)(y, half + j, 1, 4);
    }
    float *to = z + c / PANEL * panel_step + c % PANEL;
    UNROLL for (int i = 0; i < 6; i++) {
      vector d[6];
      NAME(cotangent_line)(half + 4 * i, d, 1, 1);
      UNROLL for (int j = 0; j < 6; j++) NAME(store)(to + (6 * i + j) * step, d[j]);
    }
  }
}

static void NAME(winograd_weights_adjoint)(const float *panel, int64_t step, int64_t rows, int64_t row_step,
                                           int64_t columns, int64_t column_step, float *w) {
  int vectors = columns > LANES ? 2 : 1;
  for (int64_t k = 0; k < rows; k++, panel += vectors * LANES) {
    float taps[9][PANEL];
    for (int v = 0; v < vectors; v++) {
      vector u[36], half[18], g[9];
      UNROLL for (int i = 0; i < 36; i++) u[i] = NAME(load)(panel + i * step + v * LANES);
      UNROLL for (int i = 0; i < 6; i++) NAME(weight_adjoint_line)(u + i, half + i, 6, 6);
      UNROLL for (int i = 0; i < 3; i++) NAME(weight_adjoint_line)(half + 6 * i, g + 3 * i, 1, 1);
      UNROLL for (int i = 0; i < 9; i++) NAME(store)(taps[i] + v * LANES, g[i]);
    }
    for (int64_t j = 0; j < columns; j++)
      for (int tap = 0; tap < 9; tap++) w[j * column_step + k * row_step + tap] = taps[tap][j];
  }
}
