// The block interpreter for one working type; included once for Float32 and once for Float64.

/// Copies `count` elements that are `stride` apart into a register, converting them.
MG_INLINE void NAME(load_row)(REAL *to, const void *from, int64_t at, int64_t stride, mg_dtype dtype,
                              int64_t count) {
#define ROW(TYPE)                                                     \
  {                                                                   \
    const TYPE *p = (const TYPE *)from + at;                          \
    if (stride == 1)                                                  \
      for (int64_t i = 0; i < count; i++) to[i] = (REAL)p[i];         \
    else if (stride == 0)                                             \
      for (int64_t i = 0; i < count; i++) to[i] = (REAL)p[0];         \
    else                                                              \
      for (int64_t i = 0; i < count; i++) to[i] = (REAL)p[i * stride]; \
  }
  switch (dtype) {
    case MG_F32: ROW(float) break;
    case MG_F64: ROW(double) break;
    case MG_I32: ROW(int32_t) break;
    case MG_BOOL: ROW(uint8_t) break;
  }
#undef ROW
}

MG_INLINE void NAME(store_row)(const REAL *from, void *to, int64_t at, int64_t stride, mg_dtype dtype,
                               int64_t count) {
  switch (dtype) {
    case MG_F32: {
      float *p = (float *)to + at;
      for (int64_t i = 0; i < count; i++) p[i * stride] = (float)from[i];
      break;
    }
    case MG_F64: {
      double *p = (double *)to + at;
      for (int64_t i = 0; i < count; i++) p[i * stride] = (double)from[i];
      break;
    }
    case MG_I32: {
      int32_t *p = (int32_t *)to + at;
      for (int64_t i = 0; i < count; i++) {
        double v = (double)from[i];
        p[i * stride] = v != v ? 0 : v >= 2147483647.0 ? INT32_MAX : v <= -2147483648.0 ? INT32_MIN : (int32_t)v;
      }
      break;
    }
    case MG_BOOL: {
      uint8_t *p = (uint8_t *)to + at;
      for (int64_t i = 0; i < count; i++) p[i * stride] = from[i] != 0;
      break;
    }
  }
}

MG_INLINE void NAME(load)(const mg_fused *loops, const mg_operand *operand, const void *memory,
                          const int64_t *first, int64_t count, REAL *to, struct cached_block *cache) {
  int last = loops->rank - 1;
  int64_t inner = loops->sizes[last], index[MG_MAX_RANK];
  int64_t at = begin_rows(loops, operand, first, index);
  // A row repeated along the axis above it, as a channel's scale is along rows and columns.
  if (last > 0 && operand->strides[last - 1] == 0) {
    int64_t outer = at - first[last] * operand->strides[last];
    int64_t left = (loops->sizes[last - 1] - first[last - 1]) * inner - first[last];
    if (count <= left) {
      if (cache->outer_offset == outer && cache->phase == first[last] && cache->count >= count) return;
      *cache = (struct cached_block){outer, first[last], count};
    } else {
      cache->count = -1;
    }
  }
  int64_t done = 0;
  while (done < count) {
    int64_t length = inner - index[last];
    if (length > count - done) length = count - done;
    NAME(load_row)(to + done, memory, at, operand->strides[last], operand->dtype, length);
    done += length;
    at = advance(loops, operand, last, length, index, at);
  }
}

MG_INLINE void NAME(store)(const mg_fused *loops, const mg_operand *operand, void *memory, const int64_t *first,
                           int64_t count, const REAL *from) {
  int last = loops->rank - 1;
  int64_t index[MG_MAX_RANK], done = 0;
  int64_t at = begin_rows(loops, operand, first, index);
  while (done < count) {
    int64_t length = loops->sizes[last] - index[last];
    if (length > count - done) length = count - done;
    NAME(store_row)(from + done, memory, at, operand->strides[last], operand->dtype, length);
    done += length;
    at = advance(loops, operand, last, length, index, at);
  }
}

