"""Makes the polynomial coefficients in Sources/CKernels/functions.h.

Each fit is a weighted minimax polynomial (Lawson iteration on Chebyshev nodes, in double), whose
coefficients are rounded to float one at a time, from the one that matters most, refitting the rest.
Needs numpy, scipy, mpmath.    python tools/reference/polynomials.py
"""
import numpy as np
from mpmath import mp, mpf
import mpmath

mp.dps = 40


def fit(name, argument, target, weight, low, high, degree, nodes=2000, even_digits=True):
    """Fits target(t) ~ sum c_i argument(t)^i with error measured as weight(t) * difference."""
    t = np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes) * (high - low) / 2 + (high + low) / 2
    u = np.array([float(argument(mpf(v))) for v in t])
    f = np.array([float(target(mpf(v))) for v in t])
    w = np.array([abs(float(weight(mpf(v)))) for v in t])
    columns = np.stack([u**i for i in range(degree + 1)], 1)
    fixed = {}

    def solve(free):
        rest = f - sum((fixed[i] * columns[:, i] for i in fixed), np.zeros(nodes))
        lawson, best = np.ones(nodes), (np.inf, None)
        for _ in range(60):
            s = np.sqrt(lawson) * w
            c = np.linalg.lstsq(columns[:, free] * s[:, None], rest * s, rcond=None)[0]
            e = np.abs(columns[:, free] @ c - rest) * w
            if e.max() < best[0]:
                best = (e.max(), c)
            lawson *= e / e.max() + 1e-3
            lawson /= lawson.mean()
        return best

    order = list(range(degree + 1))
    exact = solve(order)[0]
    while len(fixed) <= degree:
        free = [i for i in order if i not in fixed]
        error, c = solve(free)
        fixed[free[0]] = float(np.float32(c[0]))
    final = np.max(np.abs(columns @ np.array([fixed[i] for i in order]) - f) * w)
    print(f"// {name}: on [{low:.6g}, {high:.6g}], error {final:.2e} (unrounded {exact:.2e})")
    for i in order:
        print(f"  {float(fixed[i]).hex():>24}f  // u^{i}  {fixed[i]:.9g}")


L = float(mp.log(2) / 2)
fit("exp: (e^r - 1 - r) / r^2", lambda r: r,
    lambda r: (mp.expm1(r) - r) / r**2, lambda r: r * r / mp.exp(r), -L * 1.001, L * 1.001, 4)
fit("log: (log1p(f) - f + f^2/2) / f^3", lambda f: f,
    lambda f: (mp.log1p(f) - f + f * f / 2) / f**3, lambda f: f**3 / mp.log1p(f),
    -0.2930, 0.4143, 8)
fit("tanh: (tanh x - x) / x^3 in x^2", lambda x: x * x,
    lambda x: (mp.tanh(x) - x) / x**3, lambda x: x**3 / mp.tanh(x), 1e-3, 0.6251, 4)
fit("erf small: (erf x - x) / x in x^2", lambda x: x * x,
    lambda x: (mp.erf(x) - x) / x, lambda x: x / mp.erf(x), 1e-3, 0.9221, 5)
fit("erf large: log(erfc t) / t", lambda t: t,
    lambda t: mp.log(mp.erfc(t)) / t, lambda t: t * mp.erfc(t) / mp.erf(t), 0.9219, 4.0, 7)
K = 3
fit("normal tail: (t + 3) e^{t^2/2} Phi(-t) in q = (t - 3)/(t + 3)", lambda t: (t - K) / (t + K),
    lambda t: (t + K) * mp.exp(t * t / 2) * mp.ncdf(-t),
    lambda t: 1 / ((t + K) * mp.exp(t * t / 2) * mp.ncdf(-t)), 0.0, 13.1, 10)
fit("sin(pi/2 f) / f in f^2", lambda f: f * f,
    lambda f: mp.sin(mp.pi / 2 * f) / f, lambda f: f / mp.sin(mp.pi / 2 * f), 1e-3, 0.5, 4)
fit("cos(pi/2 f) in f^2", lambda f: f * f,
    lambda f: mp.cos(mp.pi / 2 * f), lambda f: 1, 0.0, 0.5, 4)
