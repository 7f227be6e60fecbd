#pragma once
#include <stdint.h>

// Sparse projections on tiles that hold examples side by side: a row is `width` floats, one an
// example. An entry is bucket * 2, plus 1 for a minus sign. No fused multiply-add: the same bits on
// every processor. Fastest for a width of 64.

/// target[bucket] += +-x[r] for each of the `count` entries of row r.
void ascribe_scatter_rows(const float *x, int64_t rows, int64_t width, const uint32_t *entries,
                          int64_t count, float *target);

/// target[bucket] += +-sum over t of d[o][t] a[i][t], elementwise, for each of the `count` entries
/// of coordinate o * inputs + i. Rows of d are o * positions + t, of a i * positions + t. width is
/// 16 or 64.
void ascribe_scatter_products(const float *d, const float *a, int64_t outputs, int64_t inputs,
                              int64_t positions, int64_t width, const uint32_t *entries,
                              int64_t count, float *target);

/// y[c][r] = scale * x[r][c]: rows of x lie x_stride apart, rows of y y_stride.
void ascribe_transpose(const float *x, int64_t rows, int64_t columns, int64_t x_stride,
                       float scale, float *y, int64_t y_stride);
