#include "include/winograd2.h"

#include "vectors.h"

// Points 0, 1, -1 and infinity (Lavin & Gray 2016, arXiv:1509.09308). Sixteen channels at a time. No
// fused multiply-adds: the same bits on every processor.

// Each takes and gives elements `s` and `t` vectors apart.
INLINE void windows(const sixteen *d, int s, sixteen *v, int t) {
  v[0] = d[0] - d[2 * s];
  v[t] = d[s] + d[2 * s];
  v[2 * t] = d[2 * s] - d[s];
  v[3 * t] = d[s] - d[3 * s];
}

INLINE void outputs(const sixteen *m, int s, sixteen *y, int t) {
  y[0] = m[0] + m[s] + m[2 * s];
  y[t] = m[s] - m[2 * s] - m[3 * s];
}

INLINE void slopes(const sixteen *e, int s, sixteen *v, int t) {
  v[0] = e[0];
  v[t] = e[0] + e[s];
  v[2 * t] = e[0] - e[s];
  v[3 * t] = -e[s];
}

INLINE void kernel(const sixteen *g, int s, sixteen *u, int t) {
  sixteen ends = g[0] + g[2 * s];
  u[0] = g[0];
  u[t] = 0.5f * (ends + g[s]);
  u[2 * t] = 0.5f * (ends - g[s]);
  u[3 * t] = g[2 * s];
}

INLINE void kernel_gradient(const sixteen *u, int s, sixteen *g, int t) {
  sixteen even = 0.5f * (u[s] + u[2 * s]);
  g[0] = u[0] + even;
  g[t] = 0.5f * (u[s] - u[2 * s]);
  g[2 * t] = even + u[3 * s];
}

INLINE void ascribe_winograd2_windows_body(const float *x, int64_t channels, int64_t tiles,
                                           float *v, int64_t stride, const int fused) {
  (void)fused;
  const int64_t row = (2 * tiles + 2) * channels;
  for (int64_t c = 0; c < channels; c += 16) {
    // Four columns of four, each through its own transform once; two are the next tile's first.
    sixteen columns[16], d[4];
    for (int j = 0; j < 2; j++) {
      for (int i = 0; i < 4; i++) d[i] = AT(x + i * row + j * channels + c);
      windows(d, 1, columns + j, 4);
    }
    for (int64_t tile = 0; tile < tiles; tile++) {
      for (int j = 2; j < 4; j++) {
        for (int i = 0; i < 4; i++) d[i] = AT(x + i * row + (2 * tile + j) * channels + c);
        windows(d, 1, columns + j, 4);
      }
      for (int i = 0; i < 4; i++) {
        sixteen all[4];
        windows(columns + 4 * i, 1, all, 1);
        for (int j = 0; j < 4; j++) PUT(v + (4 * i + j) * stride + tile * channels + c) = all[j];
        columns[4 * i] = columns[4 * i + 2];
        columns[4 * i + 1] = columns[4 * i + 3];
      }
    }
  }
}

ASCRIBE_KERNEL(void, ascribe_winograd2_windows,
               (const float *x, int64_t channels, int64_t tiles, float *v, int64_t stride), x,
               channels, tiles, v, stride)

INLINE void ascribe_winograd2_outputs_body(const float *m, int64_t stride, int64_t tiles,
                                           const float *bias, int64_t channels, int64_t rows,
                                           int64_t columns, float *y, int64_t y_row,
                                           const int fused) {
  (void)fused;
  for (int64_t c = 0; c < channels; c += 16) {
    sixteen b = bias ? AT(bias + c) : (sixteen){0};
    for (int64_t tile = 0; tile < tiles; tile++) {
      sixteen all[16], half[8], out[4];
      for (int k = 0; k < 16; k++) all[k] = AT(m + k * stride + tile * channels + c);
      for (int j = 0; j < 4; j++) outputs(all + j, 4, half + j, 4);
      for (int i = 0; i < 2; i++) outputs(half + 4 * i, 1, out + 2 * i, 1);
      float *place = y + 2 * tile * channels + c;
      int isWide = 2 * tile + 1 < columns;
      PUT(place) = out[0] + b;
      if (isWide) PUT(place + channels) = out[1] + b;
      if (rows == 1) continue;
      PUT(place + y_row) = out[2] + b;
      if (isWide) PUT(place + y_row + channels) = out[3] + b;
    }
  }
}

ASCRIBE_KERNEL(void, ascribe_winograd2_outputs,
               (const float *m, int64_t stride, int64_t tiles, const float *bias,
                int64_t channels, int64_t rows, int64_t columns, float *y, int64_t y_row),
               m, stride, tiles, bias, channels, rows, columns, y, y_row)

INLINE void ascribe_winograd2_slopes_body(const float *e, int64_t e_row, int64_t channels,
                                          int64_t rows, int64_t columns, int64_t tiles, float *v,
                                          int64_t stride, const int fused) {
  (void)fused;
  for (int64_t c = 0; c < channels; c += 16) {
    for (int64_t tile = 0; tile < tiles; tile++) {
      sixteen in[4], half[8], all[16];
      const float *place = e + 2 * tile * channels + c;
      int isWide = 2 * tile + 1 < columns;
      in[0] = AT(place);
      in[1] = isWide ? AT(place + channels) : (sixteen){0};
      in[2] = rows > 1 ? AT(place + e_row) : (sixteen){0};
      in[3] = rows > 1 && isWide ? AT(place + e_row + channels) : (sixteen){0};
      for (int j = 0; j < 2; j++) slopes(in + j, 2, half + j, 2);
      for (int i = 0; i < 4; i++) slopes(half + 2 * i, 1, all + 4 * i, 1);
      for (int k = 0; k < 16; k++) PUT(v + k * stride + tile * channels + c) = all[k];
    }
  }
}

ASCRIBE_KERNEL(void, ascribe_winograd2_slopes,
               (const float *e, int64_t e_row, int64_t channels, int64_t rows, int64_t columns,
                int64_t tiles, float *v, int64_t stride),
               e, e_row, channels, rows, columns, tiles, v, stride)

INLINE void ascribe_winograd2_kernels_body(const float *g, int64_t n, float *u, const int fused) {
  (void)fused;
  for (int64_t c = 0; c < n; c += 16) {
    sixteen in[9], half[12], all[16];
    for (int k = 0; k < 9; k++) in[k] = AT(g + k * n + c);
    for (int j = 0; j < 3; j++) kernel(in + j, 3, half + j, 3);
    for (int i = 0; i < 4; i++) kernel(half + 3 * i, 1, all + 4 * i, 1);
    for (int k = 0; k < 16; k++) PUT(u + k * n + c) = all[k];
  }
}

ASCRIBE_KERNEL(void, ascribe_winograd2_kernels, (const float *g, int64_t n, float *u), g, n, u)

INLINE void ascribe_winograd2_kernel_gradients_body(const float *u, int64_t n, float *g,
                                                    const int fused) {
  (void)fused;
  for (int64_t c = 0; c < n; c += 16) {
    sixteen all[16], half[12], out[9];
    for (int k = 0; k < 16; k++) all[k] = AT(u + k * n + c);
    for (int j = 0; j < 4; j++) kernel_gradient(all + j, 4, half + j, 4);
    for (int i = 0; i < 3; i++) kernel_gradient(half + 4 * i, 1, out + 3 * i, 1);
    for (int k = 0; k < 9; k++) PUT(g + k * n + c) = out[k];
  }
}

ASCRIBE_KERNEL(void, ascribe_winograd2_kernel_gradients, (const float *u, int64_t n, float *g), u,
               n, g)
