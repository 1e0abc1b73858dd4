// The two things of zlib that zip archives need.
#ifndef MG_INFLATE_SHIM_H
#define MG_INFLATE_SHIM_H

#include <stddef.h>
#include <stdint.h>

/// Inflates a raw deflate stream that must fill `out` exactly and end there.
/// Returns 0, or -1 for broken data or any other length, in or out.
int mg_inflate_exactly(const uint8_t *in, size_t in_count, uint8_t *out, size_t out_count);

/// CRC-32 as zip and PNG use it.
uint32_t mg_crc32(const uint8_t *bytes, size_t count);

#endif
