#include "include/windows.h"

#include "vectors.h"

// In order of priority: one order of additions an element, whatever the tile it falls in; as many
// sums in registers as the processor has, so that a load feeds several products.
#define UNROLLED _Pragma("clang loop unroll(full)")

// P positions by V vectors of outputs, both constants.
INLINE void tile_of_windows(const ascribe_windows *s, const float *x, const float *w,
                            const float *bias, float *y, const int P, const int V,
                            const int fused) {
  const int64_t step = s->step, outputs = s->outputs, length = s->length;
  sixteen sums[28];
  UNROLLED for (int k = 0; k < P * V; k++)
    sums[k] = bias ? AT(bias + 16 * (k % V)) : (sixteen){0};
  for (int64_t i = 0; i < s->lines; i++) {
    const float *piece = x + i * s->line;
    for (int64_t t = 0; t < length; t++) {
      sixteen first = AT(w), second = V > 1 ? AT(w + 16) : first;
      w += outputs;
      UNROLLED for (int p = 0; p < P; p++) {
        sixteen value = SPREAD(piece[p * step + t]);
        sums[p * V] = MULTIPLY_ADD(value, first, sums[p * V]);
        if (V > 1) sums[p * V + 1] = MULTIPLY_ADD(value, second, sums[p * V + 1]);
      }
    }
  }
  UNROLLED for (int k = 0; k < P * V; k++) PUT(y + k / V * outputs + 16 * (k % V)) = sums[k];
}

#define TILES_OF_WINDOWS(P, V)                                                             \
  for (; p + P <= s->positions; p += P)                                                    \
    tile_of_windows(s, x + r * s->x_row + p * s->step, w + r * s->w_row + o, bias ? bias + o : 0, \
                    y + r * s->y_row + p * s->outputs + o, P, V, fused);

INLINE void window_products(const ascribe_windows *s, const float *x, const float *w,
                            const float *bias, float *y, const int level) {
  const int fused = level >= 3;
  for (int64_t r = 0; r < s->rows; r++) {
    int64_t o = 0;
    if (level >= 4) {
      for (; o + 32 <= s->outputs; o += 32) {
        int64_t p = 0;
        TILES_OF_WINDOWS(14, 2)
        TILES_OF_WINDOWS(7, 2)
        TILES_OF_WINDOWS(3, 2)
        TILES_OF_WINDOWS(1, 2)
      }
    }
    for (; o < s->outputs; o += 16) {
      int64_t p = 0;
      if (level >= 4) {
        TILES_OF_WINDOWS(14, 1)
        TILES_OF_WINDOWS(7, 1)
      } else {
        TILES_OF_WINDOWS(6, 1)
      }
      TILES_OF_WINDOWS(3, 1)
      TILES_OF_WINDOWS(1, 1)
    }
  }
}

// L lines by T floats of a window, by V vectors of outputs, all constants; a row's positions.
INLINE void tile_of_gradient(const ascribe_windows *s, const float *x, const float *y, float *w,
                             const int L, const int T, const int V, const int fused) {
  const int64_t step = s->step, outputs = s->outputs;
  sixteen sums[24];
  UNROLLED for (int k = 0; k < L * T * V; k++) sums[k] = (sixteen){0};
  for (int64_t p = 0; p < s->positions; p++) {
    sixteen first = AT(y), second = V > 1 ? AT(y + 16) : first;
    UNROLLED for (int k = 0; k < L * T; k++) {
      sixteen value = SPREAD(x[k / T * s->line + k % T]);
      sums[k * V] = MULTIPLY_ADD(value, first, sums[k * V]);
      if (V > 1) sums[k * V + 1] = MULTIPLY_ADD(value, second, sums[k * V + 1]);
    }
    x += step;
    y += outputs;
  }
  UNROLLED for (int k = 0; k < L * T * V; k++) {
    float *place = w + (k / V / T * s->length + k / V % T) * outputs + 16 * (k % V);
    PUT(place) = AT(place) + sums[k];
  }
}

#define TILES_OF_GRADIENT(T, V)                                                   \
  for (; t + T <= s->length; t += T)                                              \
    tile_of_gradient(s, x + r * s->x_row + i * s->line + t, y + r * s->y_row + o, \
                     w + r * s->w_row + (i * s->length + t) * s->outputs + o, 1, T, V, fused);

INLINE void window_gradient(const ascribe_windows *s, const float *x, const float *y, float *w,
                            const int level) {
  const int fused = level >= 3;
  for (int64_t r = 0; r < s->rows; r++) {
    int64_t o = 0;
    if (level >= 4 && s->lines == 3 && s->length == 3) {
      for (; o < s->outputs; o += 16)
        tile_of_gradient(s, x + r * s->x_row, y + r * s->y_row + o, w + r * s->w_row + o, 3, 3, 1,
                         fused);
      continue;
    }
    if (level >= 4) {
      for (; o + 32 <= s->outputs; o += 32) {
        for (int64_t i = 0; i < s->lines; i++) {
          int64_t t = 0;
          TILES_OF_GRADIENT(12, 2)
          TILES_OF_GRADIENT(8, 2)
          TILES_OF_GRADIENT(4, 2)
          TILES_OF_GRADIENT(1, 2)
        }
      }
    }
    for (; o < s->outputs; o += 16) {
      for (int64_t i = 0; i < s->lines; i++) {
        int64_t t = 0;
        if (level >= 4) {
          TILES_OF_GRADIENT(16, 1)
          TILES_OF_GRADIENT(9, 1)
        } else {
          TILES_OF_GRADIENT(6, 1)
        }
        TILES_OF_GRADIENT(3, 1)
        TILES_OF_GRADIENT(1, 1)
      }
    }
  }
}

ASCRIBE_LEVELS(void, ascribe_window_products, window_products,
               (const ascribe_windows *shape, const float *x, const float *w, const float *bias,
                float *y),
               shape, x, w, bias, y)

ASCRIBE_LEVELS(void, ascribe_window_gradient, window_gradient,
               (const ascribe_windows *shape, const float *x, const float *y, float *w), shape, x,
               y, w)

void ascribe_padded_pixels(const float *image, int64_t height, int64_t width, int64_t channels,
                           int64_t top, int64_t left, int64_t rows, int64_t columns,
                           float *target) {
  int64_t start = left < 0 ? -left : 0;
  int64_t end = width - left < columns ? width - left : columns;
  if (start > columns) start = columns;
  if (end < start) end = start;
  for (int64_t i = 0; i < rows; i++) {
    float *line = target + i * columns * channels;
    if (top + i < 0 || top + i >= height || start == end) {
      memset(line, 0, (size_t)(columns * channels) * sizeof(float));
      continue;
    }
    memset(line, 0, (size_t)(start * channels) * sizeof(float));
    memcpy(line + start * channels, image + ((top + i) * width + left + start) * channels,
           (size_t)((end - start) * channels) * sizeof(float));
    memset(line + end * channels, 0, (size_t)((columns - end) * channels) * sizeof(float));
  }
}
