// Stores past the caches, which need not fetch what is overwritten.
#pragma once

// Results of so many bytes have left the caches before they are read.
enum { MG_STREAMED_BYTES = 4 << 20 };

/// Streamed stores are not ordered with others before this.
static inline void mg_finish_streams(void) {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}
