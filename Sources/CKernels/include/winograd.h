#pragma once
#include <stdint.h>

// The transforms of Winograd's F(4 x 4, 3 x 3) convolution; pixels have their channels side by side,
// `channels` is a multiple of 16. An array of 36 has its element k at v + k * stride.

/// v = B^T d B of the 6 x 6 pixels from (top, left) of an image; those outside it are 0.
void ascribe_winograd_windows(const float *image, int64_t height, int64_t width, int64_t channels,
                              int64_t top, int64_t left, float *v, int64_t stride);

/// y = A^T m A + bias: rows x columns (at most 4 x 4) pixels of an image `width` wide from y on.
/// bias may be null.
void ascribe_winograd_outputs(const float *m, int64_t stride, const float *bias, float *y,
                              int64_t width, int64_t channels, int64_t rows, int64_t columns);

/// v = A e A^T of rows x columns (at most 4 x 4) pixels of an image `width` wide from e on.
void ascribe_winograd_slopes(const float *e, int64_t width, int64_t channels, int64_t rows,
                             int64_t columns, float *v, int64_t stride);

/// u = G g G^T of a 3 x 3 kernel.
void ascribe_winograd_kernel(const float *g, int64_t channels, float *u, int64_t stride);

/// g = G^T u G.
void ascribe_winograd_kernel_gradient(const float *u, int64_t stride, int64_t channels, float *g);
