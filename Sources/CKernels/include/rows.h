#pragma once
#include <stdint.h>

/// y[r][c] = e^(x[r][c] - max_r) / sum_c e^(x[r][c] - max_r). y may be x.
void ascribe_softmax_rows(const float *x, float *y, int64_t rows, int64_t columns);

/// y[r] = log sum_c e^x[r][c]; -inf for a row without columns.
void ascribe_log_sum_exp_rows(const float *x, float *y, int64_t rows, int64_t columns);
