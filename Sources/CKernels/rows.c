#include "include/rows.h"

#include "functions.h"

// Rows of up to 48 columns are taken 32 at a time, one row a lane; longer ones one at a time, 32
// columns a step. Which of the two depends on the number of columns alone, and a row's result on
// that row alone, so rows may be cut anywhere.
enum { lane_count = 32, short_row = 48 };

// block[c][lane] = x[lane][c] for `count` rows; lanes beyond repeat the last row.
INLINE void gather_rows(const float *x, float *block, int64_t count, int64_t columns) {
  for (int lane = 0; lane < lane_count; lane++) {
    const float *row = x + (lane < count ? lane : count - 1) * columns;
    for (int64_t c = 0; c < columns; c++) block[c * lane_count + lane] = row[c];
  }
}

INLINE void scatter_rows(const float *block, float *y, int64_t count, int64_t columns) {
  for (int64_t lane = 0; lane < count; lane++) {
    for (int64_t c = 0; c < columns; c++) y[lane * columns + c] = block[c * lane_count + lane];
  }
}

// The largest of each lane; NaNs are passed over.
INLINE void block_maxima(const float *block, float *largest, int64_t columns) {
  for (int j = 0; j < lane_count; j++) largest[j] = -__builtin_inff();
  for (int64_t c = 0; c < columns; c++) {
    const float *x = block + c * lane_count;
    INDEPENDENT for (int j = 0; j < lane_count; j++) {
      largest[j] = x[j] > largest[j] ? x[j] : largest[j];
    }
  }
}

// Leaves e^(x - shift) in the block, and each lane's sum of them.
INLINE void exp_block(float *block, const float *shift, float *sum, int64_t columns,
                      const int fused) {
  for (int j = 0; j < lane_count; j++) sum[j] = 0;
  for (int64_t c = 0; c < columns; c++) {
    float *x = block + c * lane_count;
    INDEPENDENT for (int j = 0; j < lane_count; j++) {
      x[j] = exp_value(x[j] - shift[j], fused);
      sum[j] += x[j];
    }
  }
}

// Sum over the lanes in halves.
INLINE float fold_sum(float *lanes) {
  for (int width = lane_count / 2; width >= 1; width /= 2) {
    for (int j = 0; j < width; j++) lanes[j] += lanes[j + width];
  }
  return lanes[0];
}

// The largest of a row; NaNs are passed over.
INLINE float row_maximum(const float *x, int64_t columns) {
  float lanes[lane_count];
  for (int j = 0; j < lane_count; j++) lanes[j] = -__builtin_inff();
  int64_t c = 0;
  for (; c + lane_count <= columns; c += lane_count) {
    INDEPENDENT for (int j = 0; j < lane_count; j++) {
      lanes[j] = x[c + j] > lanes[j] ? x[c + j] : lanes[j];
    }
  }
  for (int j = 0; c + j < columns; j++) lanes[j] = x[c + j] > lanes[j] ? x[c + j] : lanes[j];
  for (int j = 1; j < lane_count; j++) lanes[0] = lanes[j] > lanes[0] ? lanes[j] : lanes[0];
  return lanes[0];
}

// The sum of e^(x - shift) over a row, which is also written to y unless that is null.
INLINE float exp_row(const float *x, float *y, float shift, int64_t columns, const int fused) {
  float sum[lane_count] = {0};
  int64_t c = 0;
  for (; c + lane_count <= columns; c += lane_count) {
    INDEPENDENT for (int j = 0; j < lane_count; j++) {
      float e = exp_value(x[c + j] - shift, fused);
      if (y) y[c + j] = e;
      sum[j] += e;
    }
  }
  if (c < columns) {
    float rest[lane_count];
    for (int j = 0; j < lane_count; j++) rest[j] = -__builtin_inff();
    memcpy(rest, x + c, (size_t)(columns - c) * sizeof(float));
    INDEPENDENT for (int j = 0; j < lane_count; j++) {
      rest[j] = exp_value(rest[j] - shift, fused);
      sum[j] += rest[j];
    }
    if (y) memcpy(y + c, rest, (size_t)(columns - c) * sizeof(float));
  }
  return fold_sum(sum);
}

INLINE void ascribe_softmax_rows_body(const float *x, float *y, int64_t rows, int64_t columns,
                                      const int fused) {
  float block[short_row * lane_count], shift[lane_count], sum[lane_count];
  for (int64_t r = 0; columns <= short_row && r < rows; r += lane_count) {
    int64_t count = rows - r < lane_count ? rows - r : lane_count;
    gather_rows(x + r * columns, block, count, columns);
    block_maxima(block, shift, columns);
    exp_block(block, shift, sum, columns, fused);
    INDEPENDENT for (int j = 0; j < lane_count; j++) sum[j] = 1.0f / sum[j];
    for (int64_t c = 0; c < columns; c++) {
      INDEPENDENT for (int j = 0; j < lane_count; j++) block[c * lane_count + j] *= sum[j];
    }
    scatter_rows(block, y + r * columns, count, columns);
  }
  for (int64_t r = 0; columns > short_row && r < rows; r++) {
    const float *row = x + r * columns;
    float *out = y + r * columns;
    float factor = 1.0f / exp_row(row, out, row_maximum(row, columns), columns, fused);
    INDEPENDENT for (int64_t c = 0; c < columns; c++) out[c] *= factor;
  }
}
ASCRIBE_KERNEL(void, ascribe_softmax_rows,
               (const float *x, float *y, int64_t rows, int64_t columns), x, y, rows, columns)

// An infinite maximum would give inf - inf: the shift is 0 then, and the sum 0 or inf.
INLINE float finite_or_zero(float x) { return magnitude(x) < __builtin_inff() ? x : 0.0f; }

INLINE void ascribe_log_sum_exp_rows_body(const float *x, float *y, int64_t rows,
                                          int64_t columns, const int fused) {
  float block[short_row * lane_count], shift[lane_count], sum[lane_count];
  for (int64_t r = 0; columns <= short_row && r < rows; r += lane_count) {
    int64_t count = rows - r < lane_count ? rows - r : lane_count;
    gather_rows(x + r * columns, block, count, columns);
    block_maxima(block, shift, columns);
    INDEPENDENT for (int j = 0; j < lane_count; j++) shift[j] = finite_or_zero(shift[j]);
    exp_block(block, shift, sum, columns, fused);
    INDEPENDENT for (int j = 0; j < lane_count; j++) sum[j] = shift[j] + log_value(sum[j], fused);
    memcpy(y + r, sum, (size_t)count * sizeof(float));
  }
  for (int64_t r = 0; columns > short_row && r < rows; r++) {
    const float *row = x + r * columns;
    float highest = finite_or_zero(row_maximum(row, columns));
    y[r] = highest + log_value(exp_row(row, 0, highest, columns, fused), fused);
  }
}
ASCRIBE_KERNEL(void, ascribe_log_sum_exp_rows,
               (const float *x, float *y, int64_t rows, int64_t columns), x, y, rows, columns)
