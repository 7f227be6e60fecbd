#include "include/winograd.h"

#include "functions.h"

// Points 0, 1, -1, 2, -2 and infinity (Lavin & Gray 2016, arXiv:1509.09308). Sixteen channels at a
// time: a transform along rows into 36 vectors on the stack, then along columns. No fused
// multiply-adds: the same bits on every processor.
typedef float sixteen __attribute__((vector_size(64)));

// Macros: functions would pass vectors by value, which has another form on every processor.
#define LOAD(x)                     \
  ({                                \
    sixteen loaded;                 \
    memcpy(&loaded, x, sizeof(loaded)); \
    loaded;                         \
  })
#define STORE(x, v)                 \
  {                                 \
    sixteen stored = v;             \
    memcpy(x, &stored, sizeof(stored)); \
  }

// Each takes and gives elements `s` and `t` vectors apart.
INLINE void windows(const sixteen *d, int s, sixteen *v, int t) {
  sixteen p = d[4 * s] - 4 * d[2 * s], q = d[3 * s] - 4 * d[s];
  sixteen r = d[4 * s] - d[2 * s], u = 2 * (d[3 * s] - d[s]);
  v[0] = 4 * d[0] - 5 * d[2 * s] + d[4 * s];
  v[t] = p + q;
  v[2 * t] = p - q;
  v[3 * t] = r + u;
  v[4 * t] = r - u;
  v[5 * t] = 4 * d[s] - 5 * d[3 * s] + d[5 * s];
}

INLINE void outputs(const sixteen *m, int s, sixteen *y, int t) {
  sixteen a = m[s] + m[2 * s], b = m[s] - m[2 * s];
  sixteen c = m[3 * s] + m[4 * s], d = m[3 * s] - m[4 * s];
  y[0] = m[0] + a + c;
  y[t] = b + 2 * d;
  y[2 * t] = a + 4 * c;
  y[3 * t] = b + 8 * d + m[5 * s];
}

INLINE void slopes(const sixteen *e, int s, sixteen *v, int t) {
  sixteen p = e[0] + e[2 * s], q = e[s] + e[3 * s];
  sixteen r = e[0] + 4 * e[2 * s], u = 2 * e[s] + 8 * e[3 * s];
  v[0] = e[0];
  v[t] = p + q;
  v[2 * t] = p - q;
  v[3 * t] = r + u;
  v[4 * t] = r - u;
  v[5 * t] = e[3 * s];
}

INLINE void kernel(const sixteen *g, int s, sixteen *u, int t) {
  sixteen p = (g[0] + g[2 * s]) * (-1.0f / 6), q = g[s] * (1.0f / 6);
  sixteen r = g[0] * (1.0f / 24) + g[2 * s] * (1.0f / 6), w = g[s] * (1.0f / 12);
  u[0] = g[0] * 0.25f;
  u[t] = p - q;
  u[2 * t] = p + q;
  u[3 * t] = r + w;
  u[4 * t] = r - w;
  u[5 * t] = g[2 * s];
}

INLINE void kernel_gradient(const sixteen *u, int s, sixteen *g, int t) {
  sixteen p = u[s] + u[2 * s], q = u[2 * s] - u[s];
  sixteen r = u[3 * s] + u[4 * s], w = u[3 * s] - u[4 * s];
  g[0] = u[0] * 0.25f - p * (1.0f / 6) + r * (1.0f / 24);
  g[t] = q * (1.0f / 6) + w * (1.0f / 12);
  g[2 * t] = (r - p) * (1.0f / 6) + u[5 * s];
}

INLINE void ascribe_winograd_windows_body(const float *image, int64_t height, int64_t width,
                                          int64_t channels, int64_t top, int64_t left, float *v,
                                          int64_t stride, const int fused) {
  (void)fused;
  for (int64_t c = 0; c < channels; c += 16) {
    sixteen d[36], rows[36], all[36];
    for (int i = 0; i < 6; i++) {
      int64_t y = top + i;
      for (int j = 0; j < 6; j++) {
        int64_t x = left + j;
        int inside = y >= 0 && y < height && x >= 0 && x < width;
        d[6 * i + j] = inside ? LOAD(image + (y * width + x) * channels + c) : (sixteen){0};
      }
    }
    for (int j = 0; j < 6; j++) windows(d + j, 6, rows + j, 6);
    for (int i = 0; i < 6; i++) windows(rows + 6 * i, 1, all + 6 * i, 1);
    for (int k = 0; k < 36; k++) STORE(v + k * stride + c, all[k]);
  }
}

