#pragma once
// Elementary functions of one float, without branches, to be inlined into vector loops.
//
// Goals in order: right at the edges (±0, ±inf, NaN, denormals), the error its kernel's header
// states (ulps, measured by Tests/TensorsTests), the same bits wherever FMA is fused, speed.
// Coefficients: tools/reference/polynomials.py. `fused` as in levels.h.
#include "levels.h"

INLINE float from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

INLINE uint32_t to_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

// IEEE half precision, widened without the F16C instructions.
INLINE float from_half_bits(uint16_t h) {
  uint32_t size = h & 0x7fff, sign = (uint32_t)(h & 0x8000) << 16;
  uint32_t normal = (size << 13) + 0x38000000;
  uint32_t tiny = to_bits((float)(int32_t)size * 0x1p-24f);
  uint32_t special = 0x7f800000 | (size << 13) | (size > 0x7c00 ? 0x00400000 : 0);
  uint32_t result = size < 0x0400 ? tiny : normal;
  return from_bits(sign | (size >= 0x7c00 ? special : result));
}

INLINE float magnitude(float x) { return from_bits(to_bits(x) & 0x7fffffff); }
INLINE float with_sign_of(float size, float x) {
  return from_bits((to_bits(size) & 0x7fffffff) | (to_bits(x) & 0x80000000));
}
// NaN passes through both.
INLINE float at_most(float x, float high) { return x > high ? high : x; }
INLINE float at_least(float x, float low) { return x < low ? low : x; }

// e^x = 2^n e^r with |r| <= ln 2 / 2 (Cody and Waite). Returns e^r, and n in `*exponent` as the
// bits of n + 1.5 2^23: shifted left by 23 they are what n adds to a float's exponent.
INLINE float exp_reduced(float x, uint32_t *exponent, const int fused) {
  float shifted = FMA(x, 0x1.715476p+0f, 0x1.8p23f);
  float n = shifted - 0x1.8p23f;
  float r = FMA(n, -0x1.62e400p-1f, x);  // few bits: n times it is exact without FMA too
  r = FMA(n, -0x1.7f7d1cp-20f, r);
  float q = 0x1.6a495cp-10f;
  q = FMA(q, r, 0x1.1239a0p-7f);
  q = FMA(q, r, 0x1.5558b4p-5f);
  q = FMA(q, r, 0x1.555492p-3f);
  q = FMA(q, r, 0x1.fffffcp-2f);
  *exponent = to_bits(shifted) << 23;
  return FMA(FMA(q, r, 1.0f), r, 1.0f);
}

// e^x for every float.
INLINE float exp_value(float x, const int fused) {
  uint32_t exponent;
  float y = exp_reduced(at_least(x, -104.0f), &exponent, fused);
  // Below -87, 2^64 too large first, so that a denormal result is rounded once; below -104 times
  // 0, because processors are slow at products that underflow.
  int small = x < -87.0f;
  float factor = x < -104.0f ? 0.0f : (small ? 0x1p-64f : 1.0f);
  y = from_bits(to_bits(y) + exponent + (small ? 64u << 23 : 0u)) * factor;
  return x <= 0x1.62e42ep+6f ? y : x + __builtin_inff();
}

// e^x for -87 <= x <= 88; anything for NaN.
INLINE float exp_bounded(float x, const int fused) {
  uint32_t exponent;
  float y = exp_reduced(x, &exponent, fused);
  return from_bits(to_bits(y) + exponent);
}

