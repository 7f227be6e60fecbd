#pragma once
#include <stdint.h>

// Philox 4x32-10 (Salmon et al. 2011) as a function of position.
//
// Word p of a stream is output p % 4 of the block with counter (p / 4 low, p / 4 high, nonce) and
// key `key`. A fill from position p gives what a longer fill from before p gives there. All values
// are made without fused multiply-add: the same bits on every processor.

typedef struct {
  uint32_t key0, key1, nonce0, nonce1;
} ascribe_stream;

/// The generator itself: 128 random bits from a 128-bit counter and a 64-bit key.
void ascribe_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/// Words position..<position + n.
void ascribe_random_words(const ascribe_stream *s, uint64_t position, uint32_t *out, int64_t n);
/// (word >> 8) / 2^24, in [0, 1).
void ascribe_random_uniform(const ascribe_stream *s, uint64_t position, float *out, int64_t n);
/// Sign p is bit p % 32 of word p / 32: scale where it is 0, -scale where it is 1.
void ascribe_random_signs(const ascribe_stream *s, uint64_t position, float *out, int64_t n,
                          float scale);
/// Gaussians 2i and 2i + 1 are r cos a, r sin a times scale, from words 2i (r) and 2i + 1 (a).
void ascribe_random_gaussian(const ascribe_stream *s, uint64_t position, float *out, int64_t n,
                             float scale);
