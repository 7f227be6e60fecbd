#!/usr/bin/env python3
"""Seconds of a PyTorch training step of resnet9 on 32 x 32 images, for tools/bench.

Batches lie ready in memory. A step is zero_grad, forward with batch norm in training mode,
cross-entropy, backward and SGD with momentum. Prints the median over rounds of the mean step; with
--serve its version, then the mean step of one round for every line that it reads.
"""
import torch

import bench_serving
from convolutions import resnet9


def main():
    options = bench_serving.options(__doc__, batch=64, steps=2)
    options.add_argument("--width", type=int, default=64)
    options.add_argument("--channels-last", action="store_true")
    options = options.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    form = torch.channels_last if options.channels_last else torch.contiguous_format
    model = resnet9(3, options.width, 10).to(memory_format=form)
    batches = [
        (torch.rand(options.batch, 3, 32, 32).to(memory_format=form),
         torch.randint(0, 10, (options.batch,))) for _ in range(options.steps)]
    bench_serving.run(options, bench_serving.classifier_round(model, batches))


if __name__ == "__main__":
    main()
