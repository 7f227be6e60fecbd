#include "include/products.h"

#include "levels.h"

typedef float lanes16 __attribute__((vector_size(64), aligned(4)));
#define AT(p) (*(const lanes16 *)(p))
#define MULTIPLY_ADD(a, b, c) (fused ? __builtin_elementwise_fma((a), (b), (c)) : (a) * (b) + (c))

// Sums of neighbours, of two vectors side by side: by one lane, by two, by four.
#define PAIRS(a, b)                                                                             \
  (__builtin_shufflevector(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30) +   \
   __builtin_shufflevector(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
#define PAIRS_OF_TWO(a, b)                                                                      \
  (__builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +    \
   __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
#define PAIRS_OF_FOUR(a, b)                                                                     \
  (__builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +    \
   __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31))

// sums[4 r + o] = sum over i of x[r][i] w[o][i]: sixteen sums in registers.
INLINE void tile_of_dots(const float *const x[4], const float *const w[4], int64_t inputs,
                         float sums[16], const int fused) {
  lanes16 a[16];
  for (int j = 0; j < 16; j++) a[j] = (lanes16){0};
  for (int64_t i = 0; i < inputs; i += 16) {
    lanes16 w0 = AT(w[0] + i), w1 = AT(w[1] + i), w2 = AT(w[2] + i), w3 = AT(w[3] + i);
    for (int r = 0; r < 4; r++) {
      lanes16 v = AT(x[r] + i);
      a[4 * r] = MULTIPLY_ADD(v, w0, a[4 * r]);
      a[4 * r + 1] = MULTIPLY_ADD(v, w1, a[4 * r + 1]);
      a[4 * r + 2] = MULTIPLY_ADD(v, w2, a[4 * r + 2]);
      a[4 * r + 3] = MULTIPLY_ADD(v, w3, a[4 * r + 3]);
    }
  }
  lanes16 q[4];
  for (int r = 0; r < 4; r++) {
    lanes16 low = PAIRS(a[4 * r], a[4 * r + 1]), high = PAIRS(a[4 * r + 2], a[4 * r + 3]);
    q[r] = PAIRS_OF_TWO(low, high);
  }
  lanes16 first = PAIRS_OF_FOUR(q[0], q[1]), second = PAIRS_OF_FOUR(q[2], q[3]);
  lanes16 all = PAIRS_OF_FOUR(first, second);
  memcpy(sums, &all, sizeof(all));
}

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// Outputs whose weights stay in the cache while all rows pass.
enum { panel = 16 };

INLINE void ascribe_layer_forward_body(const float *x, int64_t rows, const float *w,
                                       int64_t outputs, int64_t inputs, float *y,
                                       int64_t y_stride, const int fused) {
  for (int64_t start = 0; start < outputs; start += panel) {
    int64_t end = least(outputs, start + panel);
    for (int64_t r = 0; r < rows; r += 4) {
      // Beyond the last row or output, it is taken again and its sum left aside.
      const float *xs[4], *ws[4];
      for (int k = 0; k < 4; k++) xs[k] = x + least(r + k, rows - 1) * inputs;
      for (int64_t o = start; o < end; o += 4) {
        for (int k = 0; k < 4; k++) ws[k] = w + least(o + k, outputs - 1) * inputs;
        float sums[16];
        tile_of_dots(xs, ws, inputs, sums, fused);
        int64_t height = least(4, rows - r), width = least(4, end - o);
        for (int64_t i = 0; i < height; i++)
          for (int64_t j = 0; j < width; j++)
            y[(r + i) * y_stride + o + j] += sums[4 * i + j];
      }
    }
  }
}
ASCRIBE_KERNEL(void, ascribe_layer_forward,
               (const float *x, int64_t rows, const float *w, int64_t outputs, int64_t inputs,
                float *y, int64_t y_stride),
               x, rows, w, outputs, inputs, y, y_stride)

// `height` outputs by `vectors` times 16 inputs, both constants: sums in registers.
INLINE void tile_of_outer(const float *dy, int64_t dy_stride, const float *x, int64_t rows,
                          int64_t inputs, float *g, const int height, const int vectors,
                          const int fused) {
  lanes16 a[8][3];
  for (int o = 0; o < height; o++)
    for (int v = 0; v < vectors; v++) a[o][v] = (lanes16){0};
  for (int64_t r = 0; r < rows; r++) {
    lanes16 row[3];
    for (int v = 0; v < vectors; v++) row[v] = AT(x + r * inputs + 16 * v);
    for (int o = 0; o < height; o++) {
      lanes16 d = dy[r * dy_stride + o] - (lanes16){0};
      for (int v = 0; v < vectors; v++) a[o][v] = MULTIPLY_ADD(d, row[v], a[o][v]);
    }
  }
  for (int o = 0; o < height; o++)
    for (int v = 0; v < vectors; v++) {
      lanes16 sum = AT(g + o * inputs + 16 * v) + a[o][v];
      memcpy(g + o * inputs + 16 * v, &sum, sizeof(sum));
    }
}

INLINE void columns_of_outer(const float *dy, int64_t dy_stride, const float *x, int64_t rows,
                             int64_t outputs, int64_t inputs, float *g, const int vectors,
                             const int fused) {
  int64_t o = 0;
  for (; o + 8 <= outputs; o += 8)
    tile_of_outer(dy + o, dy_stride, x, rows, inputs, g + o * inputs, 8, vectors, fused);
  for (; o < outputs; o++)
    tile_of_outer(dy + o, dy_stride, x, rows, inputs, g + o * inputs, 1, vectors, fused);
}

INLINE void ascribe_layer_gradient_body(const float *dy, int64_t dy_stride, const float *x,
                                        int64_t rows, int64_t outputs, int64_t inputs, float *g,
                                        const int fused) {
  int64_t i = 0;
  for (; i + 48 <= inputs; i += 48)
    columns_of_outer(dy, dy_stride, x + i, rows, outputs, inputs, g + i, 3, fused);
  for (; i < inputs; i += 16)
    columns_of_outer(dy, dy_stride, x + i, rows, outputs, inputs, g + i, 1, fused);
}
ASCRIBE_KERNEL(void, ascribe_layer_gradient,
               (const float *dy, int64_t dy_stride, const float *x, int64_t rows,
                int64_t outputs, int64_t inputs, float *g),
               dy, dy_stride, x, rows, outputs, inputs, g)
