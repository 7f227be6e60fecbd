#!/usr/bin/env python3
"""Seconds to train one 784-128-64-10 network in a plain PyTorch loop, for tools/bench.

Half of 5,000 images, batches of 64, dropout 0.1, SGD with momentum 0.9; the tensors lie in memory,
an epoch is a permutation, a batch is x[rows]. With --processes 2 two loops run side by side and the
answer is the seconds of a model of both together. Prints its version, then the seconds of a model
for every line that it reads.
"""
import argparse
import subprocess
import sys
import time

import torch
from torch import nn


def train(images, classes, epochs, seed):
    torch.manual_seed(seed)
    half = torch.randperm(len(images))[: len(images) // 2]
    x, y = images[half], classes[half]
    model = nn.Sequential(
        nn.Linear(784, 128), nn.ReLU(), nn.Dropout(0.1),
        nn.Linear(128, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    loss = nn.CrossEntropyLoss()
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for start in range(0, len(x), 64):
            rows = order[start : start + 64]
            optimizer.zero_grad()
            loss(model(x[rows]), y[rows]).backward()
            optimizer.step()


def serve(epochs):
    torch.manual_seed(0)
    images = torch.randn(5_000, 784)
    classes = torch.randint(0, 10, (5_000,))
    print(torch.__version__, flush=True)
    for seed, _ in enumerate(sys.stdin):
        start = time.perf_counter()
        train(images, classes, epochs, seed)
        print(f"{time.perf_counter() - start:.9f}", flush=True)


def serve_side_by_side(processes, options):
    """Children that do what `serve` does, asked all at once."""
    command = [sys.executable, __file__, "--epochs", str(options.epochs), "--threads",
               str(options.threads)]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)]
    print([child.stdout.readline().strip() for child in children][0], flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        for child in children:
            child.stdout.readline()
        print(f"{(time.perf_counter() - start) / processes:.9f}", flush=True)
    for child in children:
        child.stdin.close()
        child.wait()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--epochs", type=int, default=5)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--processes", type=int, default=1)
    options = options.parse_args()
    torch.set_num_threads(options.threads)
    if options.processes == 1:
        serve(options.epochs)
    else:
        serve_side_by_side(options.processes, options)


if __name__ == "__main__":
    main()
