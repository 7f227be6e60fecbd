#include "include/digests.h"

#include "levels.h"

// Goals in order: the digests of FIPS 180-4, speed with 512-bit vectors. Everything is written on
// vectors of 16 words, one a message, so that no step depends on its neighbour's lane.
typedef uint32_t words __attribute__((vector_size(64)));
typedef uint8_t bytes64 __attribute__((vector_size(64)));

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

#define ROTATE(x, n) (((x) >> (n)) | ((x) << (32 - (n))))
#define LOW(a, b) \
  __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH(a, b) \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define FOUR(i) i + 3, i + 2, i + 1, i
#define SIXTEEN(i) FOUR(i), FOUR(i + 4), FOUR(i + 8), FOUR(i + 12)

// w[t] = word t of every message's 64 bytes: rows of a message, bytes turned, then transposed.
// Shuffling rows i and i + 8 together rotates the bits of (row, column) by one; four times swap
// them.
INLINE void load_words(const uint8_t *const *place, int64_t offset, words *w) {
  words other[16];
  for (int i = 0; i < 16; i++) {
    bytes64 row;
    memcpy(&row, place[i] + offset, 64);
    row = __builtin_shufflevector(row, row, SIXTEEN(0), SIXTEEN(16), SIXTEEN(32), SIXTEEN(48));
    memcpy(&w[i], &row, 64);
  }
  for (int turn = 0; turn < 2; turn++) {
    for (int i = 0; i < 8; i++) {
      other[2 * i] = LOW(w[i], w[i + 8]);
      other[2 * i + 1] = HIGH(w[i], w[i + 8]);
    }
    for (int i = 0; i < 8; i++) {
      w[2 * i] = LOW(other[i], other[i + 8]);
      w[2 * i + 1] = HIGH(other[i], other[i + 8]);
    }
  }
}

// One block of 64 bytes of every message.
INLINE void compress(words *state, const uint8_t *const *place, int64_t offset) {
  words w[16];
  load_words(place, offset, w);
  words a = state[0], b = state[1], c = state[2], d = state[3];
  words e = state[4], f = state[5], g = state[6], h = state[7];
#pragma clang loop unroll(full)
  for (int t = 0; t < 64; t++) {
    if (t >= 16) {
      words early = w[(t + 1) & 15], late = w[(t + 14) & 15];
      w[t & 15] += (ROTATE(early, 7) ^ ROTATE(early, 18) ^ (early >> 3)) + w[(t + 9) & 15] +
                   (ROTATE(late, 17) ^ ROTATE(late, 19) ^ (late >> 10));
    }
    words first = h + (ROTATE(e, 6) ^ ROTATE(e, 11) ^ ROTATE(e, 25)) + ((e & f) ^ (~e & g)) +
                  constants[t] + w[t & 15];
    words second =
        (ROTATE(a, 2) ^ ROTATE(a, 13) ^ ROTATE(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

INLINE void ascribe_sha256_lanes_body(const uint8_t *const *messages, int64_t bytes,
                                      uint8_t *digests, int fused) {
  (void)fused;
  words state[8];
  for (int i = 0; i < 8; i++) state[i] = (words){} + initial[i];
  int64_t whole = bytes / 64 * 64, rest = bytes - whole;
  for (int64_t offset = 0; offset < whole; offset += 64) compress(state, messages, offset);

  // What is left, a bit, zeros, and the length in bits.
  uint8_t tails[16][128] = {{0}};
  const uint8_t *places[16];
  int64_t length = rest < 56 ? 64 : 128;
  for (int i = 0; i < 16; i++) {
    memcpy(tails[i], messages[i] + whole, (size_t)rest);
    tails[i][rest] = 0x80;
    for (int k = 0; k < 8; k++)
      tails[i][length - 1 - k] = (uint8_t)(((uint64_t)bytes * 8) >> (8 * k));
    places[i] = tails[i];
  }
  for (int64_t offset = 0; offset < length; offset += 64) compress(state, places, offset);

  for (int lane = 0; lane < 16; lane++)
    for (int i = 0; i < 8; i++) {
      uint32_t word = __builtin_bswap32(state[i][lane]);
      memcpy(digests + 32 * lane + 4 * i, &word, 4);
    }
}

ASCRIBE_KERNEL(void, ascribe_sha256_lanes,
               (const uint8_t *const *messages, int64_t bytes, uint8_t *digests), messages, bytes,
               digests)
