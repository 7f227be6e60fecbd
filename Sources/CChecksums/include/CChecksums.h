#pragma once
#include <stddef.h>
#include <stdint.h>

/// XXH3 of 128 bits without a seed, as xxHash's XXH3_128bits gives it, by AVX2: three times the rate
/// of the library, which is built for any x86-64. result[0] is the high word, result[1] the low one.
///
/// Returns 0 and does nothing where `level`, the processor's, is below 3 or it is no x86-64.
int ascribe_xxh3_128(const void *bytes, size_t count, int level, uint64_t result[2]);
