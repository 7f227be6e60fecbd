"""PyTorch's training step of the character model of `tools/bench`: forward, backward and AdamW.

    python tools/reference/bench_transformer.py THREADS STEPS

Prints its version, then answers every line on its standard input by the seconds of STEPS steps.
"""
import sys
import time

import torch
import torch.nn.functional as F

import bench_serving
from small_gpt2 import SmallGPT2

V, T, B, D, H, L = 65, 128, 16, 128, 4, 4
threads, steps = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(0)

model = SmallGPT2(V, T, D, H, L)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
x = torch.randint(0, V, (B, T))


def step():
    optimizer.zero_grad()
    z = model(x)[:, :-1]
    F.cross_entropy(z.reshape(-1, V), x[:, 1:].reshape(-1), reduction="sum").div(B).backward()
    optimizer.step()


for _ in range(3):
    step()


def round_of_steps():
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return time.perf_counter() - start


bench_serving.serve(round_of_steps)
