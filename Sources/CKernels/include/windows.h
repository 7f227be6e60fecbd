#pragma once
#include <stdint.h>

// Products of sliding windows with a few weights, without unfolding. A window is `lines` pieces of
// `length` adjacent floats, `line` floats apart; its weights are lines * length rows of `outputs`
// floats, a multiple of 16. A sum is taken in the order of a window's floats: the same bits however
// rows and positions are cut, and on AVX-512 and AVX2.

typedef struct {
  int64_t rows;                  ///< products side by side
  int64_t x_row, w_row, y_row;   ///< floats from a row's operand to the next one's
  int64_t positions, step;       ///< windows of a row, and floats from one to the next
  int64_t lines, line, length;   ///< of a window
  int64_t outputs;
} ascribe_windows;

/// y[r][p][o] = bias[o] + sum over i, t of x[r][p * step + i * line + t] w[r][i * length + t][o].
/// bias may be null.
void ascribe_window_products(const ascribe_windows *shape, const float *x, const float *w,
                             const float *bias, float *y);

/// w[r][i * length + t][o] += sum over p of x[r][p * step + i * line + t] y[r][p][o]; w_row 0: over
/// r, too, in order.
void ascribe_window_gradient(const ascribe_windows *shape, const float *x, const float *y,
                             float *w);

/// target = `rows` x `columns` pixels from (top, left) of an image of height x width; those outside it
/// are 0.
void ascribe_padded_pixels(const float *image, int64_t height, int64_t width, int64_t channels,
                           int64_t top, int64_t left, int64_t rows, int64_t columns,
                           float *target);
