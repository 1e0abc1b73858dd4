// Walking many lines at once: shared by the kernels that work along one axis.
#pragma once
#include "lines.h"
#include "threads.h"

// Lines are taken in bands: the elements of a band lie next to each other where its axis is not the last.
#define BAND 256

/// Where the lines `first` … `first + count` begin, in an array of the given strides.
static inline void line_starts(const mg_lines *lines, const int64_t *strides, int64_t offset, int64_t first,
                               int64_t count, int64_t *starts) {
  int64_t index[MG_MAX_RANK], rest = first, at = offset;
  for (int axis = lines->rank - 1; axis >= 0; axis--) {
    index[axis] = rest % lines->sizes[axis];
    rest /= lines->sizes[axis];
    at += index[axis] * strides[axis];
  }
  for (int64_t line = 0; line < count; line++) {
    starts[line] = at;
    for (int axis = lines->rank - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++index[axis] < lines->sizes[axis]) break;
      at -= index[axis] * strides[axis];
      index[axis] = 0;
    }
  }
}

static inline int64_t line_count(const mg_lines *lines) {
  int64_t total = 1;
  for (int axis = 0; axis < lines->rank; axis++) total *= lines->sizes[axis];
  return total;
}

/// Calls `body` with a context for each band, on several threads where there is enough to do.
static inline void each_band(const mg_lines *lines, void *context, mg_chunk_body body) {
  int64_t total = line_count(lines), bands = (total + BAND - 1) / BAND;
  int64_t length = lines->count > lines->to_count ? lines->count : lines->to_count;
  if (total * length <= 8192)
    for (int64_t band = 0; band < bands; band++) body(context, band);
  else
    mg_parallel(bands, context, body);
}
