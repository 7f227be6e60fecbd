#include "include/CChecksums.h"

// xxHash's own code, compiled once more: libxxhash of the distributions has SSE2 alone behind its
// public names. 1 GiB in cache: 0.054 s by the library, 0.018 s by this, 0.020 s with AVX-512.
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define XXH_INLINE_ALL
#define XXH_VECTOR 2  // XXH_AVX2
#include <xxhash.h>

static void hash_by_avx2(const void *bytes, size_t count, uint64_t result[2]) {
  XXH128_hash_t hash = XXH3_128bits(bytes, count);
  result[0] = hash.high64;
  result[1] = hash.low64;
}
#pragma clang attribute pop

int ascribe_xxh3_128(const void *bytes, size_t count, int level, uint64_t result[2]) {
  if (level < 3) return 0;
  hash_by_avx2(bytes, count, result);
  return 1;
}
#else
int ascribe_xxh3_128(const void *bytes, size_t count, int level, uint64_t result[2]) {
  return 0;
}
#endif
