#include "include/random.h"

#include "functions.h"

#define M0 0xd2511f53u
#define M1 0xcd9e8d57u
#define W0 0x9e3779b9u
#define W1 0xbb67ae85u

void ascribe_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)M0 * c0, b = (uint64_t)M1 * c2;
    c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)b;
    c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)a;
    k0 += W0;
    k1 += W1;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

// 16 consecutive blocks, 64 words. Each 32-bit quantity lies in the low half of 64 bits, whose
// upper half may hold anything: one multiplication gives low and high part in place.
enum { block_count = 16, word_count = 4 * block_count };
typedef uint64_t blocks __attribute__((vector_size(8 * block_count)));

INLINE void philox_words(const ascribe_stream *s, uint64_t first, uint32_t *out) {
  uint64_t index[block_count];
  for (int i = 0; i < block_count; i++) index[i] = first + (uint64_t)i;
  blocks c0, c1, c2 = (blocks){0} + s->nonce0, c3 = (blocks){0} + s->nonce1;
  memcpy(&c0, index, sizeof(c0));
  c1 = c0 >> 32;
  uint32_t k0 = s->key0, k1 = s->key1;
#pragma clang loop unroll(full)
  for (int round = 0; round < 10; round++) {
    blocks a = (c0 & 0xffffffff) * (uint64_t)M0, b = (c2 & 0xffffffff) * (uint64_t)M1;
    c0 = (b >> 32) ^ c1 ^ (uint64_t)k0;
    c1 = b;
    c2 = (a >> 32) ^ c3 ^ (uint64_t)k1;
    c3 = a;
    k0 += W0;
    k1 += W1;
  }
  blocks low = (c0 & 0xffffffff) | (c1 << 32), high = (c2 & 0xffffffff) | (c3 << 32);
  typedef uint64_t pairs __attribute__((vector_size(16 * block_count)));
  pairs mixed = __builtin_shufflevector(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22,
                                        7, 23, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14,
                                        30, 15, 31);
  memcpy(out, &mixed, sizeof(mixed));
}

// Calls fill for whole groups of `group` values straight into `out`, and for the ends into a
// scratch group of which a part is copied. fill(first, target): values first..<first + group.
#define FILL(type, group, fill)                                                  \
  while (n > 0) {                                                                \
    int64_t skip = (int64_t)(position % (group));                                \
    uint64_t first = position - (uint64_t)skip;                                  \
    if (skip == 0 && n >= (group)) {                                             \
      fill(first, out);                                                          \
      position += (group), out += (group), n -= (group);                         \
    } else {                                                                     \
      type scratch[group];                                                       \
      int64_t part = (group) - skip < n ? (group) - skip : n;                    \
      fill(first, scratch);                                                      \
      memcpy(out, scratch + skip, (size_t)part * sizeof(type));                  \
      position += (uint64_t)part, out += part, n -= part;                        \
    }                                                                            \
  }

INLINE void ascribe_random_words_body(const ascribe_stream *s, uint64_t position, uint32_t *out,
                                      int64_t n, const int fused) {
#define FILL_WORDS(first, target) philox_words(s, (first) / 4, target)
  FILL(uint32_t, word_count, FILL_WORDS)
}
ASCRIBE_KERNEL(void, ascribe_random_words,
               (const ascribe_stream *s, uint64_t position, uint32_t *out, int64_t n),
               s, position, out, n)

INLINE void uniform_group(const ascribe_stream *s, uint64_t first, float *out) {
  uint32_t words[word_count];
  philox_words(s, first / 4, words);
  for (int i = 0; i < word_count; i++) out[i] = (float)(int32_t)(words[i] >> 8) * 0x1p-24f;
}

