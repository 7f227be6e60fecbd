#include "include/half.h"

#include "functions.h"

// Without the F16C instructions: `fused` processors of this package have them.
INLINE uint16_t to_half_bits(float x) {
  uint32_t bits = to_bits(x), size = bits & 0x7fffffff, sign = (bits >> 16) & 0x8000;
  // Normal results: add half a unit, less one for even; the carry moves the exponent.
  uint32_t normal = (size - 0x38000000 + 0xfff + ((size >> 13) & 1)) >> 13;
  // Below 2^-14: adding 2^-1 leaves the units of 2^-24 at the end of the fraction, rounded.
  uint32_t tiny = to_bits(from_bits(size) + 0.5f) - 0x3f000000;
  uint32_t result = size < 0x38800000 ? tiny : normal;
  result = size >= 0x477ff000 ? 0x7c00 : result;
  result = size > 0x7f800000 ? 0x7e00 | ((size >> 13) & 0x3ff) : result;
  return (uint16_t)(sign | result);
}

INLINE void ascribe_to_float16_body(const float *x, uint16_t *y, int64_t n, const int fused) {
  if (fused) {
    INDEPENDENT for (int64_t i = 0; i < n; i++) {
      _Float16 half = (_Float16)x[i];
      memcpy(y + i, &half, 2);
    }
  } else {
    INDEPENDENT for (int64_t i = 0; i < n; i++) y[i] = to_half_bits(x[i]);
  }
}
ASCRIBE_KERNEL(void, ascribe_to_float16, (const float *x, uint16_t *y, int64_t n), x, y, n)

INLINE void ascribe_from_float16_body(const uint16_t *x, float *y, int64_t n, const int fused) {
  if (fused) {
    INDEPENDENT for (int64_t i = 0; i < n; i++) {
      _Float16 half;
      memcpy(&half, x + i, 2);
      y[i] = (float)half;
    }
  } else {
    INDEPENDENT for (int64_t i = 0; i < n; i++) y[i] = from_half_bits(x[i]);
  }
}
ASCRIBE_KERNEL(void, ascribe_from_float16, (const uint16_t *x, float *y, int64_t n), x, y, n)

INLINE void ascribe_to_bfloat16_body(const float *x, uint16_t *y, int64_t n, const int fused) {
  INDEPENDENT for (int64_t i = 0; i < n; i++) {
    uint32_t bits = to_bits(x[i]);
    uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    uint32_t quiet = (bits >> 16) | 0x40;
    y[i] = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
  }
}
ASCRIBE_KERNEL(void, ascribe_to_bfloat16, (const float *x, uint16_t *y, int64_t n), x, y, n)

INLINE void ascribe_from_bfloat16_body(const uint16_t *x, float *y, int64_t n, const int fused) {
  INDEPENDENT for (int64_t i = 0; i < n; i++) y[i] = from_bits((uint32_t)x[i] << 16);
}
ASCRIBE_KERNEL(void, ascribe_from_bfloat16, (const uint16_t *x, float *y, int64_t n), x, y, n)
