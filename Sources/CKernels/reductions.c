#include "include/reductions.h"

#include "levels.h"

// 32 lanes as one value of the compiler's vector extension, which cuts them to the processor's
// width: an order of additions that the optimiser cannot lose.
typedef float lanes __attribute__((vector_size(128)));
typedef double wide_lanes __attribute__((vector_size(256)));
#define WIDE(v) __builtin_convertvector(v, wide_lanes)

// Adds up 32 lanes in halves.
#define FOLD(type, vector, result)                          \
  type fold[32];                                                     \
  memcpy(fold, &vector, sizeof(fold));                               \
  for (int width = 16; width >= 1; width /= 2) {                     \
    for (int j = 0; j < width; j++) fold[j] += fold[j + width];      \
  }                                                                  \
  type result = fold[0]

// `step` uses a (and b), 32 elements, zeros beyond the end.
#define REDUCE(type, vector, step, inputs_at, inputs_padded)                        \
  vector total = {0};                                                               \
  int64_t i = 0;                                                                    \
  for (; i + 32 <= n; i += 32) {                                                    \
    inputs_at;                                                                      \
    step;                                                                           \
  }                                                                                 \
  if (i < n) {                                                                      \
    size_t rest = (size_t)(n - i) * sizeof(*x);                                     \
    inputs_padded;                                                                  \
    step;                                                                           \
  }                                                                                 \
  FOLD(type, total, result);                                                        \
  return result;

#define ONE_AT lanes a; memcpy(&a, x + i, sizeof(a))
#define ONE_PADDED lanes a = {0}; memcpy(&a, x + i, rest)
#define TWO_AT ONE_AT; lanes b; memcpy(&b, y + i, sizeof(b))
#define TWO_PADDED ONE_PADDED; lanes b = {0}; memcpy(&b, y + i, rest)

INLINE float ascribe_sum_body(const float *x, int64_t n, const int fused) {
  REDUCE(float, lanes, total += a, ONE_AT, ONE_PADDED)
}
ASCRIBE_KERNEL(float, ascribe_sum, (const float *x, int64_t n), x, n)

INLINE float ascribe_dot_body(const float *x, const float *y, int64_t n, const int fused) {
  REDUCE(float, lanes, total = fused ? __builtin_elementwise_fma(a, b, total) : total + a * b,
         TWO_AT, TWO_PADDED)
}
ASCRIBE_KERNEL(float, ascribe_dot, (const float *x, const float *y, int64_t n), x, y, n)

INLINE double ascribe_double_sum_body(const float *x, int64_t n, const int fused) {
  REDUCE(double, wide_lanes, total += WIDE(a), ONE_AT, ONE_PADDED)
}
ASCRIBE_KERNEL(double, ascribe_double_sum, (const float *x, int64_t n), x, n)

// The product of two floats is exact in double: fused or not, the same bits.
INLINE double ascribe_double_dot_body(const float *x, const float *y, int64_t n, const int fused) {
  REDUCE(double, wide_lanes,
         total = fused ? __builtin_elementwise_fma(WIDE(a), WIDE(b), total)
                       : total + WIDE(a) * WIDE(b),
         TWO_AT, TWO_PADDED)
}
ASCRIBE_KERNEL(double, ascribe_double_dot, (const float *x, const float *y, int64_t n), x, y, n)

#define ONE_WIDE_AT wide_lanes a; memcpy(&a, x + i, sizeof(a))
#define ONE_WIDE_PADDED wide_lanes a = {0}; memcpy(&a, x + i, rest)
INLINE double ascribe_double_sum_of_doubles_body(const double *x, int64_t n, const int fused) {
  REDUCE(double, wide_lanes, total += a, ONE_WIDE_AT, ONE_WIDE_PADDED)
}
ASCRIBE_KERNEL(double, ascribe_double_sum_of_doubles, (const double *x, int64_t n), x, n)

INLINE void ascribe_row_squared_norms_body(const float *x, float *y, int64_t rows,
                                           int64_t columns, const int fused) {
  for (int64_t r = 0; r < rows; r++) {
    const float *row = x + r * columns;
    y[r] = ascribe_dot_body(row, row, columns, fused);
  }
}
ASCRIBE_KERNEL(void, ascribe_row_squared_norms,
               (const float *x, float *y, int64_t rows, int64_t columns), x, y, rows, columns)

// Sums of up to 64 columns, `width` of them, over all rows.
INLINE void column_block(const float *x, int64_t rows, int64_t columns, int64_t width,
                         float *total) {
  for (int j = 0; j < 64; j++) total[j] = 0;
  for (int64_t group = 0; group < rows; group += 256) {
    int64_t end = group + 256 < rows ? group + 256 : rows;
    lanes low = {0}, high = {0};
    if (width == 64) {
      for (int64_t r = group; r < end; r++) {
        lanes a, b;
        memcpy(&a, x + r * columns, sizeof(a));
        memcpy(&b, x + r * columns + 32, sizeof(b));
        low += a;
        high += b;
      }
    } else {
      float part[64] = {0};
      for (int64_t r = group; r < end; r++) {
        INDEPENDENT for (int64_t j = 0; j < width; j++) part[j] += x[r * columns + j];
      }
      memcpy(&low, part, sizeof(low));
      memcpy(&high, part + 32, sizeof(high));
    }
    float part[64];
    memcpy(part, &low, sizeof(low));
    memcpy(part + 32, &high, sizeof(high));
    for (int j = 0; j < 64; j++) total[j] += part[j];
  }
}

#define COLUMN_SUMS(assignment)                                          \
  for (int64_t c = 0; c < columns; c += 64) {                            \
    int64_t width = columns - c < 64 ? columns - c : 64;                 \
    float total[64];                                                     \
    column_block(x + c, rows, columns, width, total);                    \
    for (int64_t j = 0; j < width; j++) y[c + j] assignment total[j];    \
  }

INLINE void ascribe_column_sums_body(const float *x, int64_t rows, int64_t columns, float *y,
                                     const int fused) {
  COLUMN_SUMS(=)
}
ASCRIBE_KERNEL(void, ascribe_column_sums,
               (const float *x, int64_t rows, int64_t columns, float *y), x, rows, columns, y)

INLINE void ascribe_add_column_sums_body(const float *x, int64_t rows, int64_t columns, float *y,
                                         const int fused) {
  COLUMN_SUMS(+=)
}
ASCRIBE_KERNEL(void, ascribe_add_column_sums,
               (const float *x, int64_t rows, int64_t columns, float *y), x, rows, columns, y)

INLINE void ascribe_add_row_body(const float *row, float *y, int64_t rows, int64_t columns,
                                 const int fused) {
  for (int64_t r = 0; r < rows; r++) {
    INDEPENDENT for (int64_t c = 0; c < columns; c++) y[r * columns + c] += row[c];
  }
}
ASCRIBE_KERNEL(void, ascribe_add_row, (const float *row, float *y, int64_t rows, int64_t columns),
               row, y, rows, columns)
