// PNG through libpng. Errors inside libpng are jumps; they start and end in png.c, so that no jump
// ever crosses a Swift frame.
#ifndef MG_PNG_SHIM_H
#define MG_PNG_SHIM_H

#include <stddef.h>
#include <stdint.h>

/// What a PNG holds, as the decoder will deliver it.
typedef struct {
  uint32_t width, height;
  /// Samples a pixel: 1 grey or palette index, 2 grey and alpha, 3 RGB, 4 RGBA.
  int channels;
  /// Bits a sample: 8, or 16 (most significant byte first).
  int depth;
  /// Number of palette entries; 0 when the samples are not palette indices.
  int palette_count;
  /// Red, green, blue, alpha of every palette entry.
  uint8_t palette[256 * 4];
  /// Whether some palette entry is not opaque.
  int palette_has_alpha;
} mg_png_info;

/// Room for one line of text about what went wrong.
typedef struct {
  char text[160];
} mg_png_error;

/// Reads everything before the pixels. Returns 0, or -1 with `error` filled.
int mg_png_read_info(const uint8_t *bytes, size_t count, mg_png_info *info, mg_png_error *error);

/// Decodes into `pixels` of exactly `size` bytes, rows from the top, without padding.
/// Returns 0, or -1 with `error` filled; `pixels` is then unspecified.
int mg_png_decode(
  const uint8_t *bytes, size_t count, uint8_t *pixels, size_t size, mg_png_error *error);

/// Encodes 8-bit samples of 1 (grey) or 3 (RGB) channels. On success returns 0 and hands over memory
/// that `mg_png_free` releases.
int mg_png_encode(
  const uint8_t *pixels, uint32_t width, uint32_t height, int channels, uint8_t **out,
  size_t *out_count, mg_png_error *error);

/// Releases what `mg_png_encode` returned.
void mg_png_free(uint8_t *bytes);

#endif
