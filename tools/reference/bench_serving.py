"""What the timing scripts of tools/bench have in common: options, and answering one line by one round."""
import argparse
import statistics
import sys
import time

import torch


def options(description, batch, steps, threads=1):
    """The options of a script that times rounds of training steps."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--steps", type=int, default=steps, help="steps of a round")
    parser.add_argument("--threads", type=int, default=threads)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", action="store_true")
    return parser


def run(chosen, measured_round, version=torch.__version__):
    """The median of some rounds; with --serve the version, then a round for every line read."""
    if not chosen.serve:
        measured_round()
        print(f"{statistics.median(measured_round() for _ in range(chosen.rounds)):.9f}")
        return
    serve(measured_round, version)


def serve(measured_round, version=torch.__version__):
    """Prints the version, then the seconds of a round for every line read."""
    print(version, flush=True)
    for _ in sys.stdin:
        print(f"{measured_round():.9f}", flush=True)


def fastest_sgd(parameters):
    """The one-kernel optimizer where this PyTorch has it for CPUs."""
    parameters = list(parameters)
    try:
        return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, fused=True)
    except (TypeError, RuntimeError):
        return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, foreach=True)


def classifier_round(model, batches):
    """A round: the mean seconds of a step of SGD with momentum on batches that lie in memory."""
    optimizer = fastest_sgd(model.parameters())
    loss = torch.nn.CrossEntropyLoss()

    def measured_round():
        start = time.perf_counter()
        for x, y in batches:
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()
        return (time.perf_counter() - start) / len(batches)

    return measured_round
