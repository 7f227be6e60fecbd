"""PyTorch's training step of the encoder of `tools/bench`: forward, backward and AdamW.

    python tools/reference/bench_encoder.py THREADS STEPS

A BERT classifier of MiniLM's shape on 16 texts of 6 to 64 tokens, each batch padded to its longest
text, as data collators do. Prints PyTorch's version, then answers every line on its standard input
by the seconds of STEPS steps.
"""
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

import bench_serving

V, T, B, D, H, L, C = 30522, 64, 16, 384, 12, 6, 6
threads, steps = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(0)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(V, D), nn.Embedding(T, D)
        self.norm = nn.LayerNorm(D)
        layer = nn.TransformerEncoderLayer(D, H, 4 * D, 0.0, "gelu", batch_first=True)
        self.layers = nn.TransformerEncoder(layer, L, enable_nested_tensor=False)
        self.pooler, self.head = nn.Linear(D, D), nn.Linear(D, C)

    def forward(self, x):
        h = self.tokens(x) + self.positions(torch.arange(x.shape[1]))
        h = self.layers(self.norm(h), src_key_padding_mask=x == 0)
        return self.head(torch.tanh(self.pooler(h[:, 0])))


model = Encoder()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
lengths = (6 + (26 * (torch.rand(steps, B) + torch.rand(steps, B)))).int().clamp(max=T)
batches = []
for own in lengths:
    x = torch.randint(1000, V, (B, int(own.max())))
    x[torch.arange(x.shape[1])[None] >= own[:, None]] = 0
    batches.append((x, torch.randint(0, C, (B,))))


def run():
    for x, y in batches:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()


run()


def round_of_steps():
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


bench_serving.serve(round_of_steps)
