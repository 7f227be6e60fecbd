#!/usr/bin/env python3
"""PyTorch's outputs under masks, the straightforward loop, for tools/bench: cnn or gpt.

    bench_masks.py NETWORK --serve --threads N [--queries Q] [--steps MASKS]

Mask by mask, all queries in one batch: what each filter, neuron or head gives is multiplied by its
number of the mask, 0 for 5 % of them. The cnn is that of bench_cnn.py, NCHW; the GPT has 3 blocks of
4 heads and width 96, 64 of 65 characters. A round is the mean seconds of one pass of one query.
"""
import time

import torch
from torch import nn
from torch.nn import functional

import bench_serving
from bench_cnn import cnn
from small_gpt2 import SmallGPT2


class Masked(nn.Module):
    """Multiplies what a layer gives by the mask's numbers for it."""

    def __init__(self, units, images):
        super().__init__()
        self.units, self.form = units, (1, units, 1, 1) if images else (units,)

    def draw(self):
        self.mask = (torch.rand(self.units) >= 0.05).float().view(self.form)

    def forward(self, x):
        return x * self.mask


class MaskedBlock(nn.Module):
    """A block of SmallGPT2 whose heads and neurons are multiplied by masks."""

    def __init__(self, block, width):
        super().__init__()
        self.block = block
        self.heads, self.neurons = Masked(block.heads, False), Masked(4 * width, False)

    def forward(self, x):
        b, width = self.block, x.shape[-1]
        q, k, v = (p.view(*x.shape[:-1], b.heads, width // b.heads).transpose(-2, -3)
                   for p in b.c_attn(b.ln_1(x)).split(width, -1))
        o = functional.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(-2, -3)
        x = x + b.c_proj((o * self.heads.mask.view(-1, 1)).reshape(x.shape))
        return x + b.out(self.neurons(functional.gelu(b.c_fc(b.ln_2(x)), approximate="tanh")))


def masked_cnn():
    layers = []
    for layer in cnn():
        layers.append(layer)
        if isinstance(layer, nn.ReLU):
            last = layers[-2]
            images = isinstance(last, nn.Conv2d)
            layers.append(Masked(last.out_channels if images else last.out_features, images))
    return nn.Sequential(*layers)


def masked_gpt(width=96):
    model = SmallGPT2(65, 64, width, 4, 3)
    model.blocks = nn.Sequential(*[MaskedBlock(block, width) for block in model.blocks])
    return model


def hard_margin(z, y):
    own = z.gather(1, y[:, None])[:, 0]
    return own - z.scatter(1, y[:, None], -torch.inf).amax(1)


def log_probability(z, x):
    found = functional.cross_entropy(z[:, :-1].transpose(1, 2), x[:, 1:], reduction="none")
    return -found.sum(1)


def main():
    options = bench_serving.options(__doc__, batch=500, steps=20)
    options.add_argument("network", choices=["cnn", "gpt"])
    options = options.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    if options.network == "cnn":
        model, x = masked_cnn(), torch.rand(options.batch, 1, 28, 28)
        y, function = torch.randint(0, 10, (options.batch,)), hard_margin
    else:
        model, x = masked_gpt(), torch.randint(0, 65, (options.batch, 64))
        y, function = x, log_probability
    points = [module for module in model.eval().modules() if isinstance(module, Masked)]

    def measured_round():
        start = time.perf_counter()
        with torch.inference_mode():
            for _ in range(options.steps):
                for point in points:
                    point.draw()
                function(model(x), y)
        return (time.perf_counter() - start) / (options.steps * options.batch)

    bench_serving.run(options, measured_round)


if __name__ == "__main__":
    main()
