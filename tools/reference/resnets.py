"""Makes Tests/Fixtures/resnets.json: what torchvision's ResNets say at parameters that a formula gives.

    /work/venv/bin/python tools/reference/resnets.py     (needs torch, torchvision)

The k-th number of the j-th tensor of the state dictionary is s sin(1 + 0.7 m + 0.013 m² + 2.3 j) with
m = k mod 997, and 1 more where it is a scale or a variance; s is √(2/fan-in) of weights and 0.1 of the rest. Everything is
computed in float64 at those numbers rounded to float32, with the running statistics.
"""
import json
import pathlib

import torch

# torchvision's wheel for CUDA has no operators beside a torch for the processor, and asks for these
# two when it is imported; ResNets need none.
library = torch.library.Library("torchvision", "FRAGMENT")
for operator in ["nms", "qnms"]:
    library.define(operator + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
import torchvision

TARGET = pathlib.Path(__file__).resolve().parents[2] / "Tests/Fixtures/resnets.json"


def wave(count, j, scale):
    k = torch.arange(count, dtype=torch.float64) % 997
    return (scale * torch.sin(1 + 0.7 * k + 0.013 * k * k + 2.3 * j)).float().double()


def case(name):
    model = getattr(torchvision.models, name.removesuffix("-cifar"))(num_classes=3)
    image = [40, 36]
    if name.endswith("-cifar"):
        # As such networks are taken for images of 32 x 32.
        model.conv1 = torch.nn.Conv2d(3, 64, 3, stride=1, padding=1, bias=False)
        model.maxpool = torch.nn.Identity()
        image = [11, 9]
    model = model.double().eval()
    state = model.state_dict()
    names = [k for k in state if not k.endswith("num_batches_tracked")]
    for j, key in enumerate(names):
        value = state[key]
        fan_in = value[0].numel()
        values = wave(value.numel(), j, (2 / fan_in) ** 0.5 if value.dim() > 1 else 0.1)
        if value.dim() == 1 and (key.endswith("weight") or key.endswith("running_var")):
            values = (values + 1).float().double()
        state[key] = values.reshape(value.shape)
    model.load_state_dict(state)
    x = wave(2 * 3 * image[0] * image[1], 0, 1.0).reshape(2, 3, *image)
    y = [2, 0]
    logits = model(x)
    losses = torch.nn.functional.cross_entropy(logits, torch.tensor(y), reduction="none")
    parameters = dict(model.named_parameters())
    keys = list(parameters)
    each = [torch.autograd.grad(l, list(parameters.values()), retain_graph=True) for l in losses]
    norms = [sum(e[i] for e in each).norm().item() for i in range(len(keys))]
    directions = [wave(parameters[k].numel(), j, 0.01).reshape(parameters[k].shape)
                  for j, k in enumerate(keys)]
    slopes = [sum((g * d).sum().item() for g, d in zip(e, directions)) for e in each]
    return {
        "name": name, "image": image, "tensors": [{"name": k, "shape": list(state[k].shape)} for k in names],
        "logits": logits.flatten().tolist(), "losses": losses.tolist(), "slopes": slopes,
        "gradients": [{"name": k, "norm": v} for k, v in zip(keys, norms)],
        "gram": [sum((a * b).sum().item() for a, b in zip(p, q)) for p in each for q in each],
    }


TARGET.write_text(json.dumps(
    {"script": "tools/reference/resnets.py", "cases": [case(n) for n in
     ["resnet18", "resnet34", "resnet50", "resnet18-cifar"]]}, separators=(",", ":")) + "\n")
