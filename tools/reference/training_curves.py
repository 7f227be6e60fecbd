"""Writes Tests/Fixtures/training_curves.json: losses of 20 steps under PyTorch's optimizers.

Run: /work/venv/bin/python tools/reference/training_curves.py    (needs torch)
"""
import json
import pathlib

import torch

torch.set_num_threads(1)
torch.manual_seed(0)
STEPS, BATCH, INPUTS, HIDDEN, CLASSES = 20, 8, 6, 5, 3
x = torch.randn(STEPS * BATCH, INPUTS)
y = torch.randint(0, CLASSES, (STEPS * BATCH,))


def network():
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Linear(INPUTS, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, CLASSES))


def curve(make_optimizer, make_schedule=lambda optimizer: None):
    """Loss of each batch before its step, in order of the rows; the schedule steps every batch."""
    net = network()
    optimizer = make_optimizer(net.parameters())
    schedule = make_schedule(optimizer)
    losses = []
    for step in range(STEPS):
        rows = slice(step * BATCH, (step + 1) * BATCH)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        if schedule is not None:
            schedule.step()
        losses.append(loss.item())
    return losses


def warm_cosine(optimizer, warm=4, minimum=0.01):
    return torch.optim.lr_scheduler.SequentialLR(
        optimizer,
        [
            torch.optim.lr_scheduler.LinearLR(
                optimizer, start_factor=1 / warm, total_iters=warm - 1),
            torch.optim.lr_scheduler.CosineAnnealingLR(
                optimizer, T_max=STEPS - warm, eta_min=minimum),
        ], milestones=[warm])


sgd, adam, adamw = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
lrs = torch.optim.lr_scheduler
curves = {
    "sgd": curve(lambda p: sgd(p, lr=0.1)),
    "sgd momentum weightDecay": curve(lambda p: sgd(p, lr=0.1, momentum=0.9, weight_decay=0.01)),
    "sgd nesterov": curve(lambda p: sgd(p, lr=0.1, momentum=0.9, nesterov=True)),
    "adam": curve(lambda p: adam(p, lr=0.02)),
    "adam weightDecay": curve(lambda p: adam(p, lr=0.02, betas=(0.8, 0.99), weight_decay=0.1)),
    "adamw": curve(lambda p: adamw(p, lr=0.02, weight_decay=0.1)),
    "cosine": curve(
        lambda p: sgd(p, lr=0.2, momentum=0.9),
        lambda o: lrs.CosineAnnealingLR(o, T_max=STEPS)),
    "warm-up and cosine": curve(lambda p: sgd(p, lr=0.2, momentum=0.9), warm_cosine),
}


def rates(make_schedule):
    """The learning rate of each step."""
    optimizer = sgd(network().parameters(), lr=0.2)
    schedule = make_schedule(optimizer)
    found = []
    for _ in range(STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


fixture = {
    "torch": torch.__version__,
    "inputs": x.flatten().tolist(),
    "classes": y.tolist(),
    "batch": BATCH,
    "parameters": torch.cat([p.detach().flatten() for p in network().parameters()]).tolist(),
    "hidden": HIDDEN,
    "classCount": CLASSES,
    "inputCount": INPUTS,
    "curves": curves,
    "rates": {
        "cosine": rates(lambda o: lrs.CosineAnnealingLR(o, T_max=STEPS)),
        "warm-up and cosine": rates(warm_cosine),
        "step": rates(lambda o: lrs.StepLR(o, step_size=5, gamma=0.1)),
    },
}
target = pathlib.Path(__file__).parents[2] / "Tests/Fixtures/training_curves.json"
target.write_text(json.dumps(fixture) + "\n")
