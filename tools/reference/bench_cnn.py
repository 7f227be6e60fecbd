#!/usr/bin/env python3
"""Seconds of PyTorch's cnn on 28 x 28 images, for tools/bench: 16 and 32 channels, 64 neurons.

Batches lie ready in memory. A step is zero_grad, forward, cross-entropy, backward and SGD with
momentum; with --forward the outputs alone, in inference mode. Prints the median over rounds of the
mean step; with --serve its version, then the mean step of one round for every line that it reads.
"""
import time

import torch
from torch import nn

import bench_serving


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(32 * 7 * 7, 64), nn.ReLU(), nn.Linear(64, 10))


def forward_round(model, batches):
    def measured_round():
        start = time.perf_counter()
        with torch.inference_mode():
            for x, _ in batches:
                model(x)
        return (time.perf_counter() - start) / len(batches)

    return measured_round


def main():
    options = bench_serving.options(__doc__, batch=64, steps=40)
    options.add_argument("--forward", action="store_true")
    options.add_argument("--channels-last", action="store_true")
    options = options.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    form = torch.channels_last if options.channels_last else torch.contiguous_format
    model = cnn().to(memory_format=form)
    batches = [
        (torch.rand(options.batch, 1, 28, 28).to(memory_format=form),
         torch.randint(0, 10, (options.batch,))) for _ in range(options.steps)]
    if options.forward:
        bench_serving.run(options, forward_round(model.eval(), batches))
    else:
        bench_serving.run(options, bench_serving.classifier_round(model, batches))


if __name__ == "__main__":
    main()
