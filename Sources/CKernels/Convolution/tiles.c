#include "tiles.h"
#include <pthread.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
#define ROLL _Pragma("clang loop unroll(disable)")
#define IN_FOURS _Pragma("clang loop unroll_count(4)")
#define WINOGRAD_P 0.625f
#define WINOGRAD_Q 1.5f
#define STRIDED_P 0.5f
#define STRIDED_Q 1.25f

#define CASES_6 CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#define CASES_14 CASES_6 CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)

// What every processor has: four lanes.
#define LANES 4
#define ROWS 6
#define DOT_ROWS 12
#define CASES CASES_6
#define NAME(x) x##_plain
#include "tiles_body.h"

#if defined(__x86_64__)
// Sixteen registers of eight lanes: 6 × 2 sums, two columns and a broadcast.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define ROWS 6
#define DOT_ROWS 12
#define CASES CASES_6
#define NAME(x) x##_avx2
#include "tiles_body.h"
#pragma clang attribute pop

// Thirty-two registers of sixteen lanes: 14 × 2 sums, two columns; products broadcast from memory.
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), \
                             apply_to = function)
#define LANES 16
#define ROWS 14
#define DOT_ROWS 12
#define CASES CASES_14
#define NAME(x) x##_avx512
#include "tiles_body.h"
#pragma clang attribute pop
#endif

const struct tiles *mg_tiles(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
    return &mg_tiles_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &mg_tiles_avx2;
#endif
  return &mg_tiles_plain;
}
