#include "inflate_shim.h"

#include <string.h>
#include <zlib.h>

int mg_inflate_exactly(const uint8_t *in, size_t in_count, uint8_t *out, size_t out_count) {
  // zlib counts in 32 bits; the readers refuse larger members before they come here.
  if (in_count > UINT32_MAX || out_count > UINT32_MAX) return -1;
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return -1;
  uint8_t nowhere = 0;  // zlib wants an address even for no output
  stream.next_in = (Bytef *)in, stream.avail_in = (uInt)in_count;
  stream.next_out = out_count ? out : &nowhere, stream.avail_out = (uInt)out_count;
  int status = inflate(&stream, Z_FINISH);
  int exact = status == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0;
  inflateEnd(&stream);
  return exact ? 0 : -1;
}

uint32_t mg_crc32(const uint8_t *bytes, size_t count) {
  return (uint32_t)crc32_z(0, bytes, count);
}
