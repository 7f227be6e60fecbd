#pragma once
// Sixteen floats side by side, in as many registers as the processor needs for them. Macros: functions
// would pass vectors by value, which has another form on every processor.
#include "levels.h"

typedef float sixteen __attribute__((vector_size(64), aligned(4)));
typedef int32_t sixteen_flags __attribute__((vector_size(64), aligned(4)));

#define AT(p) (*(const sixteen *)(p))
#define PUT(p) (*(sixteen *)(p))
#define SPREAD(x) ((x) - (sixteen){0})
// `fused` as in levels.h.
#define MULTIPLY_ADD(a, b, c) (fused ? __builtin_elementwise_fma((a), (b), (c)) : (a) * (b) + (c))