INLINE void ascribe_random_uniform_body(const ascribe_stream *s, uint64_t position, float *out,
                                        int64_t n, const int fused) {
#define FILL_UNIFORM(first, target) uniform_group(s, first, target)
  FILL(float, word_count, FILL_UNIFORM)
}
ASCRIBE_KERNEL(void, ascribe_random_uniform,
               (const ascribe_stream *s, uint64_t position, float *out, int64_t n),
               s, position, out, n)

INLINE void sign_group(const ascribe_stream *s, uint64_t first, float *out, float scale) {
  uint32_t words[word_count];
  philox_words(s, first / 128, words);
  for (int w = 0; w < word_count; w++) {
    INDEPENDENT for (int bit = 0; bit < 32; bit++) {
      out[32 * w + bit] = words[w] & (1u << bit) ? -scale : scale;
    }
  }
}

INLINE void ascribe_random_signs_body(const ascribe_stream *s, uint64_t position, float *out,
                                      int64_t n, float scale, const int fused) {
#define FILL_SIGNS(first, target) sign_group(s, first, target, scale)
  FILL(float, 32 * word_count, FILL_SIGNS)
}
ASCRIBE_KERNEL(void, ascribe_random_signs,
               (const ascribe_stream *s, uint64_t position, float *out, int64_t n, float scale),
               s, position, out, n, scale)

// Box and Muller: r = sqrt(-2 ln u) with u in (0, 1] of 31 bits; the angle's upper two bits are a
// quarter turn, its others go symmetrically into an eighth of a turn to either side.
INLINE void gaussian_pair(uint32_t a, uint32_t b, float scale, float *even, float *odd) {
  const int fused = 0;
  float u = (float)(int32_t)(a >> 1) * 0x1p-31f + 0x1p-32f;
  float r = scale * __builtin_elementwise_sqrt(-2.0f * log_normal(u, 0, fused));
  float f = (float)(int32_t)(b << 2) * 0x1p-32f, q = f * f;
  float sine = 0x1.82ca90p-10f;
  sine = FMA(sine, q, -0x1.5e7d5cp-8f);
  sine = FMA(sine, q, 0x1.46dac4p-4f);
  sine = FMA(sine, q, -0x1.4abc84p-1f);
  sine = FMA(sine, q, 0x1.921fb6p+0f);
  sine = sine * f;
  float cosine = 0x1.d478dep-11f;
  cosine = FMA(cosine, q, -0x1.55b142p-6f);
  cosine = FMA(cosine, q, 0x1.03c1aep-2f);
  cosine = FMA(cosine, q, -0x1.3bd3ccp+0f);
  cosine = FMA(cosine, q, 1.0f);
  // Quarter turns: (c, s), (-s, c), (-c, -s), (s, -c).
  int swapped = (b >> 30) & 1;
  float x = swapped ? sine : cosine, y = swapped ? cosine : sine;
  uint32_t flip_x = ((b >> 30) ^ (b >> 31)) << 31, flip_y = b & 0x80000000u;
  *even = r * from_bits(to_bits(x) ^ flip_x);
  *odd = r * from_bits(to_bits(y) ^ flip_y);
}

INLINE void gaussian_group(const ascribe_stream *s, uint64_t first, float *out, float scale) {
  uint32_t words[word_count];
  philox_words(s, first / 4, words);
  INDEPENDENT for (int i = 0; i < word_count / 2; i++) {
    float even, odd;
    gaussian_pair(words[2 * i], words[2 * i + 1], scale, &even, &odd);
    out[2 * i] = even;
    out[2 * i + 1] = odd;
  }
}

INLINE void ascribe_random_gaussian_body(const ascribe_stream *s, uint64_t position, float *out,
                                         int64_t n, float scale, const int fused) {
#define FILL_GAUSSIAN(first, target) gaussian_group(s, first, target, scale)
  FILL(float, word_count, FILL_GAUSSIAN)
}
ASCRIBE_KERNEL(void, ascribe_random_gaussian,
               (const ascribe_stream *s, uint64_t position, float *out, int64_t n, float scale),
               s, position, out, n, scale)
