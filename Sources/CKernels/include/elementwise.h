#pragma once
#include <stdint.h>

// y[i] = f(x[i]) for i < n; y is x or does not overlap it. Errors in ulps: VectorMath.swift.

void ascribe_exp(const float *x, float *y, int64_t n);
void ascribe_log(const float *x, float *y, int64_t n);
void ascribe_tanh(const float *x, float *y, int64_t n);
void ascribe_erf(const float *x, float *y, int64_t n);
void ascribe_gelu(const float *x, float *y, int64_t n);
void ascribe_gelu_derivative(const float *x, float *y, int64_t n);
void ascribe_gelu_second_derivative(const float *x, float *y, int64_t n);
void ascribe_relu(const float *x, float *y, int64_t n);
void ascribe_gelu_tanh(const float *x, float *y, int64_t n);
void ascribe_gelu_tanh_derivative(const float *x, float *y, int64_t n);
void ascribe_gelu_tanh_second_derivative(const float *x, float *y, int64_t n);
void ascribe_silu(const float *x, float *y, int64_t n);
void ascribe_silu_derivative(const float *x, float *y, int64_t n);
void ascribe_silu_second_derivative(const float *x, float *y, int64_t n);

/// dx = x > 0 ? dy : 0.
void ascribe_relu_backward(const float *dy, const float *x, float *dx, int64_t n);
/// y += alpha x.
void ascribe_axpy(float alpha, const float *x, float *y, int64_t n);
/// y = alpha x.
void ascribe_scale(float alpha, const float *x, float *y, int64_t n);
/// c = a + b, a - b, a b.
void ascribe_add(const float *a, const float *b, float *c, int64_t n);
void ascribe_subtract(const float *a, const float *b, float *c, int64_t n);
void ascribe_multiply(const float *a, const float *b, float *c, int64_t n);
/// c += a (b + shift).
void ascribe_multiply_add(const float *a, const float *b, float shift, float *c, int64_t n);
/// The first i with x[i] infinite or NaN, or -1.
int64_t ascribe_first_nonfinite(const float *x, int64_t n);