/// Stores a dense row past the caches, which need not fetch what is overwritten.
MG_INLINE void NAME(stream)(const REAL *from, REAL *to, int64_t count) {
  typedef REAL vector __attribute__((vector_size(32)));
  typedef REAL unaligned __attribute__((vector_size(32), aligned(sizeof(REAL)), may_alias));
  const int64_t lanes = 32 / sizeof(REAL);
  int64_t i = 0;
  for (; i < count && (uintptr_t)(to + i) % 32; i++) to[i] = from[i];
  for (; i + lanes <= count; i += lanes)
    __builtin_nontemporal_store((vector) * (const unaligned *)(from + i), (vector *)(to + i));
  for (; i < count; i++) to[i] = from[i];
}

#define LOOP(EXPRESSION)                                      \
  for (int64_t i = 0; i < n; i++) r[i] = (REAL)(EXPRESSION);  \
  break;

// A result may share its register with an operand, element for element: that is safe, and said so.
#define EACH(EXPRESSION) _Pragma("clang loop vectorize(assume_safety)") LOOP(EXPRESSION)

// Long chains of sums: two vectors at a time wait less for each other.
#define EACH_TWICE(EXPRESSION) _Pragma("clang loop vectorize(assume_safety) interleave_count(2)") LOOP(EXPRESSION)

// Calls into the maths library: nothing to vectorise.
#define EACH_CALL(EXPRESSION) LOOP(EXPRESSION)

MG_INLINE void NAME(execute)(mg_instruction instruction, REAL *const *registers, int64_t n) {
  REAL *r = registers[instruction.result];
  const REAL *a = registers[instruction.a], *b = registers[instruction.b], *c = registers[instruction.c];
  const REAL *d = registers[instruction.d];
  switch ((mg_opcode)instruction.opcode) {
    case MG_COPY: EACH(a[i])
    case MG_NEGATE: EACH(-a[i])
    case MG_ABS: EACH(FABS(a[i]))
    case MG_SIGN: EACH(NAME(pick)(a[i] != a[i], a[i], (REAL)(a[i] > 0) - (REAL)(a[i] < 0)))
    case MG_EXP: EACH_MATH(EXP(a[i]))
    case MG_LOG: EACH_MATH(LOG(a[i]))
    case MG_LOG1P: EACH_MATH(LOG1P(a[i]))
    case MG_SQRT: EACH(SQRT(a[i]))
    case MG_SQUARE: EACH(a[i] * a[i])
    case MG_RECIPROCAL: EACH(1 / a[i])
    case MG_SIN: EACH_CALL(SIN(a[i]))
    case MG_COS: EACH_CALL(COS(a[i]))
    case MG_TANH: EACH_MATH(TANH(a[i]))
    case MG_SIGMOID: EACH_MATH(SIGMOID(a[i]))
    case MG_SWISH: EACH_MATH(SWISH(a[i]))
    case MG_SOFTPLUS: EACH_MATH(SOFTPLUS(a[i]))
    case MG_FLOOR: EACH_CALL(FLOOR(a[i]))
    case MG_ROUND: EACH_CALL(ROUND(a[i]))
    case MG_ERF: EACH_CALL(ERF(a[i]))
    case MG_NOT: EACH(a[i] == 0)
    case MG_ADD: EACH(a[i] + b[i])
    case MG_SUBTRACT: EACH(a[i] - b[i])
    case MG_MULTIPLY: EACH(a[i] * b[i])
    case MG_DIVIDE: EACH(a[i] / b[i])
    case MG_POWER: EACH_CALL(POW(a[i], b[i]))
    case MG_ATAN2: EACH_CALL(ATAN2(a[i], b[i]))
    case MG_MAXIMUM: EACH(NAME(pick)(a[i] != a[i], a[i], a[i] > b[i] ? a[i] : b[i]))
    case MG_MINIMUM: EACH(NAME(pick)(a[i] != a[i], a[i], a[i] < b[i] ? a[i] : b[i]))
    case MG_LESS: EACH(a[i] < b[i])
    case MG_LESS_EQUAL: EACH(a[i] <= b[i])
    case MG_EQUAL: EACH(a[i] == b[i])
    case MG_NOT_EQUAL: EACH(a[i] != b[i])
    case MG_MULTIPLY_ADD: EACH(a[i] * b[i] + c[i])
    case MG_SELECT: EACH(NAME(pick)(a[i], b[i], c[i]))
    case MG_SELECT_LESS: EACH(NAME(pick)(a[i] < b[i], c[i], d[i]))
    case MG_SELECT_LESS_EQUAL: EACH(NAME(pick)(a[i] <= b[i], c[i], d[i]))
  }
}
#undef LOOP
#undef EACH
#undef EACH_TWICE
#undef EACH_CALL

