// One task of a fold for one working type; included once for Float32 and once for Float64.

/// Folds `count` elements that are `stride` apart.
INLINE double NAME(fold_row)(const REAL *p, int64_t stride, int64_t count, mg_reduction_kind kind) {
#pragma clang fp reassociate(on) contract(fast)
  if (kind == MG_SUM) {
    if (stride == 1) {
      REAL sum = 0;
      for (int64_t i = 0; i < count; i++) sum += p[i];
      return (double)sum;
    }
    // One running sum instead of a vector of them: in Float32 its rounding would show.
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += (double)p[i * stride];
    return sum;
  }
  REAL value = -INFINITY;
  for (int64_t i = 0; i < count; i++) {
    REAL x = p[i * stride];
    value = (x > value || x != x) ? x : value;
  }
  return (double)value;
}

/// Folds rows `first..<stop` of `lanes` neighbouring outputs into `totals`.
INLINE void NAME(fold_lanes)(const struct split *split, const REAL *base, int64_t first, int64_t stop,
                             int64_t lanes, double *totals) {
  const mg_reduction *r = split->reduction;
  REAL partial[MAX_LANES];
  int64_t row = first;
  while (row < stop) {
    int64_t limit = row + ROWS_PER_PARTIAL < stop ? row + ROWS_PER_PARTIAL : stop;
    for (int64_t lane = 0; lane < lanes; lane++) partial[lane] = r->kind == MG_SUM ? 0 : -INFINITY;
    while (row < limit) {
      // The innermost reduced axis runs by its stride; only its start needs a division.
      const REAL *p = base + offset_of(row, r->reduced_rank, r->reduced_sizes, r->reduced_strides);
      int64_t run = 1, step = 0;
      if (r->reduced_rank > 0) {
        int64_t inner = r->reduced_sizes[r->reduced_rank - 1];
        step = r->reduced_strides[r->reduced_rank - 1];
        run = inner - row % inner;
      }
      if (run > limit - row) run = limit - row;
      for (int64_t i = 0; i < run; i++, p += step) {
        if (r->kind == MG_SUM)
          for (int64_t lane = 0; lane < lanes; lane++) partial[lane] += p[lane];
        else
          for (int64_t lane = 0; lane < lanes; lane++)
            partial[lane] = (p[lane] > partial[lane] || p[lane] != p[lane]) ? p[lane] : partial[lane];
      }
      row += run;
    }
    for (int64_t lane = 0; lane < lanes; lane++) {
      double x = (double)partial[lane];
      if (r->kind == MG_SUM)
        totals[lane] += x;
      else
        totals[lane] = (x > totals[lane] || x != x) ? x : totals[lane];
    }
  }
}

/// Folds row pieces `first..<stop` of one output.
INLINE double NAME(fold_rows)(const struct split *split, const REAL *base, int64_t first, int64_t stop) {
  const mg_reduction *r = split->reduction;
  int64_t stride = r->reduced_rank > 0 ? r->reduced_strides[r->reduced_rank - 1] : 0;
  double total = r->kind == MG_SUM ? 0 : -INFINITY;
  for (int64_t at = first; at < stop; at++) {
    int64_t start = at % split->pieces * PIECE;
    int64_t count = split->row - start < PIECE ? split->row - start : PIECE;
    const REAL *p = base + start * stride;
    if (r->reduced_rank > 0)
      p += offset_of(at / split->pieces, r->reduced_rank - 1, r->reduced_sizes, r->reduced_strides);
    double x = NAME(fold_row)(p, stride, count, r->kind);
    if (r->kind == MG_SUM)
      total += x;
    else
      total = (x > total || x != x) ? x : total;
  }
  return total;
}

/// Keeps what a task found: in the result, or beside the other parts' where a fold was split.
INLINE void NAME(keep)(const struct split *split, int64_t part, int64_t outer, int outer_rank, int64_t lane,
                       int64_t lanes, const double *totals) {
  const mg_reduction *r = split->reduction;
  if (split->parts > 1) {
    double *place = split->partials + part * split->kept + outer * split->lanes + lane;
    for (int64_t i = 0; i < lanes; i++) place[i] = totals[i];
    return;
  }
  int64_t step = outer_rank < r->kept_rank ? r->kept_output_strides[outer_rank] : 1;
  REAL *place = (REAL *)split->output + r->output_offset + lane * step +
                offset_of(outer, outer_rank, r->kept_sizes, r->kept_output_strides);
  for (int64_t i = 0; i < lanes; i++) place[i * step] = (REAL)totals[i];
}

INLINE void NAME(fold_task)(const struct split *split, int64_t task) {
  const mg_reduction *r = split->reduction;
  int64_t part = task % split->parts, unit = task / split->parts;
  int64_t segment = unit % split->segments, outer = unit / split->segments;
  int64_t first = part * split->rows_per_part, stop = first + split->rows_per_part;
  if (stop > split->rows) stop = split->rows;
  int outer_rank = split->lanes > 1 ? r->kept_rank - 1 : r->kept_rank;
  const REAL *base = (const REAL *)split->input + r->input_offset +
                     offset_of(outer, outer_rank, r->kept_sizes, r->kept_input_strides);
  double totals[MAX_LANES];
  int64_t lane = segment * MAX_LANES;
  int64_t lanes = split->lanes - lane < MAX_LANES ? split->lanes - lane : MAX_LANES;
  if (split->lanes == 1) {
    totals[0] = NAME(fold_rows)(split, base, first, stop);
  } else {
    for (int64_t i = 0; i < lanes; i++) totals[i] = r->kind == MG_SUM ? 0 : -INFINITY;
    NAME(fold_lanes)(split, base + lane, first, stop, lanes, totals);
  }
  NAME(keep)(split, part, outer, outer_rank, lane, lanes, totals);
}

CLONES static void NAME(fold_tasks)(const struct split *split, int64_t first, int64_t stop) {
  for (int64_t task = first; task < stop; task++) NAME(fold_task)(split, task);
}

#undef REAL
#undef NAME
