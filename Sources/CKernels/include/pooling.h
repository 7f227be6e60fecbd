#pragma once
#include <stdint.h>

// Largest values of windows; pixels have their channels side by side. The first of equal values wins,
// a NaN before all; pixels of the padding never do.

typedef struct {
  int64_t height, width, channels;  ///< of an image
  int64_t kernel_height, kernel_width, stride, padding;
  int64_t out_height, out_width;
} ascribe_pool;

/// y = the largest of each window of rows first..<last of the output, and which pixel of the image it
/// was, as a float. y and place are those of row `first`; place may be null.
void ascribe_max_pool(const ascribe_pool *shape, const float *image, int64_t first, int64_t last,
                      float *y, float *place);

/// dx = dy at the pixels `place`, 0 elsewhere, sums where windows overlap: a whole image.
void ascribe_max_pool_backward(const ascribe_pool *shape, const float *dy, const float *place,
                               float *dx);

/// y[t] = the largest of 2 x 2 pixels, each first x <= 0 ? 0 : x, then times scale plus shift, twice; a
/// scale or shift that is null is left out. x is two rows of 2 * columns pixels, x_row floats apart.
void ascribe_relu_pool(const float *x, int64_t x_row, int64_t columns, int64_t channels,
                       const float *const scales[2], const float *const shifts[2], float *y);
