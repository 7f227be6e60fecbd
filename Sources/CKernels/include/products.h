#pragma once
#include <stdint.h>

// Products of a layer with few rows and wide inputs, without packing. An element of a result is one
// sum in an order that depends on its length alone: rows and columns may be cut anywhere. `inputs`
// is a multiple of 16. Made for AVX-512; right, but slow, elsewhere.

/// y[r][o] += sum over i of x[r][i] w[o][i]. Lanes i % 16, then adjacent lanes in pairs. Rows of y
/// lie y_stride apart.
void ascribe_layer_forward(const float *x, int64_t rows, const float *w, int64_t outputs,
                           int64_t inputs, float *y, int64_t y_stride);

/// g[o][i] += sum over r of dy[r][o] x[r][i], r in order. Rows of dy lie dy_stride apart.
void ascribe_layer_gradient(const float *dy, int64_t dy_stride, const float *x, int64_t rows,
                            int64_t outputs, int64_t inputs, float *g);