/// Folds `rows` rows, `step` elements apart, of `lanes` neighbours into as many accumulators; of products, `w`
/// holds the other factors. Called with constants for `lanes`, so that the partial results stay in registers.
MG_INLINE void NAME(fold_group)(const REAL *v, const REAL *w, int64_t rows, int64_t step, int64_t lanes,
                                mg_result_kind kind, double *into) {
  REAL partial[LANES];
#define ROWS(FIRST, NEXT)                                                  \
  {                                                                        \
    for (int64_t i = 0; i < lanes; i++) partial[i] = FIRST;                \
    for (int64_t row = 1, at = step; row < rows; row++, at += step)        \
      for (int64_t i = 0; i < lanes; i++) partial[i] = NEXT;               \
  }
  if (kind == MG_SUM)
    ROWS(v[i], partial[i] + v[at + i])
  else if (kind == MG_SUM_OF_PRODUCTS)
    ROWS(v[i] * w[i], partial[i] + v[at + i] * w[at + i])
  else
    ROWS(v[i], NAME(larger)(partial[i], v[at + i]))
#undef ROWS
  if (kind == MG_MAX)
    for (int64_t i = 0; i < lanes; i++) into[i] = larger_f64(into[i], (double)partial[i]);
  else
    for (int64_t i = 0; i < lanes; i++) into[i] += (double)partial[i];
}

/// Folds one row into one accumulator.
MG_INLINE double NAME(fold_row)(const REAL *v, const REAL *w, int64_t count, mg_result_kind kind, double into) {
#pragma clang fp reassociate(on)
  if (kind != MG_MAX) {
    REAL sum = 0;
    if (kind == MG_SUM)
      for (int64_t i = 0; i < count; i++) sum += v[i];
    else
      for (int64_t i = 0; i < count; i++) sum += v[i] * w[i];
    return into + (double)sum;
  }
  REAL value = (REAL)into;
  if (count >= 2 * LANES) {
    // As many short rows: a single chain would wait for each maximum.
    double lanes[LANES];
    for (int64_t i = 0; i < LANES; i++) lanes[i] = into;
    NAME(fold_group)(v, v, count / LANES, LANES, LANES, kind, lanes);
    for (int64_t i = 0; i < LANES; i++) value = NAME(larger)(value, (REAL)lanes[i]);
    v += count / LANES * LANES;
    count %= LANES;
  }
  for (int64_t i = 0; i < count; i++) value = NAME(larger)(value, v[i]);
  return (double)value;
}

/// Folds `rows` rows of `count` neighbouring elements into `count` accumulators.
MG_INLINE void NAME(fold_lanes)(const REAL *v, const REAL *w, int64_t rows, int64_t count, mg_result_kind kind,
                                double *into) {
  int64_t lane = 0;
  for (; lane + LANES <= count; lane += LANES)
    NAME(fold_group)(v + lane, w + lane, rows, count, LANES, kind, into + lane);
  if (lane < count) NAME(fold_group)(v + lane, w + lane, rows, count, count - lane, kind, into + lane);
}

/// Folds a block of `v`, or of its products with `w`. The innermost axis is either folded or the
/// accumulators' innermost, with stride 1.
MG_INLINE void NAME(fold)(const mg_fused *loops, const mg_result *result, double *into, const int64_t *first,
                          int64_t count, const REAL *v, const REAL *w) {
  const mg_operand *operand = &result->target;
  int last = loops->rank - 1;
  int64_t inner = loops->sizes[last], stride = operand->strides[last], index[MG_MAX_RANK], done = 0;
  mg_operand placed = *operand;
  placed.offset = 0;
  int64_t at = begin_rows(loops, &placed, first, index);
  while (done < count) {
    int64_t length = inner - index[last], rows = 1;
    if (length > count - done) length = count - done;
    if (stride == 0) {
      into[at] = NAME(fold_row)(v + done, w + done, length, result->kind, into[at]);
    } else {
      if (length == inner && last > 0 && placed.strides[last - 1] == 0) {
        rows = loops->sizes[last - 1] - index[last - 1];
        if (rows > (count - done) / inner) rows = (count - done) / inner;
        if (rows > ROWS_PER_PARTIAL) rows = ROWS_PER_PARTIAL;
      }
      NAME(fold_lanes)(v + done, w + done, rows, length, result->kind, into + at);
    }
    done += rows * length;
    // Several rows are whole ones.
    at = rows > 1 ? advance(loops, &placed, last - 1, rows, index, at)
                  : advance(loops, &placed, last, length, index, at);
  }
}

