#pragma once
#include <stdint.h>

// The transforms of Winograd's F(2 x 2, 3 x 3) convolution, for a row of tiles side by side; pixels
// have their channels side by side, `channels` is a multiple of 16. An array of 16 has its element
// k at v + k * stride, there those of tile t at t * channels.

/// v = B^T d B of 4 x 4 pixels each, from x on, 2 apart; x has 2 * tiles + 2 pixels in a row.
void ascribe_winograd2_windows(const float *x, int64_t channels, int64_t tiles, float *v,
                               int64_t stride);

/// y = A^T m A + bias: rows (at most 2) x columns (at most 2 * tiles) pixels, rows of y lie y_row
/// apart. bias may be null.
void ascribe_winograd2_outputs(const float *m, int64_t stride, int64_t tiles, const float *bias,
                               int64_t channels, int64_t rows, int64_t columns, float *y,
                               int64_t y_row);

/// v = A e A^T of rows x columns pixels as above, rows of e lie e_row apart; those beyond are 0.
void ascribe_winograd2_slopes(const float *e, int64_t e_row, int64_t channels, int64_t rows,
                              int64_t columns, int64_t tiles, float *v, int64_t stride);

/// u = G g G^T of n kernels side by side: element k of the 9 (16) of all at g + k * n (u + k * n).
/// n is a multiple of 16.
void ascribe_winograd2_kernels(const float *g, int64_t n, float *u);

/// g = G^T u G.
void ascribe_winograd2_kernel_gradients(const float *u, int64_t n, float *g);
