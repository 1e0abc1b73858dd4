// The transforms of Winograd's minimal filtering, A. Lavin and S. Gray, "Fast algorithms for convolutional
// neural networks" (2016): a part of tiles_body.h.
//
// Stride 1 is F(4×4, 3×3) in interpolation points 0, ±P, ±Q and infinity. With points 5/8 and 3/2 the
// rounding error is smaller than with 1 and 2: the powers of the points in the three transforms stay closer
// to 1.

#define P WINOGRAD_P
#define Q WINOGRAD_Q
#define WEIGHT_ROWS_AHEAD 8

/// Bᵀ d: six values, `from` and `to` apart.
INLINE void NAME(plain_input_line)(const vector *d, vector *t, const int from, const int to) {
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
INLINE void NAME(plain_output_line)(const vector *m, vector *y, const int from, const int to) {
  vector m0 = m[0], m1 = m[from], m2 = m[2 * from], m3 = m[3 * from], m4 = m[4 * from], m5 = m[5 * from];
  vector even_p = m1 + m2, odd_p = m1 - m2, even_q = m3 + m4, odd_q = m3 - m4;
  y[0] = m0 + even_p + even_q;
  y[to] = P * odd_p + Q * odd_q;
  y[2 * to] = P * P * even_p + Q * Q * even_q;
  y[3 * to] = P * P * P * odd_p + Q * Q * Q * odd_q + m5;
}

/// A y.
INLINE void NAME(plain_cotangent_line)(const vector *y, vector *z, const int from, const int to) {
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
INLINE void NAME(plain_weight_line)(const vector *g, vector *u, const int from, const int to) {
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
INLINE void NAME(plain_weight_adjoint_line)(const vector *u, vector *g, const int from, const int to) {
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

// Stride 2, and its adjoint: outer taps meet pixels of one parity, the middle tap those of the other. For
// four outputs of a line the outer taps are F(4, 2) in points ±P, ±Q and infinity, five products; the
// middle one takes four, as they are. So 81 products make 16 outputs (or 64 of the adjoint's) that take
// 144 directly, with 6 × 6 different weights.

#define P STRIDED_P
#define Q STRIDED_Q

INLINE void NAME(pair_input)(const vector *d, vector *t, const int from, const int to) {
  vector d0 = d[0], d1 = d[from], d2 = d[2 * from], d3 = d[3 * from], d4 = d[4 * from];
  vector odd = d3 - Q * Q * d1, even = P * (d2 - Q * Q * d0);
  t[0] = odd + even;
  t[to] = odd - even;
  odd = d3 - P * P * d1, even = Q * (d2 - P * P * d0);
  t[2 * to] = odd + even;
  t[3 * to] = odd - even;
  t[4 * to] = d4 - (P * P + Q * Q) * d2 + P * P * Q * Q * d0;
}

INLINE void NAME(pair_output)(const vector *m, vector *y, const int from, const int to) {
  vector even_p = m[0] + m[from], odd_p = m[0] - m[from];
  vector even_q = m[2 * from] + m[3 * from], odd_q = m[2 * from] - m[3 * from];
  y[0] = even_p + even_q;
  y[to] = P * odd_p + Q * odd_q;
  y[2 * to] = P * P * even_p + Q * Q * even_q;
  y[3 * to] = P * P * P * odd_p + Q * Q * Q * odd_q + m[4 * from];
}

INLINE void NAME(strided_input_line)(const vector *d, vector *t, const int from, const int to) {
  NAME(pair_input)(d, t, 2 * from, to);
  UNROLL for (int i = 0; i < 4; i++) t[(5 + i) * to] = d[(2 * i + 1) * from];
}

INLINE void NAME(strided_output_line)(const vector *m, vector *y, const int from, const int to) {
  NAME(pair_output)(m, y, from, to);
  UNROLL for (int i = 0; i < 4; i++) y[i * to] += m[(5 + i) * from];
}

INLINE void NAME(strided_cotangent_line)(const vector *y, vector *z, const int from, const int to) {
  vector y0 = y[0], y1 = y[from], y2 = y[2 * from], y3 = y[3 * from];
  vector even = y0 + P * P * y2, odd = P * (y1 + P * P * y3);
  z[0] = even + odd;
  z[to] = even - odd;
  even = y0 + Q * Q * y2, odd = Q * (y1 + Q * Q * y3);
  z[2 * to] = even + odd;
  z[3 * to] = even - odd;
  z[4 * to] = y3;
  UNROLL for (int i = 0; i < 4; i++) z[(5 + i) * to] = y[i * from];
}

// The adjoint's line of eight begins with a pixel of the outer taps, or with one of the middle tap.

INLINE void NAME(up_input)(const int middle_first, const vector *d, vector *t, const int from, const int to) {
  NAME(pair_input)(d, t, from, to);
  UNROLL for (int i = 0; i < 4; i++) t[(5 + i) * to] = d[(i + 1 - middle_first) * from];
}

INLINE void NAME(up_output)(const int middle_first, const vector *m, vector *y, const int from, const int to) {
  NAME(pair_output)(m, y + middle_first * to, from, 2 * to);
  UNROLL for (int i = 0; i < 4; i++) y[(2 * i + 1 - middle_first) * to] = m[(5 + i) * from];
}

INLINE void NAME(up_outer_input_line)(const vector *d, vector *t, const int from, const int to) {
  NAME(up_input)(0, d, t, from, to);
}

INLINE void NAME(up_outer_output_line)(const vector *m, vector *y, const int from, const int to) {
  NAME(up_output)(0, m, y, from, to);
}

INLINE void NAME(up_middle_input_line)(const vector *d, vector *t, const int from, const int to) {
  NAME(up_input)(1, d, t, from, to);
}

INLINE void NAME(up_middle_output_line)(const vector *m, vector *y, const int from, const int to) {
  NAME(up_output)(1, m, y, from, to);
}

#define NP (1 / (2 * P * (P * P - Q * Q)))
#define NQ (1 / (2 * Q * (Q * Q - P * P)))

INLINE void NAME(strided_weight_line)(const vector *g, vector *u, const int from, const int to) {
  vector g0 = g[0], g2 = g[2 * from];
  u[0] = NP * g0 + NP * P * g2;
  u[to] = NP * P * g2 - NP * g0;
  u[2 * to] = NQ * g0 + NQ * Q * g2;
  u[3 * to] = NQ * Q * g2 - NQ * g0;
  u[4 * to] = g2;
  u[5 * to] = g[from];
}

INLINE void NAME(strided_weight_adjoint_line)(const vector *u, vector *g, const int from, const int to) {
  vector u0 = u[0], u1 = u[from], u2 = u[2 * from], u3 = u[3 * from];
  g[0] = NP * (u0 - u1) + NQ * (u2 - u3);
  g[to] = u[5 * from];
  g[2 * to] = NP * P * (u0 + u1) + NQ * Q * (u2 + u3) + u[4 * from];
}

#undef NP
#undef NQ
#undef P
#undef Q

// Transforms go column by column and then row by row, each from memory to memory by way of registers: 36
// vectors at once are more than there are. Lines and their sizes are constants at each call. Where all places
// of an image's tile are stored, lines are a loop (ROLL): 36 addresses at once are more than there are, too.

typedef void NAME(line)(const vector *from, vector *to, int from_step, int to_step);

INLINE void NAME(transform_input)(NAME(line) line, const int inputs, const int places, const int advance,
                                  const float *const *pixels, const float *const *next, int64_t channels,
                                  float *v, int64_t step) {
  for (int64_t c = 0; c < channels; c += LANES) {
    vector half[81];
    // A line of the cache is 16 floats; tiles beside each other share the first columns.
    if (c % 16 == 0)
      UNROLL for (int i = 0; i < inputs; i++) UNROLL for (int j = inputs - advance; j < inputs; j++)
        __builtin_prefetch(next[inputs * i + j] + c);
    ROLL for (int j = 0; j < inputs; j++) {
      vector d[9];
      if (c + LANES <= channels)
        UNROLL for (int i = 0; i < inputs; i++) d[i] = NAME(load)(pixels[inputs * i + j] + c);
      else
        for (int i = 0; i < inputs; i++) d[i] = NAME(load_some)(pixels[inputs * i + j] + c, channels - c);
      line(d, half + j, 1, inputs);
    }
    float *to = v + c;
    ROLL for (int i = 0; i < places; i++, to += places * step) {
      vector t[9];
      line(half + inputs * i, t, 1, 1);
      UNROLL for (int j = 0; j < places; j++) NAME(store)(to + j * step, t[j]);
    }
  }
}

/// Aᵀ m A of LANES channels: `outputs` lines of as many vectors.
INLINE void NAME(output_tile)(NAME(line) line, const int places, const int outputs, const float *m,
                              int64_t step, vector *y) {
  vector half[72];
  UNROLL for (int j = 0; j < places; j++) {
    vector d[9];
    UNROLL for (int i = 0; i < places; i++) d[i] = NAME(load)(m + (places * i + j) * step);
    line(d, half + j, 1, places);
  }
  UNROLL for (int i = 0; i < outputs; i++) line(half + places * i, y + outputs * i, 1, 1);
}

INLINE void NAME(transform_output)(NAME(line) line, const int places, const int outputs, const float *m,
                                   int64_t step, int64_t channels, float *pixels, int64_t row_step,
                                   int64_t column_step, int64_t rows, int64_t columns, int streamed) {
  int64_t c = 0;
  if (streamed && rows == outputs && columns == outputs)
    for (; c + PANEL <= channels; c += PANEL) {
      vector y[2][64];
      UNROLL for (int v = 0; v < 2; v++)
        NAME(output_tile)(line, places, outputs, m + c + v * LANES, step, y[v]);
      UNROLL for (int i = 0; i < outputs; i++) UNROLL for (int j = 0; j < outputs; j++)
        UNROLL for (int v = 0; v < 2; v++)
          __builtin_nontemporal_store(
              y[v][outputs * i + j], (vector *)(pixels + i * row_step + j * column_step + c + v * LANES));
    }
  for (; c < channels; c += LANES) {
    vector y[64];
    NAME(output_tile)(line, places, outputs, m + c, step, y);
    int whole = rows == outputs && columns == outputs && c + LANES <= channels;
    UNROLL for (int i = 0; i < outputs; i++) {
      float *to = pixels + i * row_step + c;
      if (whole)
        UNROLL for (int j = 0; j < outputs; j++) NAME(store)(to + j * column_step, y[outputs * i + j]);
      else if (i < rows)
        for (int64_t j = 0; j < columns; j++)
          NAME(store_some)(to + j * column_step, y[outputs * i + j], channels - c);
    }
  }
}

INLINE void NAME(transform_weights)(NAME(line) line, const float *w, int64_t rows, int64_t row_step,
                                    int64_t columns, int64_t column_step, int flip, float *panel,
                                    int64_t step) {
  int vectors = columns > LANES ? 2 : 1;
  for (int64_t k = 0; k < rows; k++, panel += vectors * LANES) {
    float taps[9][PANEL] = {0};
    // Weights are read once, in so many short runs that the processor does not see them coming.
    int64_t ahead = (k + WEIGHT_ROWS_AHEAD < rows ? k + WEIGHT_ROWS_AHEAD : rows - 1) * row_step;
    for (int64_t j = 0; j < columns; j++) __builtin_prefetch(w + j * column_step + ahead);
    for (int64_t j = 0; j < columns; j++)
      for (int tap = 0; tap < 9; tap++)
        taps[flip ? 8 - tap : tap][j] = w[j * column_step + k * row_step + tap];
    for (int v = 0; v < vectors; v++) {
      vector g[9], half[18], u[6];
      UNROLL for (int i = 0; i < 9; i++) g[i] = NAME(load)(taps[i] + v * LANES);
      UNROLL for (int i = 0; i < 3; i++) line(g + i, half + i, 3, 3);
      float *to = panel + v * LANES;
      ROLL for (int i = 0; i < 6; i++, to += 6 * step) {
        line(half + 3 * i, u, 1, 1);
        UNROLL for (int j = 0; j < 6; j++) NAME(store)(to + j * step, u[j]);
      }
    }
  }
}

INLINE void NAME(transform_cotangent)(NAME(line) line, const int places, const float *const *pixels,
                                      int64_t channels, float *z, int64_t step, int64_t panel_step) {
  int64_t padded = (channels + LANES - 1) / LANES * LANES;
  for (int64_t c = 0; c < padded; c += LANES) {
    vector half[36];
    ROLL for (int j = 0; j < 4; j++) {
      vector y[4];
      if (c + LANES <= channels)
        UNROLL for (int i = 0; i < 4; i++) y[i] = NAME(load)(pixels[4 * i + j] + c);
      else
        for (int i = 0; i < 4; i++) y[i] = NAME(load_some)(pixels[4 * i + j] + c, channels - c);
      line(y, half + j, 1, 4);
    }
    float *to = z + c / PANEL * panel_step + c % PANEL;
    ROLL for (int i = 0; i < places; i++, to += places * step) {
      vector d[9];
      line(half + 4 * i, d, 1, 1);
      UNROLL for (int j = 0; j < places; j++) NAME(store)(to + j * step, d[j]);
    }
  }
}

INLINE void NAME(transform_weights_adjoint)(NAME(line) line, const float *panel, int64_t step, int64_t rows,
                                            int64_t row_step, int64_t columns, int64_t column_step, float *w) {
  int vectors = columns > LANES ? 2 : 1;
  for (int64_t k = 0; k < rows; k++, panel += vectors * LANES) {
    float taps[9][PANEL];
    for (int v = 0; v < vectors; v++) {
      vector u[36], half[18], g[9];
      UNROLL for (int i = 0; i < 36; i++) u[i] = NAME(load)(panel + i * step + v * LANES);
      UNROLL for (int i = 0; i < 6; i++) line(u + i, half + i, 6, 6);
      UNROLL for (int i = 0; i < 3; i++) line(half + 6 * i, g + 3 * i, 1, 1);
      UNROLL for (int i = 0; i < 9; i++) NAME(store)(taps[i] + v * LANES, g[i]);
    }
    for (int64_t j = 0; j < columns; j++)
      for (int tap = 0; tap < 9; tap++) w[j * column_step + k * row_step + tap] = taps[tap][j];
  }
}

// The functions of `struct winograd_transforms`.

#define IMAGE_TRANSFORMS(name, inputs, places, outputs, advance)                                          \
  static void NAME(name##_input)(const float *const *pixels, const float *const *next, int64_t channels,  \
                                 float *v, int64_t step) {                                                \
    NAME(transform_input)(NAME(name##_input_line), inputs, places, advance, pixels, next, channels, v,    \
                          step);                                                                          \
  }                                                                                                       \
  static void NAME(name##_output)(const float *m, int64_t step, int64_t channels, float *pixels,          \
                                  int64_t row_step, int64_t column_step, int64_t rows, int64_t columns,   \
                                  int streamed) {                                                         \
    NAME(transform_output)(NAME(name##_output_line), places, outputs, m, step, channels, pixels,          \
                           row_step, column_step, rows, columns, streamed);                               \
  }

#define WEIGHT_TRANSFORMS(name, places)                                                                   \
  static void NAME(name##_weights)(const float *w, int64_t rows, int64_t row_step, int64_t columns,       \
                                   int64_t column_step, int flip, float *panel, int64_t step) {           \
    NAME(transform_weights)(NAME(name##_weight_line), w, rows, row_step, columns, column_step, flip,      \
                            panel, step);                                                                 \
  }                                                                                                       \
  static void NAME(name##_weights_adjoint)(const float *panel, int64_t step, int64_t rows,                \
                                           int64_t row_step, int64_t columns, int64_t column_step,        \
                                           float *w) {                                                    \
    NAME(transform_weights_adjoint)(NAME(name##_weight_adjoint_line), panel, step, rows, row_step,        \
                                    columns, column_step, w);                                             \
  }                                                                                                       \
  static void NAME(name##_cotangent)(const float *const *pixels, int64_t channels, float *z,              \
                                     int64_t step, int64_t panel_step) {                                  \
    NAME(transform_cotangent)(NAME(name##_cotangent_line), places, pixels, channels, z, step, panel_step);\
  }

IMAGE_TRANSFORMS(plain, 6, 6, 4, 4)
WEIGHT_TRANSFORMS(plain, 6)
IMAGE_TRANSFORMS(strided, 9, 9, 4, 8)
WEIGHT_TRANSFORMS(strided, 9)
IMAGE_TRANSFORMS(up_outer, 5, 9, 8, 4)
IMAGE_TRANSFORMS(up_middle, 5, 9, 8, 4)

#undef IMAGE_TRANSFORMS
#undef WEIGHT_TRANSFORMS
