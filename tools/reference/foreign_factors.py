#!/usr/bin/env python3
"""Makes Tests/Fixtures/Factors/{train,test}.h5 with h5py: per-example gradients of a small network in
numpy, as a user of another framework would write them.

    pip install h5py==3.16 numpy
    tools/reference/foreign_factors.py Tests/Fixtures/Factors

Three inputs, four tanh units, three classes; the gradients of all outputs (`trace`). scores.json has
what graddot of the loss gives, from full gradients in double.
"""
import json
import pathlib
import sys

import h5py
import numpy as np

rng = np.random.default_rng(7)
w1, b1 = rng.normal(size=(4, 3)), rng.normal(size=4)
w2, b2 = rng.normal(size=(3, 4)), rng.normal(size=3)


def examples(n):
    x = np.round(rng.normal(size=(n, 3)), 3)
    return x, rng.integers(0, 3, size=n)


def forward(x):
    h = np.tanh(x @ w1.T + b1)
    return h, h @ w2.T + b2


def write(path, x, y, ids):
    h, z = forward(x)
    n, c = z.shape
    left2 = np.broadcast_to(np.eye(c), (n, c, c))  # dz_c / d(output o of fc2): n × C × O
    left1 = w2[None] * (1 - h**2)[:, None]  # n × C × O of fc1
    with h5py.File(path, "w") as f:
        f.attrs["madeBy"] = "tools/reference/foreign_factors.py"
        f["outputs"] = z.astype("f4")
        f["labels"] = y
        f["ids"] = ids
        f["classes"] = ["ant", "bee", "cat"]
        f["layers"] = ["fc1", "fc2"]
        for layer, left, right in [("fc1", left1, x), ("fc2", left2, h)]:
            f[f"left/trace/{layer}"] = left.astype("f4")
            f[f"right/{layer}"] = right.astype("f4")
            f[f"right/{layer}"].attrs["bias"] = 1


def loss_gradients(x, y):
    h, z = forward(x)
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    d2 = p - np.eye(3)[y]
    d1 = (d2 @ w2) * (1 - h**2)
    one = np.ones((len(x), 1))
    return np.concatenate(
        [
            np.einsum("no,ni->noi", d1, np.hstack([x, one])).reshape(len(x), -1),
            np.einsum("no,ni->noi", d2, np.hstack([h, one])).reshape(len(x), -1),
        ],
        axis=1,
    )


folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
(x, y), (u, v) = examples(12), examples(4)
write(folder / "train.h5", x, y, np.arange(12))
write(folder / "test.h5", u, v, ["q0", "q1", "q2", "q3"])
scores = loss_gradients(u, v) @ loss_gradients(x, y).T
(folder / "scores.json").write_text(
    json.dumps({"script": "tools/reference/foreign_factors.py", "graddot": scores.tolist()}) + "\n"
)
