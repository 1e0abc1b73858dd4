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

MG_INLINE void NAME(load)(const mg_pointwise *program, const mg_operand *operand, const void *memory,
                          const int64_t *first, int64_t count, REAL *to, struct cached_block *cache) {
  int last = program->rank - 1;
  int64_t inner = program->sizes[last], index[MG_MAX_RANK];
  int64_t at = begin_rows(program, operand, first, index);
  // A row repeated along the axis above it, as a channel's scale is along rows and columns.
  if (last > 0 && operand->strides[last - 1] == 0) {
    int64_t outer = at - first[last] * operand->strides[last];
    int64_t left = (program->sizes[last - 1] - first[last - 1]) * inner - first[last];
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
    at = next_row(program, operand, length, index, at);
  }
}

MG_INLINE void NAME(store)(const mg_pointwise *program, void *memory, const int64_t *first, int64_t count,
                           const REAL *from) {
  const mg_operand *operand = &program->output;
  int last = program->rank - 1;
  int64_t index[MG_MAX_RANK], done = 0;
  int64_t at = begin_rows(program, operand, first, index);
  while (done < count) {
    int64_t length = program->sizes[last] - index[last];
    if (length > count - done) length = count - done;
    NAME(store_row)(from + done, memory, at, operand->strides[last], operand->dtype, length);
    done += length;
    at = next_row(program, operand, length, index, at);
  }
}

// A result may share its register with an operand, element for element: that is safe, and said so.
#define EACH(EXPRESSION)                                       \
  _Pragma("clang loop vectorize(assume_safety)")               \
  for (int64_t i = 0; i < n; i++) r[i] = (REAL)(EXPRESSION);   \
  break;

// Calls into the maths library: nothing to vectorise.
#define EACH_CALL(EXPRESSION)                                  \
  for (int64_t i = 0; i < n; i++) r[i] = (REAL)(EXPRESSION);   \
  break;

MG_INLINE void NAME(execute)(mg_instruction instruction, REAL *const *registers, int64_t n) {
  REAL *r = registers[instruction.result];
  const REAL *a = registers[instruction.a], *b = registers[instruction.b], *c = registers[instruction.c];
  switch ((mg_opcode)instruction.opcode) {
    case MG_COPY: EACH(a[i])
    case MG_NEGATE: EACH(-a[i])
    case MG_ABS: EACH(FABS(a[i]))
    case MG_SIGN: EACH(a[i] != a[i] ? a[i] : (REAL)((a[i] > 0) - (a[i] < 0)))
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
    case MG_SOFTPLUS: EACH_MATH(SOFTPLUS(a[i]))
    case MG_FLOOR: EACH_CALL(FLOOR(a[i]))
    case MG_NOT: EACH(a[i] == 0)
    case MG_ADD: EACH(a[i] + b[i])
    case MG_SUBTRACT: EACH(a[i] - b[i])
    case MG_MULTIPLY: EACH(a[i] * b[i])
    case MG_DIVIDE: EACH(a[i] / b[i])
    case MG_POWER: EACH_CALL(POW(a[i], b[i]))
    case MG_MAXIMUM: EACH(a[i] != a[i] ? a[i] : (a[i] > b[i] ? a[i] : b[i]))
    case MG_MINIMUM: EACH(a[i] != a[i] ? a[i] : (a[i] < b[i] ? a[i] : b[i]))
    case MG_LESS: EACH(a[i] < b[i])
    case MG_LESS_EQUAL: EACH(a[i] <= b[i])
    case MG_EQUAL: EACH(a[i] == b[i])
    case MG_NOT_EQUAL: EACH(a[i] != b[i])
    case MG_SELECT: EACH(a[i] != 0 ? b[i] : c[i])
  }
}
#undef EACH
#undef EACH_CALL

CLONES void NAME(run_range)(const mg_pointwise *program, const void *const *inputs, void *output,
                            int64_t start, int64_t stop) {
  // Temporaries first touched here stay in this thread's L1; only as many as the program names are used.
  _Alignas(64) REAL scratch[MG_MAX_REGISTERS * MAX_BLOCK];
  REAL *registers[MG_MAX_REGISTERS];
  struct cached_block caches[MG_MAX_REGISTERS];
  for (int i = 0; i < program->register_count; i++) registers[i] = scratch + i * MAX_BLOCK;
  for (int i = 0; i < program->input_count; i++) caches[i] = (struct cached_block){0, 0, -1};
  for (int k = 0; k < program->constant_count; k++) {
    REAL *r = registers[program->input_count + k];
    for (int64_t i = 0; i < program->block; i++) r[i] = (REAL)program->constants[k];
  }
  int last = program->rank - 1;
  int flat = program->rank == 1;
  for (int64_t at = start; at < stop; at += program->block) {
    int64_t n = stop - at < program->block ? stop - at : program->block;
    int64_t first[MG_MAX_RANK];
    locate(program, at, first);
    for (int i = 0; i < program->input_count; i++) {
      const mg_operand *operand = &program->inputs[i];
      if (flat && operand->strides[last] == 1 && operand->dtype == WORK_DTYPE)
        registers[i] = (REAL *)inputs[i] + operand->offset + at;
      else
        NAME(load)(program, operand, inputs[i], first, n, registers[i], &caches[i]);
    }
    REAL *root = registers[program->root];
    int direct = flat && program->output.strides[last] == 1 && program->output.dtype == WORK_DTYPE &&
                 program->instruction_count > 0;
    if (direct) registers[program->root] = (REAL *)output + program->output.offset + at;
    for (int k = 0; k < program->instruction_count; k++)
      NAME(execute)(program->instructions[k], registers, n);
    if (!direct) NAME(store)(program, output, first, n, registers[program->root]);
    registers[program->root] = root;
  }
}

#undef REAL
#undef NAME
#undef EXP
#undef LOG
#undef LOG1P
#undef TANH
#undef SIGMOID
#undef SOFTPLUS
#undef SQRT
#undef FABS
#undef FLOOR
#undef SIN
#undef COS
#undef POW
#undef WORK_DTYPE
#undef EACH_MATH
