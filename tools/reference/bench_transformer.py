"""PyTorch's training step of the character model of `tools/bench`: forward, backward and AdamW.

    python tools/reference/bench_transformer.py THREADS STEPS

Prints its version, then answers every line on its standard input by the seconds of STEPS steps.
"""
import sys
import time

import torch
import torch.nn.functional as F

import bench_serving

V, T, B, D, H, L = 65, 128, 16, 128, 4, 4
threads, steps = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(0)


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = torch.nn.LayerNorm(D), torch.nn.LayerNorm(D)
        self.c_attn, self.c_proj = torch.nn.Linear(D, 3 * D), torch.nn.Linear(D, D)
        self.c_fc, self.out = torch.nn.Linear(D, 4 * D), torch.nn.Linear(4 * D, D)

    def forward(self, x):
        q, k, v = (p.view(len(x), T, H, D // H).transpose(1, 2)
                   for p in self.c_attn(self.ln_1(x)).split(D, -1))
        o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.c_proj(o.transpose(1, 2).reshape(x.shape))
        return x + self.out(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = torch.nn.Embedding(V, D), torch.nn.Embedding(T, D)
        self.blocks = torch.nn.Sequential(*[Block() for _ in range(L)])
        self.ln_f = torch.nn.LayerNorm(D)

    def forward(self, x):
        h = self.wte(x) + self.wpe.weight[:T]
        return self.ln_f(self.blocks(h)) @ self.wte.weight.T


model = Model()
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
