#include "include/rowdots.h"

#include "functions.h"

// Four rows at a time share each piece of the vector. A row's sum goes to 32 lanes by index and the
// lanes are folded in halves, as in reductions.c, whatever rows stand beside it.
typedef float lanes __attribute__((vector_size(128)));
typedef _Float16 half_lanes __attribute__((vector_size(64)));
typedef uint16_t short_lanes __attribute__((vector_size(64)));
typedef uint32_t word_lanes __attribute__((vector_size(128)));

enum { single, float16, bfloat16 };

// 32 elements at `at`; `count` of them, then zeros.
INLINE lanes widened(const void *x, int64_t at, int64_t count, const int type, const int fused) {
  lanes result = {0};
  if (type == single) {
    memcpy(&result, (const float *)x + at, (size_t)count * 4);
    return result;
  }
  short_lanes bits = {0};
  memcpy(&bits, (const uint16_t *)x + at, (size_t)count * 2);
  if (type == bfloat16) {
    word_lanes words = __builtin_convertvector(bits, word_lanes) << 16;
    memcpy(&result, &words, sizeof(result));
  } else if (fused) {
    half_lanes halves;
    memcpy(&halves, &bits, sizeof(halves));
    result = __builtin_convertvector(halves, lanes);
  } else {
    for (int j = 0; j < 32; j++) result[j] = from_half_bits(bits[j]);
  }
  return result;
}

INLINE lanes added(lanes total, lanes a, lanes b, const int fused) {
  return fused ? __builtin_elementwise_fma(a, b, total) : total + a * b;
}

INLINE float folded(lanes total) {
  float fold[32];
  memcpy(fold, &total, sizeof(fold));
  for (int width = 16; width >= 1; width /= 2) {
    for (int j = 0; j < width; j++) fold[j] += fold[j + width];
  }
  return fold[0];
}

INLINE void row_dots(const void *x, int64_t rows, int64_t columns, const float *q, float *y,
                     const int type, const int fused) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    const int64_t p = r * columns;
    lanes a = {0}, b = {0}, c = {0}, d = {0};
    for (int64_t i = 0; i < columns; i += 32) {
      // Constant sizes inside: the copies become loads.
      if (i + 32 <= columns) {
        lanes v = widened(q, i, 32, single, fused);
        a = added(a, widened(x, p + i, 32, type, fused), v, fused);
        b = added(b, widened(x, p + columns + i, 32, type, fused), v, fused);
        c = added(c, widened(x, p + 2 * columns + i, 32, type, fused), v, fused);
        d = added(d, widened(x, p + 3 * columns + i, 32, type, fused), v, fused);
      } else {
        int64_t rest = columns - i;
        lanes v = widened(q, i, rest, single, fused);
        a = added(a, widened(x, p + i, rest, type, fused), v, fused);
        b = added(b, widened(x, p + columns + i, rest, type, fused), v, fused);
        c = added(c, widened(x, p + 2 * columns + i, rest, type, fused), v, fused);
        d = added(d, widened(x, p + 3 * columns + i, rest, type, fused), v, fused);
      }
    }
    y[r] = folded(a);
    y[r + 1] = folded(b);
    y[r + 2] = folded(c);
    y[r + 3] = folded(d);
  }
  for (; r < rows; r++) {
    lanes a = {0};
    for (int64_t i = 0; i < columns; i += 32) {
      int64_t count = columns - i < 32 ? columns - i : 32;
      lanes v = widened(q, i, count, single, fused);
      a = added(a, widened(x, r * columns + i, count, type, fused), v, fused);
    }
    y[r] = folded(a);
  }
}

INLINE void ascribe_row_dots_body(const float *x, int64_t rows, int64_t columns, const float *q,
                                  float *y, const int fused) {
  row_dots(x, rows, columns, q, y, single, fused);
}
ASCRIBE_KERNEL(void, ascribe_row_dots,
               (const float *x, int64_t rows, int64_t columns, const float *q, float *y), x, rows,
               columns, q, y)

INLINE void ascribe_row_dots_float16_body(const uint16_t *x, int64_t rows, int64_t columns,
                                          const float *q, float *y, const int fused) {
  row_dots(x, rows, columns, q, y, float16, fused);
}
ASCRIBE_KERNEL(void, ascribe_row_dots_float16,
               (const uint16_t *x, int64_t rows, int64_t columns, const float *q, float *y), x,
               rows, columns, q, y)

INLINE void ascribe_row_dots_bfloat16_body(const uint16_t *x, int64_t rows, int64_t columns,
                                           const float *q, float *y, const int fused) {
  row_dots(x, rows, columns, q, y, bfloat16, fused);
}
ASCRIBE_KERNEL(void, ascribe_row_dots_bfloat16,
               (const uint16_t *x, int64_t rows, int64_t columns, const float *q, float *y), x,
               rows, columns, q, y)

INLINE int ascribe_any_beyond_body(const float *x, int64_t n, float low, float high,
                                   const int fused) {
  int found = 0;
  for (int64_t i = 0; i < n; i++) found |= (x[i] > high) | (x[i] < low);
  return found;
}
ASCRIBE_KERNEL(int, ascribe_any_beyond, (const float *x, int64_t n, float low, float high), x, n,
               low, high)
