#include "include/elementwise.h"

#include "functions.h"

// Blocks of 64, the rest padded to one more block: no scalar remainder loop.
#define ASCRIBE_MAP(name, function)                                              \
  INLINE void name##_body(const float *x, float *y, int64_t n, const int fused) { \
    int64_t i = 0;                                                               \
    for (; i + 64 <= n; i += 64) {                                               \
      INDEPENDENT for (int j = 0; j < 64; j++) y[i + j] = function(x[i + j], fused); \
    }                                                                            \
    if (i == n) return;                                                          \
    float block[64] = {0};                                                       \
    memcpy(block, x + i, (size_t)(n - i) * sizeof(float));                       \
    INDEPENDENT for (int j = 0; j < 64; j++) block[j] = function(block[j], fused); \
    memcpy(y + i, block, (size_t)(n - i) * sizeof(float));                       \
  }                                                                              \
  ASCRIBE_KERNEL(void, name, (const float *x, float *y, int64_t n), x, y, n)

INLINE float relu_value(float x, const int fused) { return x <= 0.0f ? 0.0f : x; }

ASCRIBE_MAP(ascribe_exp, exp_value)
ASCRIBE_MAP(ascribe_log, log_value)
ASCRIBE_MAP(ascribe_tanh, tanh_value)
ASCRIBE_MAP(ascribe_erf, erf_value)
ASCRIBE_MAP(ascribe_gelu, gelu_value)
ASCRIBE_MAP(ascribe_gelu_derivative, gelu_derivative_value)
ASCRIBE_MAP(ascribe_gelu_second_derivative, gelu_second_derivative_value)
ASCRIBE_MAP(ascribe_relu, relu_value)
ASCRIBE_MAP(ascribe_gelu_tanh, gelu_tanh_value)
ASCRIBE_MAP(ascribe_gelu_tanh_derivative, gelu_tanh_derivative_value)
ASCRIBE_MAP(ascribe_gelu_tanh_second_derivative, gelu_tanh_second_derivative_value)
ASCRIBE_MAP(ascribe_silu, silu_value)
ASCRIBE_MAP(ascribe_silu_derivative, silu_derivative_value)
ASCRIBE_MAP(ascribe_silu_second_derivative, silu_second_derivative_value)

#define ASCRIBE_MAP2(name, expression)                                             \
  INLINE void name##_body(const float *a, const float *b, float *c, int64_t n,     \
                          const int fused) {                                       \
    INDEPENDENT for (int64_t i = 0; i < n; i++) c[i] = expression;                 \
  }                                                                                \
  ASCRIBE_KERNEL(void, name, (const float *a, const float *b, float *c, int64_t n), \
                 a, b, c, n)

ASCRIBE_MAP2(ascribe_relu_backward, b[i] > 0.0f ? a[i] : 0.0f)
ASCRIBE_MAP2(ascribe_add, a[i] + b[i])
ASCRIBE_MAP2(ascribe_subtract, a[i] - b[i])
ASCRIBE_MAP2(ascribe_multiply, a[i] * b[i])

INLINE void ascribe_multiply_add_body(const float *a, const float *b, float shift, float *c,
                                      int64_t n, const int fused) {
  INDEPENDENT for (int64_t i = 0; i < n; i++) c[i] = FMA(a[i], b[i] + shift, c[i]);
}
ASCRIBE_KERNEL(void, ascribe_multiply_add,
               (const float *a, const float *b, float shift, float *c, int64_t n),
               a, b, shift, c, n)

INLINE void ascribe_axpy_body(float alpha, const float *x, float *y, int64_t n, const int fused) {
  INDEPENDENT for (int64_t i = 0; i < n; i++) y[i] = FMA(alpha, x[i], y[i]);
}
ASCRIBE_KERNEL(void, ascribe_axpy, (float alpha, const float *x, float *y, int64_t n),
               alpha, x, y, n)

INLINE void ascribe_scale_body(float alpha, const float *x, float *y, int64_t n, const int fused) {
  INDEPENDENT for (int64_t i = 0; i < n; i++) y[i] = alpha * x[i];
}
ASCRIBE_KERNEL(void, ascribe_scale, (float alpha, const float *x, float *y, int64_t n),
               alpha, x, y, n)

INLINE int64_t ascribe_first_nonfinite_body(const float *x, int64_t n, const int fused) {
  for (int64_t start = 0; start < n; start += 1024) {
    int64_t end = start + 1024 < n ? start + 1024 : n;
    uint32_t largest = 0;
    for (int64_t i = start; i < end; i++) {
      uint32_t bits = to_bits(x[i]) & 0x7fffffff;
      largest = bits > largest ? bits : largest;
    }
    if (largest < 0x7f800000) continue;
    for (int64_t i = start; i < end; i++) {
      if ((to_bits(x[i]) & 0x7fffffff) >= 0x7f800000) return i;
    }
  }
  return -1;
}
ASCRIBE_KERNEL(int64_t, ascribe_first_nonfinite, (const float *x, int64_t n), x, n)
