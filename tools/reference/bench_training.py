#!/usr/bin/env python3
"""Seconds of a PyTorch training step of a 784-128-64-10 network, for tools/bench.

Batches lie ready in memory. A step is zero_grad, forward, cross-entropy, backward and SGD with
momentum. Prints the median over rounds of the mean step; with --serve its version, then the mean
step of one round for every line that it reads.
"""
import time

import torch
from torch import nn

import bench_serving


def fastest_sgd(parameters):
    """The one-kernel optimizer where this PyTorch has it for CPUs."""
    parameters = list(parameters)
    try:
        return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, fused=True)
    except (TypeError, RuntimeError):
        return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, foreach=True)


def main():
    options = bench_serving.options(__doc__, batch=64, steps=150).parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    inputs = torch.rand(options.steps, options.batch, 784)
    classes = torch.randint(0, 10, (options.steps, options.batch))
    model = nn.Sequential(
        nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = fastest_sgd(model.parameters())
    loss = nn.CrossEntropyLoss()
    batches = list(zip(inputs, classes))

    def round_of_steps():
        start = time.perf_counter()
        for x, y in batches:
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()
        return (time.perf_counter() - start) / options.steps

    bench_serving.run(options, round_of_steps)


if __name__ == "__main__":
    main()
