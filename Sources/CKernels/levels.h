#pragma once
// How a loop is compiled for three processors and chosen at run time.
//
// A kernel is an `INLINE` body, written once as a plain loop, whose last parameter `fused` is a
// constant: 1 where the processor has a fused multiply-add. ASCRIBE_KERNEL makes from it
// name_v4 (AVX-512), name_v3 (AVX2, FMA), name_base (anything), and the public name, which picks.
//
// Contraction is off, every fused multiply-add is written as FMA(): so v4 and v3 give the same
// bits. The base level multiplies and adds in two roundings: other last bits, where FMA is used.
// (No ifunc and no target_clones: they crash under the thread sanitizer.)
#include <stdint.h>
#include <string.h>

#include "include/levels.h"

#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))
#define FMA(a, b, c) (fused ? __builtin_fmaf((a), (b), (c)) : (a) * (b) + (c))

// In and out pointers are equal or do not overlap: no iteration reads what another wrote.
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")

#if defined(__x86_64__)
#define ASCRIBE_TARGET_V4 \
  __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx512cd,avx2,fma,f16c,bmi,bmi2")))
#define ASCRIBE_TARGET_V3 __attribute__((target("avx2,fma,f16c,bmi,bmi2")))
// As ASCRIBE_KERNEL, of a body whose last parameter is the level itself, a constant: for loops whose
// shape depends on the number of registers.
#define ASCRIBE_LEVELS(type, name, body, parameters, ...)                                  \
  ASCRIBE_TARGET_V4 static type name##_v4 parameters { return body(__VA_ARGS__, 4); }      \
  ASCRIBE_TARGET_V3 static type name##_v3 parameters { return body(__VA_ARGS__, 3); }      \
  static type name##_base parameters { return body(__VA_ARGS__, 0); }                      \
  type name parameters {                                                                   \
    int level = ascribe_kernel_level();                                                    \
    if (level >= 4) return name##_v4(__VA_ARGS__);                                         \
    if (level >= 3) return name##_v3(__VA_ARGS__);                                         \
    return name##_base(__VA_ARGS__);                                                       \
  }
#define ASCRIBE_KERNEL(type, name, parameters, ...)                                        \
  ASCRIBE_TARGET_V4 static type name##_v4 parameters { return name##_body(__VA_ARGS__, 1); } \
  ASCRIBE_TARGET_V3 static type name##_v3 parameters { return name##_body(__VA_ARGS__, 1); } \
  static type name##_base parameters { return name##_body(__VA_ARGS__, 0); }               \
  type name parameters {                                                                   \
    int level = ascribe_kernel_level();                                                    \
    if (level >= 4) return name##_v4(__VA_ARGS__);                                         \
    if (level >= 3) return name##_v3(__VA_ARGS__);                                         \
    return name##_base(__VA_ARGS__);                                                       \
  }
#elif defined(__aarch64__)
#define ASCRIBE_LEVELS(type, name, body, parameters, ...) \
  type name parameters { return body(__VA_ARGS__, 3); }
#define ASCRIBE_KERNEL(type, name, parameters, ...) \
  type name parameters { return name##_body(__VA_ARGS__, 1); }
#else
#define ASCRIBE_LEVELS(type, name, body, parameters, ...) \
  type name parameters { return body(__VA_ARGS__, 0); }
#define ASCRIBE_KERNEL(type, name, parameters, ...) \
  type name parameters { return name##_body(__VA_ARGS__, 0); }
#endif
