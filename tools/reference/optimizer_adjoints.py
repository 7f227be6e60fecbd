"""Makes Tests/Fixtures/optimizer_adjoints.json: gradients through steps of PyTorch's optimizers.

    python tools/reference/optimizer_adjoints.py     (any Python with torch >= 2.1)

Five steps, the 4th to 8th of a training, from a state whose buffers are not zero, with a rate and a
gradient of their own each. The objective is linear in the last parameters and buffers; what is
written are its derivatives by the first parameters and buffers and by every gradient, by autograd
through `torch.optim` itself (`differentiable=True`), in float64 at float32 numbers.
"""
import json
import os

import torch

SCRIPT = "tools/reference/optimizer_adjoints.py"
TARGET = os.path.join(
    os.path.dirname(__file__), "..", "..", "Tests", "Fixtures", "optimizer_adjoints.json")
BEFORE = 3  # steps before the first one
RATES = [0.05, 0.1, 0.1, 0.02, 0.005]
CASES = {
    "sgd": (torch.optim.SGD, dict(weight_decay=0.01), []),
    "momentum": (torch.optim.SGD, dict(momentum=0.9, weight_decay=0.01), ["momentum_buffer"]),
    "nesterov": (
        torch.optim.SGD, dict(momentum=0.9, weight_decay=0.01, nesterov=True), ["momentum_buffer"]),
    "adam": (
        torch.optim.Adam, dict(betas=(0.9, 0.99), weight_decay=0.01), ["exp_avg", "exp_avg_sq"]),
    "adamw": (
        torch.optim.AdamW, dict(betas=(0.8, 0.999), eps=1e-3, weight_decay=0.1),
        ["exp_avg", "exp_avg_sq"]),
}
P = 5


def numbers(seed, *shape):
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return values.to(torch.float64).requires_grad_()


def through(make, options, names, theta, buffers, gradients):
    p, state = theta, buffers
    for t, (rate, g) in enumerate(zip(RATES, gradients)):
        p = p.clone()
        optimizer = make([p], lr=rate, differentiable=True, **options)
        own = {name: value.clone() for name, value in zip(names, state)}
        if len(names) == 2:
            own["step"] = torch.tensor(float(BEFORE + t), dtype=torch.float64)
        optimizer.state[p] = own
        p.grad = g
        optimizer.step()
        state = [optimizer.state[p][name] for name in names]
    return p, state


def case(name):
    make, options, names = CASES[name]
    theta, gradients = numbers(1, P), [numbers(10 + t, P) for t in range(len(RATES))]
    buffers = [numbers(20 + i, P) for i in range(len(names))]
    if len(buffers) == 2:  # second moments are not negative
        buffers[1] = (buffers[1].detach() ** 2 / 4).to(torch.float32).to(torch.float64).requires_grad_()
    weights = [numbers(30 + i, P).detach() for i in range(1 + len(names))]
    last, state = through(make, options, names, theta, buffers, gradients)
    objective = sum((w * x).sum() for w, x in zip(weights, [last] + state))
    found = torch.autograd.grad(objective, [theta] + buffers + gradients)
    b = len(buffers)
    return {
        "name": name, "parameters": theta.tolist(), "buffers": [x.tolist() for x in buffers],
        "gradients": [x.tolist() for x in gradients], "weights": [x.tolist() for x in weights],
        "last": last.tolist(), "ofParameters": found[0].tolist(),
        "ofBuffers": [x.tolist() for x in found[1:1 + b]],
        "ofGradients": [x.tolist() for x in found[1 + b:]],
    }


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, list):
        return [rounded(v) for v in value]
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return value


with open(TARGET, "w") as file:
    json.dump(
        {"script": SCRIPT, "before": BEFORE, "rates": RATES,
         "cases": [rounded(case(name)) for name in CASES]}, file, separators=(",", ":"))
    file.write("\n")
