#include "CPictures.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

struct source {
  const uint8_t *next;
  size_t left;
};

static void fail(png_structp png, png_const_charp text) {
  struct rote_png_error *error = png_get_error_ptr(png);
  snprintf(error->text, sizeof error->text, "%s", text);
  png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void take(png_structp png, png_bytep to, size_t count) {
  struct source *source = png_get_io_ptr(png);
  if (count > source->left) png_error(png, "it ends too early");
  memcpy(to, source->next, count);
  source->next += count;
  source->left -= count;
}

static void restrict_to_pixels(png_structp png) {
  // Text and colour profiles, which could inflate to any size, are not even looked at.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  // As zlib itself has it: some writers claim a smaller window than they use.
  png_set_option(png, PNG_MAXIMUM_INFLATE_WINDOW, PNG_OPTION_ON);
}

static void convert_to_rgb(png_structp png) {
  png_set_palette_to_rgb(png);
  png_set_expand_gray_1_2_4_to_8(png);
  png_set_strip_16(png);
  png_set_strip_alpha(png);
  png_set_gray_to_rgb(png);
}

static void read(png_structp png, png_infop info, uint32_t width, uint32_t height, uint8_t *rgb) {
  restrict_to_pixels(png);
  png_read_info(png, info);
  if (png_get_image_width(png, info) != width || png_get_image_height(png, info) != height)
    png_error(png, "it has another size than was asked for");
  convert_to_rgb(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  size_t stride = (size_t)width * 3;
  if (png_get_rowbytes(png, info) != stride) png_error(png, "it cannot be converted to RGB");
  for (int pass = 0; pass < passes; pass++)
    for (uint32_t y = 0; y < height; y++) png_read_row(png, rgb + y * stride, NULL);
  png_read_end(png, NULL);
}

int rote_png_decode(
  const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *rgb, struct rote_png_error *error) {
  struct source source = {bytes, count};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, error, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  int status = -1;
  if (!info) {
    snprintf(error->text, sizeof error->text, "libpng cannot start");
  } else if (!setjmp(png_jmpbuf(png))) {
    png_set_read_fn(png, &source, take);
    read(png, info, width, height, rgb);
    status = 0;
  }
  png_destroy_read_struct(&png, &info, NULL);
  return status;
}

const char *rote_png_version(void) { return png_get_libpng_ver(NULL); }
