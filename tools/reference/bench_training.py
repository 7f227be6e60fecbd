#!/usr/bin/env python3
"""Seconds of a PyTorch training step of a 784-128-64-10 network, for tools/bench.

Batches lie ready in memory. A step is zero_grad, forward, cross-entropy, backward and SGD with
momentum. Prints the median over rounds of the mean step; with --serve its version, then the mean
step of one round for every line that it reads.
"""
import torch
from torch import nn

import bench_serving


def main():
    options = bench_serving.options(__doc__, batch=64, steps=150).parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    inputs = torch.rand(options.steps, options.batch, 784)
    classes = torch.randint(0, 10, (options.steps, options.batch))
    model = nn.Sequential(
        nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    batches = list(zip(inputs, classes))
    bench_serving.run(options, bench_serving.classifier_round(model, batches))


if __name__ == "__main__":
    main()
