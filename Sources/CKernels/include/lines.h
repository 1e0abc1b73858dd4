// Kernels that work along one axis: picking, putting back, sorting, running sums.
#pragma once
#include "layout.h"

/// The lines of two arrays along one axis: `sizes` and strides are those of the other axes, of which there
/// are `rank`; along the line, elements are `*_step` apart.
typedef struct {
  int rank;
  int64_t sizes[MG_MAX_RANK];
  int64_t from_strides[MG_MAX_RANK], to_strides[MG_MAX_RANK];
  int64_t from_offset, to_offset;
  int64_t from_step, to_step;
  /// Elements of a line in `from`; in `to` where the two differ.
  int64_t count, to_count;
} mg_lines;

/// Element numbers along an axis, laid out by the lines of the array they pick for (Int32). They count
/// from `origin`; negative ones from the end.
typedef struct {
  int64_t strides[MG_MAX_RANK], offset, step, origin;
} mg_picks;

/// Whether all picks of `count` a line are inside an axis of `extent`. If not, `bad` is the first that is not.
int mg_picks_check(const mg_lines *lines, const mg_picks *picks, const int32_t *numbers, int64_t count,
                   int64_t extent, int32_t *bad);
/// `to[i] = from[pick[i]]` along each line.
void mg_gather(const mg_lines *lines, const mg_picks *picks, const int32_t *numbers, mg_dtype dtype,
               const void *from, void *to);
/// `to[pick[i]] += from[i]` along each line, in order; floating types and Int32.
void mg_scatter_add(const mg_lines *lines, const mg_picks *picks, const int32_t *numbers, mg_dtype dtype,
                    const void *from, void *to);
/// Running sums along each line, from the other end where `reversed`; summed in Double.
void mg_cumulative_sum(const mg_lines *lines, int is_double, int reversed, const void *from, void *to);
/// The order that sorts each line, as element numbers from 0. Equal elements keep their order; NaN counts as
/// the largest. Returns 0, or -1 without memory.
int mg_argsort(const mg_lines *lines, mg_dtype dtype, int descending, const void *from, int32_t *to);
/// The number of the largest element of each line, from 0: the first among equals, or the first NaN.
void mg_argmax(const mg_lines *lines, mg_dtype dtype, const void *from, int32_t *to);
