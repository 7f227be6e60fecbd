#pragma once
#include <png.h>
#include <string.h>

// The format and size macros of the simplified API are expressions, which do not import.
static inline png_uint_32 ascribe_png_gray(void) { return PNG_FORMAT_GRAY; }
static inline png_uint_32 ascribe_png_rgb(void) { return PNG_FORMAT_RGB; }
static inline png_uint_32 ascribe_png_color_flag(void) { return PNG_FORMAT_FLAG_COLOR; }
static inline png_uint_32 ascribe_png_alpha_flag(void) { return PNG_FORMAT_FLAG_ALPHA; }
static inline png_uint_32 ascribe_png_linear_flag(void) { return PNG_FORMAT_FLAG_LINEAR; }
static inline png_uint_32 ascribe_png_16bit_srgb_flag(void) { return PNG_IMAGE_FLAG_16BIT_sRGB; }

/// An upper bound on the bytes of the encoded image.
static inline size_t ascribe_png_size_bound(const png_image *image) {
  return PNG_IMAGE_PNG_SIZE_MAX(*image);
}

/// An image without contents, ready for the functions of the simplified API.
static inline png_image ascribe_png_image(void) {
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  return image;
}

/// The text of the last error or warning, empty when there was none.
static inline const char *ascribe_png_message(const png_image *image) { return image->message; }
