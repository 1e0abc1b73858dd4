#include "png_shim.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

// ---------------------------------------------------------------- errors

static void fail(png_structp png, png_const_charp message) {
  mg_png_error *error = png_get_error_ptr(png);
  strncpy(error->text, message, sizeof error->text - 1);
  error->text[sizeof error->text - 1] = 0;
  png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp message) { (void)png, (void)message; }

static void set_text(mg_png_error *error, const char *text) {
  strncpy(error->text, text, sizeof error->text - 1);
  error->text[sizeof error->text - 1] = 0;
}

// ---------------------------------------------------------------- reading

typedef struct {
  const uint8_t *bytes;
  size_t count, position;
} source;

static void read_source(png_structp png, png_bytep out, size_t count) {
  source *from = png_get_io_ptr(png);
  if (count > from->count - from->position) png_error(png, "the file ends early");
  memcpy(out, from->bytes + from->position, count);
  from->position += count;
}

// Sets the transformations that bring every kind of PNG to 8 or 16 bits a sample. Palettes stay
// indices: libpng does not refuse an index beyond the palette when it expands, the caller does.
static void set_transformations(png_structp png, png_infop info) {
  int color = png_get_color_type(png, info);
  png_set_packing(png);
  if (color == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
  if (color != PNG_COLOR_TYPE_PALETTE && png_get_valid(png, info, PNG_INFO_tRNS))
    png_set_tRNS_to_alpha(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
}

static void copy_palette(png_structp png, png_infop info, mg_png_info *out) {
  png_colorp colors = NULL;
  png_bytep alpha = NULL;
  int alpha_count = 0;
  if (png_get_color_type(png, info) != PNG_COLOR_TYPE_PALETTE) return;
  if (!png_get_PLTE(png, info, &colors, &out->palette_count)) png_error(png, "no palette");
  png_get_tRNS(png, info, &alpha, &alpha_count, NULL);
  for (int i = 0; i < out->palette_count && i < 256; i++) {
    uint8_t *entry = out->palette + 4 * i;
    entry[0] = colors[i].red, entry[1] = colors[i].green, entry[2] = colors[i].blue;
    entry[3] = i < alpha_count ? alpha[i] : 255;
    if (entry[3] != 255) out->palette_has_alpha = 1;
  }
}

// Both entry points: `out` for the information only, `pixels` for the image too.
static int read_png(
  const uint8_t *bytes, size_t count, mg_png_info *out, uint8_t *pixels, size_t size,
  mg_png_error *error) {
  source from = {bytes, count, 0};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, error, fail, ignore_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  png_bytep *volatile rows = NULL;
  if (!info) {
    png_destroy_read_struct(&png, NULL, NULL);
    set_text(error, "libpng could not start");
    return -1;
  }
  if (setjmp(png_jmpbuf(png))) {
    free(rows);
    png_destroy_read_struct(&png, &info, NULL);
    return -1;
  }
  png_set_read_fn(png, &from, read_source);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_chunk_cache_max(png, 64);
  png_set_chunk_malloc_max(png, 1 << 22);
  png_read_info(png, info);
  if (out) {
    memset(out, 0, sizeof *out);
    out->width = png_get_image_width(png, info);
    out->height = png_get_image_height(png, info);
    copy_palette(png, info, out);
  }
  set_transformations(png, info);
  if (out) {
    out->channels = png_get_channels(png, info);
    out->depth = png_get_bit_depth(png, info);
  }
  if (pixels) {
    size_t height = png_get_image_height(png, info), stride = png_get_rowbytes(png, info);
    if (stride == 0 || size / stride != height || size % stride) png_error(png, "size changed");
    rows = malloc(height * sizeof *rows);
    if (!rows) png_error(png, "out of memory");
    for (size_t row = 0; row < height; row++) rows[row] = pixels + row * stride;
    png_read_image(png, rows);
    png_read_end(png, NULL);
  }
  free(rows);
  png_destroy_read_struct(&png, &info, NULL);
  return 0;
}

int mg_png_read_info(const uint8_t *bytes, size_t count, mg_png_info *info, mg_png_error *error) {
  return read_png(bytes, count, info, NULL, 0, error);
}

int mg_png_decode(
  const uint8_t *bytes, size_t count, uint8_t *pixels, size_t size, mg_png_error *error) {
  return read_png(bytes, count, NULL, pixels, size, error);
}

// ---------------------------------------------------------------- writing

typedef struct {
  uint8_t *bytes;
  size_t count, capacity;
} sink;

static void write_sink(png_structp png, png_bytep data, size_t count) {
  sink *to = png_get_io_ptr(png);
  if (to->count + count > to->capacity) {
    size_t capacity = 2 * (to->count + count) + 4096;
    uint8_t *grown = realloc(to->bytes, capacity);
    if (!grown) png_error(png, "out of memory");
    to->bytes = grown, to->capacity = capacity;
  }
  memcpy(to->bytes + to->count, data, count);
  to->count += count;
}

static void flush_sink(png_structp png) { (void)png; }

int mg_png_encode(
  const uint8_t *pixels, uint32_t width, uint32_t height, int channels, uint8_t **out,
  size_t *out_count, mg_png_error *error) {
  sink to = {NULL, 0, 0};  // its address is taken by libpng: never cached in a register
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, error, fail, ignore_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    png_destroy_write_struct(&png, NULL);
    set_text(error, "libpng could not start");
    return -1;
  }
  if (setjmp(png_jmpbuf(png))) {
    free(to.bytes);
    png_destroy_write_struct(&png, &info);
    return -1;
  }
  png_set_write_fn(png, &to, write_sink, flush_sink);
  int color = channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB;
  png_set_IHDR(
    png, info, width, height, 8, color, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
    PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (uint32_t row = 0; row < height; row++)
    png_write_row(png, pixels + (size_t)row * width * channels);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  *out = to.bytes, *out_count = to.count;
  return 0;
}

void mg_png_free(uint8_t *bytes) { free(bytes); }
