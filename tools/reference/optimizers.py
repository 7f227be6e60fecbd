"""Makes the expected values in Tests/TensorsTests/OptimizerTests.swift with PyTorch's optimizers.

Three steps from p = (0.5, -1.25, 2, -0.125) with gradients g_t = (0.25, -0.5, 1, 0.0625) * t.
    python tools/reference/optimizers.py
"""
import torch

start, slope = [0.5, -1.25, 2.0, -0.125], [0.25, -0.5, 1.0, 0.0625]


def run(name, make):
    p = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = make([p])
    for t in range(1, 4):
        p.grad = torch.tensor(slope, dtype=torch.float64) * t
        optimizer.step()
    print(name, [round(v, 9) for v in p.detach().tolist()])


run("sgd", lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.01))
run("momentum", lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01))
run("nesterov", lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True))
run("adam", lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=0.01))
run("adamw", lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.01))
