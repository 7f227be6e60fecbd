"""Makes Tests/Fixtures/training_curvature.json: what PyTorch says of second derivatives through
batch statistics.

    python tools/reference/training_curvature.py     (any Python with torch >= 2.1)

The networks, inputs, parameters and directions are those of Tests/Fixtures/convolutions.json whose
networks have batch norm; here they train, on the inputs x and on -0.75 x, whose classes stand in
reverse order. With v the direction's part at the parameters and a its
part at the running statistics, the file holds, computed in float64:

    losses          of each example, by the batch's statistics
    examples        <grad l_i, v> of each example
    hessian         v_k^T (H v)_k of each parameter k, H of the summed loss
    pull            v_k^T (d<a, r'>/dtheta)_k of each parameter k
    statistics      r', what the pass makes of the running statistics, in their order
"""
import json
import os

import torch
from torch import nn
from torch.func import functional_call

import convolutions

SCRIPT = "tools/reference/training_curvature.py"
FOLDER = os.path.join(os.path.dirname(__file__), "..", "..", "Tests", "Fixtures")
MODELS = {
    "batch norm": lambda: convolutions.layers(nn.BatchNorm2d(4), 4, 120),
    "cnn batch": lambda: convolutions.cnn((2, 8, 8), [3, 4], [], 3, "batch"),
    "resnet9": lambda: convolutions.resnet9(3, 2, 4),
    "resnet": lambda: convolutions.ResNet(2, 1, 2, 3),
}


def moved_statistics(model, state, run):
    """The running statistics after a pass, as functions of what the pass read."""
    moved = {}

    def hook(name):
        def keep(norm, inputs):
            x = inputs[0]
            m = norm.momentum
            mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=True)
            for key, value in (("running_mean", mean), ("running_var", variance)):
                moved[f"{name}.{key}"] = (1 - m) * state[f"{name}.{key}"] + m * value
        return keep

    handles = [
        module.register_forward_pre_hook(hook(name)) for name, module in model.named_modules()
        if isinstance(module, nn.BatchNorm2d)]
    outputs = run()
    for handle in handles:
        handle.remove()
    return outputs, moved


def case(known):
    model = MODELS[known["name"]]().double().train()
    state, direction, start = {}, {}, 0
    for entry in known["parameters"]:
        count = len(entry["values"])
        shape = entry["shape"]
        state[entry["name"]] = torch.tensor(entry["values"], dtype=torch.float64).reshape(shape)
        direction[entry["name"]] = torch.tensor(
            known["direction"][start:start + count], dtype=torch.float64).reshape(shape)
        start += count
    inputs = torch.tensor(known["inputs"], dtype=torch.float64).reshape(known["inputShape"])
    # Two examples alone leave a norm of single pixels nothing to differ by.
    inputs = torch.cat([inputs, -0.75 * inputs])
    targets = torch.tensor(known["classes"] + known["classes"][::-1])
    names = [key for key, _ in model.named_parameters()]
    theta = [state[k].clone().requires_grad_() for k in names]

    def run():
        # The module writes into the buffers that it is given.
        buffers = {k: v.clone() for k, v in state.items() if k not in names}
        return functional_call(model, {**buffers, **dict(zip(names, theta))}, (inputs,))

    outputs, moved = moved_statistics(model, state, run)
    losses = nn.functional.cross_entropy(outputs, targets, reduction="none")

    def gradient(value, create=False):
        grads = torch.autograd.grad(
            value, theta, create_graph=create, retain_graph=True, allow_unused=True)
        return [torch.zeros_like(p) if g is None else g for p, g in zip(theta, grads)]

    def along(grads):
        return sum((g * direction[k]).sum() for k, g in zip(names, grads))

    def blocks(grads):
        return [float((g * direction[k]).sum()) for k, g in zip(names, grads)]

    pulled = sum((moved[k] * direction[k]).sum() for k in state if k not in names)
    return {
        "name": known["name"], "losses": losses.tolist(),
        "examples": [float(along(gradient(loss))) for loss in losses],
        "hessian": blocks(gradient(along(gradient(losses.sum(), create=True)))),
        "pull": blocks(gradient(pulled)),
        "statistics": [v for k in state if k not in names for v in moved[k].tolist()],
    }


def main():
    with open(os.path.join(FOLDER, "convolutions.json")) as file:
        known = {c["name"]: c for c in json.load(file)["cases"]}
    target = os.path.join(FOLDER, "training_curvature.json")
    with open(target, "w") as file:
        json.dump({"script": SCRIPT, "torch": torch.__version__,
                   "cases": [case(known[name]) for name in MODELS]}, file, separators=(",", ":"))
        file.write("\n")
    print(os.path.normpath(target), os.path.getsize(target), "bytes")


if __name__ == "__main__":
    main()
