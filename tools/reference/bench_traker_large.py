#!/usr/bin/env python3
"""traker's projected per-example gradients of the large networks of `tools/bench`.

    python tools/reference/bench_traker_large.py encoder|imagenet|cifar THREADS

The encoder of MiniLM's shape on 16 texts of 64 places, half of them padding, or a ResNet-18 with either
stem on 16 images of 32 x 32, in one batch (traker draws its matrix again for every batch), by margins, to
2,048 features of normal entries. A batch would draw 2,048 numbers a parameter, which takes minutes:
measured are 16 and 80 features, and the time of 2,048 is on their line. Prints traker's version, or
`missing`, then answers every line on its standard input by the seconds of one example.
"""
import sys

import torch
import torch.nn as nn

import bench_serving
import bench_traker
from trak.modelout_functions import ImageClassificationModelOutput
from trak.projectors import BasicProjector

K, FEW, MORE, BATCH = 2048, 16, 80, 16
kind = sys.argv[1]
torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(0)
V, T, D, H, L, C = 30522, 64, 384, 12, 6, 6


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(D, 3 * D), nn.Linear(D, D)
        self.up, self.down = nn.Linear(D, 4 * D), nn.Linear(4 * D, D)
        self.first, self.second = nn.LayerNorm(D), nn.LayerNorm(D)

    def forward(self, x, padding):
        q, k, v = (t.unflatten(-1, (H, D // H)).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        scores = q @ k.transpose(-1, -2) / (D // H) ** 0.5
        scores = scores.masked_fill(padding[:, None, None, :], float("-inf"))
        h = (torch.softmax(scores, -1) @ v).transpose(1, 2).flatten(2)
        x = self.first(x + self.out(h))
        return self.second(x + self.down(nn.functional.gelu(self.up(x))))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(V, D), nn.Embedding(T, D)
        self.norm = nn.LayerNorm(D)
        self.blocks = nn.ModuleList(Block() for _ in range(L))
        self.pooler, self.head = nn.Linear(D, D), nn.Linear(D, C)

    def forward(self, x):
        h = self.norm(self.tokens(x) + self.positions(torch.arange(T)))
        for block in self.blocks:
            h = block(h, x == 0)
        return self.head(torch.tanh(self.pooler(h[:, 0])))


if kind == "encoder":
    model, classes = Encoder(), C
    inputs = torch.randint(1000, V, (BATCH, T))
    inputs[:, T // 2:] = 0
else:
    import torchvision

    model, classes = torchvision.models.resnet18(num_classes=10), 10
    if kind == "cifar":
        model.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        model.maxpool = nn.Identity()
    inputs = torch.rand(BATCH, 3, 32, 32)
model.eval()
labels = torch.randint(0, classes, (BATCH,))


def seconds(dimension):
    projector = BasicProjector(
        grad_dim=sum(p.numel() for p in model.parameters()), proj_dim=dimension, seed=0,
        proj_type="normal", device="cpu", block_size=FEW)
    return bench_traker.seconds(
        model, ImageClassificationModelOutput(), (inputs, labels), dimension, projector)


def example():
    few, more = seconds(FEW), seconds(MORE)
    return (few + (K - FEW) * (more - few) / (MORE - FEW)) / BATCH


seconds(FEW)
bench_serving.serve(example, bench_traker.VERSION)