ASCRIBE_KERNEL(void, ascribe_winograd_windows,
               (const float *image, int64_t height, int64_t width, int64_t channels, int64_t top,
                int64_t left, float *v, int64_t stride),
               image, height, width, channels, top, left, v, stride)

INLINE void ascribe_winograd_outputs_body(const float *m, int64_t stride, const float *bias,
                                          float *y, int64_t width, int64_t channels, int64_t rows,
                                          int64_t columns, const int fused) {
  (void)fused;
  for (int64_t c = 0; c < channels; c += 16) {
    sixteen all[36], half[24], out[16];
    sixteen b = bias ? LOAD(bias + c) : (sixteen){0};
    for (int k = 0; k < 36; k++) all[k] = LOAD(m + k * stride + c);
    for (int j = 0; j < 6; j++) outputs(all + j, 6, half + j, 6);
    for (int i = 0; i < 4; i++) outputs(half + 6 * i, 1, out + 4 * i, 1);
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t j = 0; j < columns; j++) {
        STORE(y + (i * width + j) * channels + c, out[4 * i + j] + b);
      }
    }
  }
}

ASCRIBE_KERNEL(void, ascribe_winograd_outputs,
               (const float *m, int64_t stride, const float *bias, float *y, int64_t width,
                int64_t channels, int64_t rows, int64_t columns),
               m, stride, bias, y, width, channels, rows, columns)

INLINE void ascribe_winograd_slopes_body(const float *e, int64_t width, int64_t channels,
                                         int64_t rows, int64_t columns, float *v, int64_t stride,
                                         const int fused) {
  (void)fused;
  for (int64_t c = 0; c < channels; c += 16) {
    sixteen in[16], half[24], all[36];
    for (int i = 0; i < 4; i++) {
      for (int j = 0; j < 4; j++) {
        in[4 * i + j] =
            i < rows && j < columns ? LOAD(e + (i * width + j) * channels + c) : (sixteen){0};
      }
    }
    for (int j = 0; j < 4; j++) slopes(in + j, 4, half + j, 4);
    for (int i = 0; i < 6; i++) slopes(half + 4 * i, 1, all + 6 * i, 1);
    for (int k = 0; k < 36; k++) STORE(v + k * stride + c, all[k]);
  }
}

ASCRIBE_KERNEL(void, ascribe_winograd_slopes,
               (const float *e, int64_t width, int64_t channels, int64_t rows, int64_t columns,
                float *v, int64_t stride),
               e, width, channels, rows, columns, v, stride)

INLINE void ascribe_winograd_kernel_body(const float *g, int64_t channels, float *u,
                                         int64_t stride, const int fused) {
  (void)fused;
  for (int64_t c = 0; c < channels; c += 16) {
    sixteen in[9], half[18], all[36];
    for (int k = 0; k < 9; k++) in[k] = LOAD(g + k * channels + c);
    for (int j = 0; j < 3; j++) kernel(in + j, 3, half + j, 3);
    for (int i = 0; i < 6; i++) kernel(half + 3 * i, 1, all + 6 * i, 1);
    for (int k = 0; k < 36; k++) STORE(u + k * stride + c, all[k]);
  }
}

ASCRIBE_KERNEL(void, ascribe_winograd_kernel,
               (const float *g, int64_t channels, float *u, int64_t stride), g, channels, u,
               stride)

INLINE void ascribe_winograd_kernel_gradient_body(const float *u, int64_t stride,
                                                  int64_t channels, float *g, const int fused) {
  (void)fused;
  for (int64_t c = 0; c < channels; c += 16) {
    sixteen all[36], half[18], out[9];
    for (int k = 0; k < 36; k++) all[k] = LOAD(u + k * stride + c);
    for (int j = 0; j < 6; j++) kernel_gradient(all + j, 6, half + j, 6);
    for (int i = 0; i < 3; i++) kernel_gradient(half + 6 * i, 1, out + 3 * i, 1);
    for (int k = 0; k < 9; k++) STORE(g + k * channels + c, out[k]);
  }
}

ASCRIBE_KERNEL(void, ascribe_winograd_kernel_gradient,
               (const float *u, int64_t stride, int64_t channels, float *g), u, stride, channels,
               g)
