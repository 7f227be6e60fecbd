"""Golden vectors of the random projectors: Projections/golden/projectors.json.

An independent account of Projections/PROJECTORS.md in plain Python and numpy: Philox 4x32-10, the
entries of each matrix, P^T g in double. Run: python3 tools/reference/projections.py
"""
import json
import math
import pathlib

M = 0xFFFFFFFF


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & M, (p0 >> 32) ^ c[3] ^ k[1], p0 & M]
        k = [(k[0] + 0x9E3779B9) & M, (k[1] + 0xBB67AE85) & M]
    return c


class Stream:
    def __init__(self, seed, purpose, index):
        self.s = philox((index & M, index >> 32, purpose, 0x41534352), (seed & M, seed >> 32))

    def word(self, p):
        b = p // 4
        return philox((b & M, b >> 32, self.s[2], self.s[3]), self.s[:2])[p % 4]

    def sign(self, p):
        return -1.0 if self.word(p // 32) >> (p % 32) & 1 else 1.0


    def sample(self, k, n):
        items = list(range(n))
        for i in range(k):
            word = self.word(2 * i) | self.word(2 * i + 1) << 32
            j = i + (word * (n - i) >> 64)
            items[i], items[j] = items[j], items[i]
        return items[:k]


def sparse(rows, k, s, seed, index):
    st, s = Stream(seed, 6, index), min(s, k)
    m = [[0.0] * k for _ in range(rows)]
    for c in range(rows):
        for j in range(s):
            w = st.word(c * s + j)
            lo, hi = j * k // s, (j + 1) * k // s
            m[c][lo + ((w & 0x7FFFFFFF) * (hi - lo) >> 31)] = (-1 if w >> 31 else 1) / math.sqrt(s)
    return m


def signs(rows, k, seed, index):
    st = Stream(seed, 6, index)
    return [[st.sign(c * k + j) / math.sqrt(k) for j in range(k)] for c in range(rows)]


def eye(n):
    return [[float(i == j) for j in range(n)] for i in range(n)]


def sides(share, O, I):
    best, err = (1, 1), math.inf
    for o in range(1, min(O, share) + 1):
        i = min(I, share // o)
        e = (2 / o if o < O else 0) + (2 / i if i < I else 0)
        if e < err or (e == err and (o * i, i) > (best[0] * best[1], best[1])):
            best, err = (o, i), e
    return best


def shares(k, layers):
    out, rest = [0] * len(layers), k
    order = sorted(range(len(layers)), key=lambda l: (layers[l][1] * layers[l][2], l))
    for place, l in enumerate(order):
        out[l] = min(layers[l][1] * layers[l][2], rest // (len(layers) - place))
        rest -= out[l]
    return out


def dot(m, v):
    """m^T v"""
    return [sum(row[j] * x for row, x in zip(m, v)) for j in range(len(m[0]))]


def kron(left, right):
    return [[x * y for x in a for y in b] for a in left for b in right]


def product(a, b):
    return [dot(b, row) for row in a]


def features(kind, k, seed, layers, g):
    p = sum(o * i for _, o, i in layers)
    flat = [x for part in g for x in part]
    if kind == "identity":
        return flat
    if kind == "rademacher":
        return dot(signs(p, k, seed, 0), flat)
    if kind == "sjlt":
        return dot(sparse(p, k, 4, seed, 0), flat)
    if kind == "mask":
        picks = sorted(Stream(seed, 6, 0).sample(k, p))
        return [math.sqrt(p / k) * flat[c] for c in picks]
    out = []
    for l, (share, (_, O, I), part) in enumerate(zip(shares(k, layers), layers, g)):
        if kind == "kronecker":
            o, i = sides(share, O, I)
            left = eye(O) if o == O else signs(O, o, seed, 2 * l)
            right = eye(I) if i == I else signs(I, i, seed, 2 * l + 1)
            out += dot(kron(left, right), part)
        else:
            o, i = sides(4 * share, O, I)
            left = eye(O) if o == O else sparse(O, o, 2, seed, 3 * l)
            right = eye(I) if i == I else sparse(I, i, 2, seed, 3 * l + 1)
            core = eye(o * i) if o * i == share else sparse(o * i, share, 2, seed, 3 * l + 2)
            out += dot(core, dot(kron(left, right), part))
    return out


def main():
    layers = [("0.weight", 4, 9), ("2.weight", 3, 5)]
    # Gradients d (x) a of small exact numbers: d_o = o + 1 - O/2, a_i = (3 i mod 7) - 3.
    g = []
    for _, O, I in layers:
        g.append([(o + 1 - O / 2) * ((3 * i) % 7 - 3) for o in range(O) for i in range(I)])
    cases = []
    for kind in ("identity", "rademacher", "sjlt", "kronecker", "factoredSJLT", "mask"):
        for k, seed in ((10, 0), (13, 0x123456789ABCDEF)):
            cases.append({"kind": kind, "k": k, "seed": seed,
                          "features": features(kind, k, seed, layers, g)})
    target = pathlib.Path(__file__).parents[2] / "Projections/golden/projectors.json"
    text = {"madeBy": "tools/reference/projections.py",
            "layers": [{"name": n, "outputs": o, "inputs": i} for n, o, i in layers],
            "cases": cases}
    target.write_text(json.dumps(text, indent=1) + "\n")


main()
