#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "line_walk.h"

struct ordering {
  const mg_lines *lines;
  mg_dtype dtype;
  int descending;
  const void *from;
  int32_t *to;
  atomic_int failed;
};

// Every type of ours fits into a Double without loss.
static double element(const void *from, mg_dtype dtype, int64_t at) {
  switch (dtype) {
    case MG_F32: return ((const float *)from)[at];
    case MG_F64: return ((const double *)from)[at];
    case MG_I32: return ((const int32_t *)from)[at];
    case MG_BOOL: return ((const uint8_t *)from)[at];
  }
  return 0;
}

/// Whether a comes strictly before b in rising order; NaN is above everything.
static inline int below(double a, double b) { return a < b || (b != b && a == a); }

/// Whether b must come before a, although a stands first.
static inline int is_wrong(double a, double b, int descending) {
  return descending ? below(a, b) : below(b, a);
}

// Merge sort from runs of one upwards: stable, and the same on every machine.
static void sort_line(const double *keys, int64_t count, int descending, int32_t *order, int32_t *other) {
  for (int64_t i = 0; i < count; i++) order[i] = (int32_t)i;
  int32_t *from = order, *to = other;
  for (int64_t width = 1; width < count; width *= 2) {
    for (int64_t start = 0; start < count; start += 2 * width) {
      int64_t middle = start + width < count ? start + width : count;
      int64_t end = middle + width < count ? middle + width : count;
      int64_t a = start, b = middle;
      for (int64_t k = start; k < end; k++) {
        int take_b = a == middle || (b < end && is_wrong(keys[from[a]], keys[from[b]], descending));
        to[k] = take_b ? from[b++] : from[a++];
      }
    }
    int32_t *swap = from;
    from = to;
    to = swap;
  }
  if (from != order) memcpy(order, from, (size_t)count * sizeof *order);
}

static void sort_band(void *context, int64_t number) {
  struct ordering *o = context;
  const mg_lines *lines = o->lines;
  int64_t first = number * BAND, total = line_count(lines), from[BAND], to[BAND];
  int64_t here = total - first < BAND ? total - first : BAND, count = lines->count;
  line_starts(lines, lines->from_strides, lines->from_offset, first, here, from);
  line_starts(lines, lines->to_strides, lines->to_offset, first, here, to);
  double *keys = malloc((size_t)(count > 0 ? count : 1) * (sizeof(double) + 2 * sizeof(int32_t)));
  if (!keys) {
    atomic_store(&o->failed, 1);
    return;
  }
  int32_t *order = (int32_t *)(keys + count), *other = order + count;
  for (int64_t line = 0; line < here; line++) {
    for (int64_t i = 0; i < count; i++) keys[i] = element(o->from, o->dtype, from[line] + i * lines->from_step);
    sort_line(keys, count, o->descending, order, other);
    for (int64_t i = 0; i < count; i++) o->to[to[line] + i * lines->to_step] = order[i];
  }
  free(keys);
}

int mg_argsort(const mg_lines *lines, mg_dtype dtype, int descending, const void *from, int32_t *to) {
  struct ordering ordering = {.lines = lines, .dtype = dtype, .descending = descending, .from = from, .to = to};
  each_band(lines, &ordering, sort_band);
  return atomic_load(&ordering.failed) ? -1 : 0;
}

static void largest_band(void *context, int64_t number) {
  const struct ordering *o = context;
  const mg_lines *lines = o->lines;
  int64_t first = number * BAND, total = line_count(lines), from[BAND], to[BAND];
  int64_t here = total - first < BAND ? total - first : BAND;
  line_starts(lines, lines->from_strides, lines->from_offset, first, here, from);
  line_starts(lines, lines->to_strides, lines->to_offset, first, here, to);
  for (int64_t line = 0; line < here; line++) {
    int64_t best = 0;
    double largest = element(o->from, o->dtype, from[line]);
    for (int64_t i = 1; i < lines->count; i++) {
      double value = element(o->from, o->dtype, from[line] + i * lines->from_step);
      if (!below(largest, value)) continue;
      largest = value;
      best = i;
    }
    o->to[to[line]] = (int32_t)best;
  }
}

void mg_argmax(const mg_lines *lines, mg_dtype dtype, const void *from, int32_t *to) {
  struct ordering ordering = {.lines = lines, .dtype = dtype, .from = from, .to = to};
  each_band(lines, &ordering, largest_band);
}
