#pragma once
#include <stdint.h>

// SHA-256 (FIPS 180-4) of sixteen messages of one length at once, a message a vector lane.

#define ASCRIBE_SHA256_LANES 16

// messages: 16 pointers to `bytes` bytes each, which may be equal. digests: 16 × 32 bytes.
// With AVX-512 about 2.5 times the rate of the SHA instructions of one core; without, use those.
void ascribe_sha256_lanes(const uint8_t *const *messages, int64_t bytes, uint8_t *digests);
