#pragma once
#include <stdint.h>

// IEEE half precision and bfloat16, round to nearest, ties to even. Infinities stay, what is too
// large becomes one, NaNs stay NaN (quiet, upper payload bits kept). n elements.

void ascribe_to_float16(const float *x, uint16_t *y, int64_t n);
void ascribe_from_float16(const uint16_t *x, float *y, int64_t n);
void ascribe_to_bfloat16(const float *x, uint16_t *y, int64_t n);
void ascribe_from_bfloat16(const uint16_t *x, float *y, int64_t n);
