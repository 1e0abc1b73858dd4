#include "line_walk.h"

int mg_picks_check(const mg_lines *lines, const mg_picks *picks, const int32_t *numbers, int64_t count,
                   int64_t extent, int32_t *bad) {
  // Numbers that are repeated along an axis are looked at once.
  mg_lines distinct = *lines;
  for (int axis = 0; axis < lines->rank; axis++)
    if (picks->strides[axis] == 0) distinct.sizes[axis] = lines->sizes[axis] > 0;
  int64_t total = line_count(&distinct), starts[BAND];
  if (picks->step == 0 && count > 1) count = 1;
  for (int64_t first = 0; first < total; first += BAND) {
    int64_t lines_here = total - first < BAND ? total - first : BAND;
    line_starts(&distinct, picks->strides, picks->offset, first, lines_here, starts);
    for (int64_t line = 0; line < lines_here; line++)
      for (int64_t i = 0; i < count; i++) {
        int32_t number = numbers[starts[line] + i * picks->step];
        int64_t place = number < 0 ? number + extent : number - picks->origin;
        if (place < 0 || place >= extent) {
          *bad = number;
          return 0;
        }
      }
  }
  return 1;
}

struct picking {
  const mg_lines *lines;
  const mg_picks *picks;
  const int32_t *numbers;
  mg_dtype dtype;
  const void *from;
  void *to;
  int64_t extent;
};

struct band {
  int64_t count, from[BAND], to[BAND], picks[BAND];
};

static void find_band(const struct picking *p, int64_t number, struct band *band) {
  int64_t first = number * BAND, total = line_count(p->lines);
  band->count = total - first < BAND ? total - first : BAND;
  line_starts(p->lines, p->lines->from_strides, p->lines->from_offset, first, band->count, band->from);
  line_starts(p->lines, p->lines->to_strides, p->lines->to_offset, first, band->count, band->to);
  line_starts(p->lines, p->picks->strides, p->picks->offset, first, band->count, band->picks);
}

static inline int64_t place_of(const struct picking *p, int64_t at) {
  int64_t number = p->numbers[at];
  return number < 0 ? number + p->extent : number - p->picks->origin;
}

#define GATHER(TYPE)                                                                             \
  for (int64_t i = 0; i < p->lines->to_count; i++)                                               \
    for (int64_t line = 0; line < band.count; line++)                                            \
      ((TYPE *)p->to)[band.to[line] + i * p->lines->to_step] =                                   \
          ((const TYPE *)p->from)[band.from[line] + place_of(p, band.picks[line] + i * p->picks->step) * \
                                                        p->lines->from_step];

static void gather_band(void *context, int64_t number) {
  const struct picking *p = context;
  struct band band;
  find_band(p, number, &band);
  switch (p->dtype) {
    case MG_F32:
    case MG_I32: GATHER(uint32_t) break;
    case MG_F64: GATHER(uint64_t) break;
    case MG_BOOL: GATHER(uint8_t) break;
  }
}

void mg_gather(const mg_lines *lines, const mg_picks *picks, const int32_t *numbers, mg_dtype dtype,
               const void *from, void *to) {
  struct picking picking = {lines, picks, numbers, dtype, from, to, lines->count};
  each_band(lines, &picking, gather_band);
}

// A line is one thread's, so sums are made in the same order whatever the number of threads.
#define SCATTER(TYPE)                                                                       \
  for (int64_t i = 0; i < p->lines->count; i++)                                             \
    for (int64_t line = 0; line < band.count; line++)                                       \
      ((TYPE *)p->to)[band.to[line] + place_of(p, band.picks[line] + i * p->picks->step) *  \
                                          p->lines->to_step] +=                             \
          ((const TYPE *)p->from)[band.from[line] + i * p->lines->from_step];

static void scatter_band(void *context, int64_t number) {
  const struct picking *p = context;
  struct band band;
  find_band(p, number, &band);
  switch (p->dtype) {
    case MG_F32: SCATTER(float) break;
    case MG_F64: SCATTER(double) break;
    case MG_I32: SCATTER(int32_t) break;
    case MG_BOOL: break;
  }
}

void mg_scatter_add(const mg_lines *lines, const mg_picks *picks, const int32_t *numbers, mg_dtype dtype,
                    const void *from, void *to) {
  struct picking picking = {lines, picks, numbers, dtype, from, to, lines->to_count};
  each_band(lines, &picking, scatter_band);
}
