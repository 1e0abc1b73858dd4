#include "line_walk.h"

struct running {
  const mg_lines *lines;
  int reversed;
  const void *from;
  void *to;
};

#define DEFINE(NAME, TYPE)                                                                      \
  static void NAME(void *context, int64_t number) {                                             \
    const struct running *r = context;                                                          \
    const mg_lines *lines = r->lines;                                                           \
    int64_t first = number * BAND, total = line_count(lines), from[BAND], to[BAND];             \
    int64_t here = total - first < BAND ? total - first : BAND;                                 \
    double sums[BAND] = {0};                                                                    \
    line_starts(lines, lines->from_strides, lines->from_offset, first, here, from);             \
    line_starts(lines, lines->to_strides, lines->to_offset, first, here, to);                   \
    for (int64_t step = 0; step < lines->count; step++) {                                       \
      int64_t i = r->reversed ? lines->count - 1 - step : step;                                 \
      for (int64_t line = 0; line < here; line++) {                                             \
        sums[line] += (double)((const TYPE *)r->from)[from[line] + i * lines->from_step];       \
        ((TYPE *)r->to)[to[line] + i * lines->to_step] = (TYPE)sums[line];                      \
      }                                                                                         \
    }                                                                                           \
  }

DEFINE(running_f32, float)
DEFINE(running_f64, double)

void mg_cumulative_sum(const mg_lines *lines, int is_double, int reversed, const void *from, void *to) {
  struct running running = {lines, reversed, from, to};
  each_band(lines, &running, is_double ? running_f64 : running_f32);
}
