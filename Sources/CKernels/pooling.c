#include "include/pooling.h"

#include "vectors.h"

// Whether x takes the place of what was largest so far; the same of one number below.
#define EXCEEDS(x, best) (~((x) <= (best)) & ((best) == (best)))
#define CHOICE(flags, a, b) \
  ((sixteen)(((flags) & (sixteen_flags)(a)) | (~(flags) & (sixteen_flags)(b))))

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

// A window's pixels inside the image.
typedef struct {
  int64_t top, bottom, left, right;
} inside;

INLINE inside window_at(const ascribe_pool *s, int64_t row, int64_t column) {
  int64_t top = row * s->stride - s->padding, left = column * s->stride - s->padding;
  return (inside){most(top, 0), least(top + s->kernel_height, s->height), most(left, 0),
                  least(left + s->kernel_width, s->width)};
}

INLINE void largest16(const ascribe_pool *s, inside w, const float *image, float *y,
                      float *place) {
  int64_t first = w.top * s->width + w.left;
  sixteen best = AT(image + first * s->channels), winner = SPREAD((float)first);
  for (int64_t i = w.top; i < w.bottom; i++) {
    for (int64_t j = w.left; j < w.right; j++) {
      int64_t pixel = i * s->width + j;
      sixteen x = AT(image + pixel * s->channels);
      sixteen_flags exceeds = EXCEEDS(x, best);
      best = CHOICE(exceeds, x, best);
      winner = CHOICE(exceeds, SPREAD((float)pixel), winner);
    }
  }
  PUT(y) = best;
  if (place) PUT(place) = winner;
}

INLINE void largest1(const ascribe_pool *s, inside w, const float *image, float *y, float *place) {
  int64_t winner = w.top * s->width + w.left;
  float best = image[winner * s->channels];
  for (int64_t i = w.top; i < w.bottom; i++) {
    for (int64_t j = w.left; j < w.right; j++) {
      float x = image[(i * s->width + j) * s->channels];
      if (x <= best || best != best) continue;
      best = x;
      winner = i * s->width + j;
    }
  }
  *y = best;
  if (place) *place = (float)winner;
}

INLINE void ascribe_max_pool_body(const ascribe_pool *s, const float *image, int64_t first,
                                  int64_t last, float *y, float *place, const int fused) {
  (void)fused;
  for (int64_t row = first; row < last; row++) {
    for (int64_t column = 0; column < s->out_width; column++) {
      inside w = window_at(s, row, column);
      int64_t c = 0;
      for (; c + 16 <= s->channels; c += 16)
        largest16(s, w, image + c, y + c, place ? place + c : 0);
      for (; c < s->channels; c++) largest1(s, w, image + c, y + c, place ? place + c : 0);
      y += s->channels;
      if (place) place += s->channels;
    }
  }
}

ASCRIBE_KERNEL(void, ascribe_max_pool,
               (const ascribe_pool *shape, const float *image, int64_t first, int64_t last,
                float *y, float *place),
               shape, image, first, last, y, place)

INLINE void ascribe_max_pool_backward_body(const ascribe_pool *s, const float *dy,
                                           const float *place, float *dx, const int fused) {
  (void)fused;
  const int64_t channels = s->channels;
  const int overlap = s->stride < s->kernel_height || s->stride < s->kernel_width;
  // Whether every pixel is in exactly one window.
  const int covers = s->kernel_height == s->stride && s->kernel_width == s->stride &&
                     s->padding == 0 && s->out_height * s->stride == s->height &&
                     s->out_width * s->stride == s->width;
  if (!covers) memset(dx, 0, (size_t)(s->height * s->width * channels) * sizeof(float));
  for (int64_t row = 0; row < s->out_height; row++) {
    for (int64_t column = 0; column < s->out_width; column++) {
      inside w = window_at(s, row, column);
      for (int64_t i = w.top; i < w.bottom; i++) {
        for (int64_t j = w.left; j < w.right; j++) {
          int64_t pixel = i * s->width + j, c = 0;
          float *x = dx + pixel * channels;
          for (; c + 16 <= channels; c += 16) {
            sixteen_flags won = AT(place + c) == SPREAD((float)pixel);
            sixteen part = (sixteen)(won & (sixteen_flags)AT(dy + c));
            PUT(x + c) = overlap ? AT(x + c) + part : part;
          }
          for (; c < channels; c++) {
            float part = place[c] == (float)pixel ? dy[c] : 0.0f;
            x[c] = overlap ? x[c] + part : part;
          }
        }
      }
      dy += channels;
      place += channels;
    }
  }
}

ASCRIBE_KERNEL(void, ascribe_max_pool_backward,
               (const ascribe_pool *shape, const float *dy, const float *place, float *dx), shape,
               dy, place, dx)

INLINE void ascribe_relu_pool_body(const float *x, int64_t x_row, int64_t columns,
                                   int64_t channels, const float *const scales[2],
                                   const float *const shifts[2], float *y, const int fused) {
  (void)fused;
  for (int64_t c = 0; c < channels; c += 16) {
    for (int64_t t = 0; t < columns; t++) {
      sixteen best;
      for (int k = 0; k < 4; k++) {
        sixteen v = AT(x + k / 2 * x_row + (2 * t + k % 2) * channels + c);
        v = (sixteen)(~(v <= (sixteen){0}) & (sixteen_flags)v);
        for (int point = 0; point < 2; point++) {
          if (scales[point]) v = AT(scales[point] + c) * v;
          if (shifts[point]) v = v + AT(shifts[point] + c);
        }
        best = k == 0 ? v : CHOICE(EXCEEDS(v, best), v, best);
      }
      PUT(y + t * channels + c) = best;
    }
  }
}

ASCRIBE_KERNEL(void, ascribe_relu_pool,
               (const float *x, int64_t x_row, int64_t columns, int64_t channels,
                const float *const scales[2], const float *const shifts[2], float *y),
               x, x_row, columns, channels, scales, shifts, y)
