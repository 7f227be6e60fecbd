"""Makes the expected values in Tests/RandomnessTests/GoldenTests.swift from the written rule alone.

    python tools/reference/randomness.py
"""
import math

MASK = 0xFFFFFFFF


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & MASK, (a >> 32) ^ c[3] ^ k[1], a & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def stream(seed, purpose, index):
    """Key and upper counter half."""
    return philox((index & MASK, index >> 32, purpose, 0x41534352), (seed & MASK, seed >> 32))


def word(s, p):
    block = p // 4
    return philox((block & MASK, block >> 32, s[2], s[3]), s[:2])[p % 4]


def gaussians(s, pair):
    a, b = word(s, 2 * pair), word(s, 2 * pair + 1)
    radius = math.sqrt(-2 * math.log((a >> 1) * 2.0**-31 + 2.0**-32))
    low = (b << 2) & MASK
    low = low - 2**32 if low >= 2**31 else low
    angle = math.pi / 2 * ((b >> 30) + low * 2.0**-32)
    return radius * math.cos(angle), radius * math.sin(angle)


def permutation(s, n):
    items = list(range(n))
    for i in range(n):
        j = i + (((word(s, 2 * i) | word(s, 2 * i + 1) << 32) * (n - i)) >> 64)
        items[i], items[j] = items[j], items[i]
    return items


projection = stream(2024, 6, 0)
print([hex(word(projection, p)) for p in range(8)])
print([round(v, 6) for pair in range(4) for v in gaussians(projection, pair)])
print(permutation(stream(2024, 2, 5), 10))
