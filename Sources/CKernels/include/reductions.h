#pragma once
#include <stdint.h>

// Reductions in one fixed order: element i goes to lane i % 32, lanes are folded in halves.
// The order depends on n alone. The double ones equal each other on every processor.

float ascribe_sum(const float *x, int64_t n);
float ascribe_dot(const float *x, const float *y, int64_t n);
double ascribe_double_sum(const float *x, int64_t n);
double ascribe_double_dot(const float *x, const float *y, int64_t n);
double ascribe_double_sum_of_doubles(const double *x, int64_t n);

/// y[r] = sum of squares of row r.
void ascribe_row_squared_norms(const float *x, float *y, int64_t rows, int64_t columns);
/// y[c] = sum over rows of x[r][c]: rows in order, in groups of 256.
void ascribe_column_sums(const float *x, int64_t rows, int64_t columns, float *y);
/// y[c] += sum over rows of x[r][c].
void ascribe_add_column_sums(const float *x, int64_t rows, int64_t columns, float *y);
/// y[r][c] += row[c].
void ascribe_add_row(const float *row, float *y, int64_t rows, int64_t columns);
