#pragma once
#include <stdint.h>

// Products of stored rows with one vector, without a widened copy of the rows:
// y[r] = sum over i of x[r][i] q[i], to the bit what ascribe_dot gives on the widened row.

void ascribe_row_dots(const float *x, int64_t rows, int64_t columns, const float *q, float *y);
void ascribe_row_dots_float16(const uint16_t *x, int64_t rows, int64_t columns, const float *q,
                              float *y);
void ascribe_row_dots_bfloat16(const uint16_t *x, int64_t rows, int64_t columns, const float *q,
                               float *y);

/// Whether any x is > high or < low. NaN is neither.
int ascribe_any_beyond(const float *x, int64_t n, float low, float high);