// The natural logarithm: x = 2^e (1 + f) with 1 + f in [sqrt 1/2, sqrt 2).
// For normal x: ln(x 2^shift).
INLINE float log_normal(float x, int32_t shift, const int fused) {
  uint32_t offset = to_bits(x) - 0x3f3504f3u;  // of sqrt 1/2
  float e = (float)(((int32_t)offset >> 23) + shift);
  float f = from_bits((offset & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  float q = 0x1.148256p-4f;
  q = FMA(q, f, -0x1.de1140p-4f);
  q = FMA(q, f, 0x1.e6c1f4p-4f);
  q = FMA(q, f, -0x1.fc26d2p-4f);
  q = FMA(q, f, 0x1.233b6ap-3f);
  q = FMA(q, f, -0x1.555c4cp-3f);
  q = FMA(q, f, 0x1.99a478p-3f);
  q = FMA(q, f, -0x1.000006p-2f);
  q = FMA(q, f, 0x1.555548p-2f);
  float square = f * f;
  float whole_part = e * 0x1.62e400p-1f;  // exact: 15 bits times 8
  float high = whole_part + f, lost = f - (high - whole_part);
  float low = FMA(square, -0.5f, FMA(e, 0x1.7f7d1cp-20f, square * f * q));
  return high + (lost + low);
}

// ln x for every float.
INLINE float log_value(float x, const int fused) {
  int tiny = x < 0x1p-126f;
  float y = log_normal(tiny ? x * 0x1p23f : x, tiny ? -23 : 0, fused);
  y = x == __builtin_inff() ? x : y;
  y = x == 0.0f ? -__builtin_inff() : y;
  return x >= 0.0f ? y : __builtin_nanf("");
}

// tanh: odd polynomial below 5/8, else 1 - 2 / (e^2t + 1).
INLINE float tanh_value(float x, const int fused) {
  float t = magnitude(x), s = x * x;
  float q = -0x1.755e16p-8f;
  q = FMA(q, s, 0x1.520730p-6f);
  q = FMA(q, s, -0x1.b8372ep-5f);
  q = FMA(q, s, 0x1.1106fcp-3f);
  q = FMA(q, s, -0x1.555532p-2f);
  float small = FMA(q * s, x, x);
  float e = exp_bounded(2.0f * at_most(t, 10.0f), fused);
  float large = 1.0f - 2.0f / (e + 1.0f);
  return with_sign_of(t >= 0.625f ? large : small, x);  // NaN: small
}

// erf: odd polynomial below 0.922, else 1 - e^(t p(t)).
INLINE float erf_value(float x, const int fused) {
  float t = at_most(magnitude(x), 4.0f), s = x * x;
  float q = -0x1.3a41a8p-11f;
  q = FMA(q, s, 0x1.47488ep-8f);
  q = FMA(q, s, -0x1.b68e34p-6f);
  q = FMA(q, s, 0x1.ce1ab2p-4f);
  q = FMA(q, s, -0x1.8126e8p-2f);
  q = FMA(q, s, 0x1.06eba6p-3f);
  float small = FMA(q, x, x);
  float p = -0x1.48e77cp-18f;
  p = FMA(p, t, 0x1.7a9968p-15f);
  p = FMA(p, t, 0x1.b2fc7ep-15f);
  p = FMA(p, t, -0x1.80e090p-9f);
  p = FMA(p, t, 0x1.73a83cp-6f);
  p = FMA(p, t, -0x1.af31dcp-4f);
  p = FMA(p, t, -0x1.45700ap-1f);
  p = FMA(p, t, -0x0.20e8d6p+0f);
  float large = 1.0f - exp_bounded(FMA(p, t, -t), fused);
  return t >= 0.9219f ? with_sign_of(large, x) : small;  // NaN: small
}

// Beyond ±13.1 the functions below take their limits, which are less than 4e-36 away.
INLINE float bounded13(float x) { return at_least(at_most(x, 13.1f), -13.1f); }

// e^(-x²/2), with the rounding of x² put back. |x| <= 13.1; anything for NaN.
INLINE float gauss_value(float x, const int fused) {
  float half = 0.5f * x, square = half * x, lost;
  if (fused) {
    lost = __builtin_fmaf(half, x, -square);
  } else {  // Dekker: the upper half of x squares without rounding
    float high = from_bits(to_bits(x) & 0xfffff000), low = x - high;
    lost = ((0.5f * high * high - square) + high * low) + 0.5f * low * low;
  }
  float y = exp_bounded(-square, fused);
  return FMA(-lost, y, y);
}

// Φ(x), the normal distribution function, from gauss = e^(-x²/2). |x| <= 13.1, or NaN.
// Φ(-t) = gauss s(q) / (t + 3), q = (t - 3) / (t + 3): also small values keep their digits.
INLINE float normal_value(float x, float gauss, const int fused) {
  float t = magnitude(x);
  float d = 1.0f / (t + 3.0f), q = (t - 3.0f) * d;
  float s = 0x1.6e4c50p-15f;
  s = FMA(s, q, 0x1.4915aap-13f);
  s = FMA(s, q, -0x1.7b3bdcp-13f);
  s = FMA(s, q, -0x1.12235ep-10f);
  s = FMA(s, q, 0x1.fc4694p-11f);
  s = FMA(s, q, 0x1.c8be08p-8f);
  s = FMA(s, q, -0x1.564a3cp-7f);
  s = FMA(s, q, -0x1.832c2cp-5f);
  s = FMA(s, q, 0x1.d712a4p-3f);
  s = FMA(s, q, -0x1.04c72ap-1f);
  s = FMA(s, q, 0x1.754a76p-1f);
  float tail = gauss * (s * d);
  return x < 0.0f ? tail : 1.0f - tail;
}

// x Φ(x).
INLINE float gelu_value(float x, const int fused) {
  float b = bounded13(x);
  float phi = normal_value(b, gauss_value(b, fused), fused);
  return x < -13.1f ? -0.0f : x * phi;
}

// Φ(x) + x φ(x), with φ(x) = e^(-x²/2) / sqrt 2π.
INLINE float gelu_derivative_value(float x, const int fused) {
  float b = bounded13(x), gauss = gauss_value(b, fused);
  float y = FMA(b * gauss, 0x1.988454p-2f, normal_value(b, gauss, fused));
  return x < -13.1f ? 0.0f : y;
}

// φ(x) (2 - x²).
INLINE float gelu_second_derivative_value(float x, const int fused) {
  float b = bounded13(x);
  float y = FMA(-b, b, 2.0f) * (0x1.988454p-2f * gauss_value(b, fused));
  return magnitude(x) > 13.1f ? 0.0f : y;
}

// f(x) = x σ(z(x)) with its derivatives: z = x for SiLU, 2c (x + 0.044715 x³), c = sqrt(2/π), for the
// tanh form of GELU (½ (1 + tanh u) = σ(2u)). Beyond ±87 in z, and ±21 in x for GELU, the limits.
INLINE float sigmoid_value(float z, const int fused) {
  float e = exp_bounded(at_least(at_most(-z, 87.0f), -87.0f), fused);
  return 1.0f / (1.0f + e);
}

// σ(z) (1 - σ(z)), without a subtraction.
INLINE float sigmoid_slope(float z, const int fused) {
  float e = exp_bounded(-at_most(magnitude(z), 87.0f), fused);
  return e / ((1.0f + e) * (1.0f + e));
}

INLINE float bounded21(float x) { return at_least(at_most(x, 21.0f), -21.0f); }

INLINE float gelu_tanh_argument(float b, const int fused) {
  return b * FMA(b * b, 0x1.2444f2p-4f, 0x1.988454p+0f);
}

INLINE float gelu_tanh_value(float x, const int fused) {
  return x * sigmoid_value(gelu_tanh_argument(bounded21(x), fused), fused);
}

INLINE float gelu_tanh_derivative_value(float x, const int fused) {
  float b = bounded21(x), z = gelu_tanh_argument(b, fused);
  float w = FMA(b * b, 3 * 0x1.2444f2p-4f, 0x1.988454p+0f);
  return FMA(b * w, sigmoid_slope(z, fused), sigmoid_value(z, fused));
}

INLINE float gelu_tanh_second_derivative_value(float x, const int fused) {
  float b = bounded21(x), z = gelu_tanh_argument(b, fused);
  float w = FMA(b * b, 3 * 0x1.2444f2p-4f, 0x1.988454p+0f), bend = 6 * 0x1.2444f2p-4f * b;
  float turn = FMA(1.0f - 2.0f * sigmoid_value(z, fused), w * w, bend);
  return sigmoid_slope(z, fused) * FMA(b, turn, 2.0f * w);
}

INLINE float silu_value(float x, const int fused) { return x * sigmoid_value(x, fused); }

INLINE float silu_derivative_value(float x, const int fused) {
  float b = at_least(at_most(x, 87.0f), -87.0f);
  return FMA(b, sigmoid_slope(b, fused), sigmoid_value(b, fused));
}

INLINE float silu_second_derivative_value(float x, const int fused) {
  float b = at_least(at_most(x, 87.0f), -87.0f);
  return sigmoid_slope(b, fused) * FMA(b, 1.0f - 2.0f * sigmoid_value(b, fused), 2.0f);
}
