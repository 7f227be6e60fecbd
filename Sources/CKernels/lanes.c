#include "include/lanes.h"

#include "levels.h"

// w is a constant where it matters: then a row stays in registers.
INLINE void scatter(const float *x, const uint32_t *entries, int64_t count, float *target,
                    int64_t w) {
  for (int64_t j = 0; j < count; j++) {
    const float sign = entries[j] & 1 ? -1.0f : 1.0f;
    float *row = target + (int64_t)(entries[j] >> 1) * w;
    INDEPENDENT for (int64_t l = 0; l < w; l++) row[l] += sign * x[l];
  }
}

INLINE void scatter_rows_of(const float *x, int64_t rows, const uint32_t *entries, int64_t count,
                            float *target, int64_t w) {
  for (int64_t r = 0; r < rows; r++)
    scatter(x + r * w, entries + r * count, count, target, w);
}

INLINE void ascribe_scatter_rows_body(const float *x, int64_t rows, int64_t width,
                              const uint32_t *entries, int64_t count, float *target, int fused) {
  (void)fused;
  if (width == 64)
    scatter_rows_of(x, rows, entries, count, target, 64);
  else
    scatter_rows_of(x, rows, entries, count, target, width);
}

ASCRIBE_KERNEL(void, ascribe_scatter_rows,
               (const float *x, int64_t rows, int64_t width, const uint32_t *entries,
                int64_t count, float *target),
               x, rows, width, entries, count, target)

#define PART 64

INLINE void scatter_products_of(const float *d, const float *a, int64_t outputs, int64_t inputs,
                                int64_t positions, const uint32_t *entries, int64_t count,
                                float *target, int64_t w) {
  float product[PART];
  for (int64_t o = 0; o < outputs; o++) {
    for (int64_t i = 0; i < inputs; i++) {
      const float *left = d + o * positions * w, *right = a + i * positions * w;
      for (int64_t l = 0; l < w; l++) product[l] = left[l] * right[l];
      for (int64_t t = 1; t < positions; t++)
        for (int64_t l = 0; l < w; l++) product[l] += left[t * w + l] * right[t * w + l];
      scatter(product, entries + (o * inputs + i) * count, count, target, w);
    }
  }
}

INLINE void ascribe_scatter_products_body(const float *d, const float *a, int64_t outputs, int64_t inputs,
                                  int64_t positions, int64_t width, const uint32_t *entries,
                                  int64_t count, float *target, int fused) {
  (void)fused;
  if (width == 64 && positions == 1)
    scatter_products_of(d, a, outputs, inputs, 1, entries, count, target, 64);
  else if (width == 64)
    scatter_products_of(d, a, outputs, inputs, positions, entries, count, target, 64);
  else if (width == 16)
    scatter_products_of(d, a, outputs, inputs, positions, entries, count, target, 16);
}

ASCRIBE_KERNEL(void, ascribe_scatter_products,
               (const float *d, const float *a, int64_t outputs, int64_t inputs,
                int64_t positions, int64_t width, const uint32_t *entries, int64_t count,
                float *target),
               d, a, outputs, inputs, positions, width, entries, count, target)

typedef float lanes8 __attribute__((vector_size(32), aligned(4)));

// An 8 x 8 block in registers: three rounds of pairwise shuffles.
INLINE void transpose8(const float *x, int64_t xs, float scale, float *y, int64_t ys) {
  lanes8 r[8], s[8];
  for (int k = 0; k < 8; k++) r[k] = *(const lanes8 *)(x + k * xs) * scale;
  for (int k = 0; k < 8; k += 2) {
    s[k] = __builtin_shufflevector(r[k], r[k + 1], 0, 8, 2, 10, 4, 12, 6, 14);
    s[k + 1] = __builtin_shufflevector(r[k], r[k + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  }
  for (int k = 0; k < 8; k += 4)
    for (int m = 0; m < 2; m++) {
      lanes8 p = s[k + m], q = s[k + m + 2];
      r[k + m] = __builtin_shufflevector(p, q, 0, 1, 8, 9, 4, 5, 12, 13);
      r[k + m + 2] = __builtin_shufflevector(p, q, 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int m = 0; m < 4; m++) {
    *(lanes8 *)(y + m * ys) = __builtin_shufflevector(r[m], r[m + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    *(lanes8 *)(y + (m + 4) * ys) =
        __builtin_shufflevector(r[m], r[m + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

INLINE void ascribe_transpose_body(const float *x, int64_t rows, int64_t columns, int64_t x_stride,
                           float scale, float *y, int64_t y_stride, int fused) {
  (void)fused;
  for (int64_t r = 0; r < rows; r += 8)
    for (int64_t c = 0; c < columns; c += 8) {
      if (r + 8 <= rows && c + 8 <= columns) {
        transpose8(x + r * x_stride + c, x_stride, scale, y + c * y_stride + r, y_stride);
      } else {
        for (int64_t i = r; i < rows && i < r + 8; i++)
          for (int64_t j = c; j < columns && j < c + 8; j++)
            y[j * y_stride + i] = scale * x[i * x_stride + j];
      }
    }
}

ASCRIBE_KERNEL(void, ascribe_transpose,
               (const float *x, int64_t rows, int64_t columns, int64_t x_stride, float scale,
                float *y, int64_t y_stride),
               x, rows, columns, x_stride, scale, y, y_stride)