CLONES static void NAME(run_range)(const mg_fused *loops, void *const *memory, int64_t start, int64_t stop,
                                   int64_t unit) {
  // Temporaries first touched here stay in this thread's L1; only as many as the loops name are used.
  _Alignas(64) REAL scratch[MG_MAX_REGISTERS * MAX_BLOCK];
  REAL *registers[MG_MAX_REGISTERS];
  struct cached_block caches[MG_MAX_REGISTERS];
  int64_t block = stop - start < loops->block ? stop - start : loops->block;
  for (int i = 0; i < loops->register_count; i++) registers[i] = scratch + i * MAX_BLOCK;
  for (int i = 0; i < loops->input_count; i++) caches[i] = (struct cached_block){0, 0, -1};
  for (int k = 0; k < loops->constant_count; k++) {
    REAL *r = registers[loops->input_count + k];
    for (int64_t i = 0; i < block; i++) r[i] = (REAL)loops->constants[k];
  }
  // Operands that follow the loops through memory are read, and written, right where they lie.
  int dense[MG_MAX_REGISTERS], direct[MG_MAX_RESULTS], streamed[MG_MAX_RESULTS];
  for (int i = 0; i < loops->input_count; i++)
    dense[i] = loops->inputs[i].dtype == WORK_DTYPE && is_dense(loops, &loops->inputs[i]);
  for (int k = 0; k < loops->result_count; k++) {
    const mg_result *result = &loops->results[k];
    int follows =
        result->kind == MG_STORE && result->target.dtype == WORK_DTYPE && is_dense(loops, &result->target);
    streamed[k] = follows && result->is_streamed;
    direct[k] = follows && !streamed[k] && result->source >= loops->input_count + loops->constant_count;
  }
  for (int64_t at = start; at < stop; at += loops->block) {
    int64_t n = stop - at < loops->block ? stop - at : loops->block;
    int64_t first[MG_MAX_RANK];
    locate(loops, at, first);
    for (int i = 0; i < loops->input_count; i++) {
      const mg_operand *operand = &loops->inputs[i];
      if (dense[i])
        registers[i] = (REAL *)memory[operand->buffer] + operand->offset + at;
      else
        NAME(load)(loops, operand, memory[operand->buffer], first, n, registers[i], &caches[i]);
    }
    for (int k = 0; k < loops->result_count; k++)
      if (direct[k]) {
        const mg_operand *target = &loops->results[k].target;
        registers[loops->results[k].source] = (REAL *)memory[target->buffer] + target->offset + at;
      }
    for (int k = 0; k < loops->instruction_count; k++)
      NAME(execute)(loops->instructions[k], registers, n);
    for (int k = 0; k < loops->result_count; k++) {
      const mg_result *result = &loops->results[k];
      const REAL *from = registers[result->source];
      if (result->kind != MG_STORE) {
        double *into = (double *)memory[result->accumulators] + (result->is_shared ? unit * result->kept : 0);
        NAME(fold)(loops, result, into, first, n, from, registers[result->factor]);
      } else if (streamed[k]) {
        NAME(stream)(from, (REAL *)memory[result->target.buffer] + result->target.offset + at, n);
      } else if (!direct[k]) {
        NAME(store)(loops, &result->target, memory[result->target.buffer], first, n, from);
      }
    }
  }
}

#undef REAL
#undef NAME
#undef EXP
#undef LOG
#undef LOG1P
#undef TANH
#undef SIGMOID
#undef SWISH
#undef SOFTPLUS
#undef SQRT
#undef FABS
#undef FLOOR
#undef ROUND
#undef ERF
#undef SIN
#undef COS
#undef POW
#undef ATAN2
#undef WORK_DTYPE
#undef EACH_MATH
