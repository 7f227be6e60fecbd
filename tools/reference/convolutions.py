"""Makes Tests/Fixtures/convolutions.json: what PyTorch says about small convolutional networks.

    /work/venv/bin/python tools/reference/convolutions.py     (any Python with torch >= 2.1)

Everything is computed in float64 at parameters and inputs that are float32 numbers. Losses are
cross-entropy, summed over the examples. Batch norm evaluates, but in the training curves.
The modules here are the ones whose state_dict the engine reads and writes.
"""
import json
import os

import torch
from torch import nn
from torch.func import functional_call

SCRIPT = "tools/reference/convolutions.py"
TARGET = os.path.join(
    os.path.dirname(__file__), "..", "..", "Tests", "Fixtures", "convolutions.json")


class Residual(nn.Module):
    def __init__(self, module, shortcut=None):
        super().__init__()
        self.module = module
        if shortcut is not None:
            self.shortcut = shortcut

    def forward(self, x):
        return self.module(x) + (self.shortcut(x) if hasattr(self, "shortcut") else x)


class Mul(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, x):
        return x * self.weight


def conv_bn(inputs, outputs, kernel=3, stride=1, padding=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(outputs), nn.ReLU())


def resnet9(channels, width, classes):
    """The CIFAR network of the ffcv and TRAK examples (width 64)."""
    w = width
    return nn.Sequential(
        conv_bn(channels, w), conv_bn(w, 2 * w, 5, 2, 2),
        Residual(nn.Sequential(conv_bn(2 * w, 2 * w), conv_bn(2 * w, 2 * w))),
        conv_bn(2 * w, 4 * w), nn.MaxPool2d(2),
        Residual(nn.Sequential(conv_bn(4 * w, 4 * w), conv_bn(4 * w, 4 * w))),
        conv_bn(4 * w, 2 * w, padding=0), nn.AdaptiveMaxPool2d((1, 1)), nn.Flatten(),
        nn.Linear(2 * w, classes, bias=False), Mul(0.2))


def cnn(image, channels, hidden, classes, normalisation):
    """The engine's `kind: cnn`."""
    layers, (inputs, height, width) = [], image
    for outputs in channels:
        layers.append(nn.Conv2d(inputs, outputs, 3, padding=1, bias=normalisation == "none"))
        if normalisation == "batch":
            layers.append(nn.BatchNorm2d(outputs))
        if normalisation == "group":
            layers.append(nn.GroupNorm(outputs // 8 if outputs % 8 == 0 else 1, outputs))
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
        inputs, height, width = outputs, height // 2, width // 2
    layers.append(nn.Flatten())
    size = inputs * height * width
    for outputs in hidden:
        layers += [nn.Linear(size, outputs), nn.ReLU()]
        size = outputs
    return nn.Sequential(*layers, nn.Linear(size, classes))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet(nn.Module):
    """The CIFAR ResNet-(6·blocks + 2) with torchvision's names."""

    def __init__(self, channels, blocks, width, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage in range(3):
            layers = []
            for block in range(blocks):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(BasicBlock(inputs, width << stage, stride))
                inputs = width << stage
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


def layers(middle, inputs, size, between=nn.Tanh):
    """A convolution, the layer that is looked at, a linear layer on all values."""
    return nn.Sequential(
        nn.Conv2d(2, inputs, 3, padding=1), between(), middle, nn.Tanh(), nn.Flatten(),
        nn.Linear(size, 3))


CONVOLUTIONS = {  # kernel, stride, padding, dilation, groups, bias, outputs, windows of 6 × 5
    "3x3": (3, 1, 1, 1, 1, True, 3, 30),
    "3x3 without padding": (3, 1, 0, 1, 1, False, 3, 12),
    "3x3 stride 2": (3, 2, 1, 1, 1, True, 3, 9),
    "5x5 stride 2": (5, 2, 2, 1, 1, False, 3, 9),
    "3x3 dilation 2": (3, 1, 2, 2, 1, True, 3, 30),
    "3x3 dilation 2 stride 2": (3, 2, 1, 2, 1, True, 3, 4),
    "3x3 padding 3": (3, 1, 3, 1, 1, True, 2, 90),
    "2x2 stride 2": (2, 2, 0, 1, 1, True, 3, 6),
    "2x2 stride 3 padding 1": (2, 3, 1, 1, 1, True, 3, 6),
    "1x1": (1, 1, 0, 1, 1, True, 3, 30),
    "1x1 stride 2": (1, 2, 0, 1, 1, False, 3, 9),
    "1x1 groups 2": (1, 1, 0, 1, 2, True, 4, 30),
    "3x3 groups 2": (3, 1, 1, 1, 2, True, 6, 30),
    "3x3 depthwise": (3, 2, 1, 1, 4, False, 4, 9),
}


def numbers(tensor):
    return [float(f"{v:.7g}") for v in tensor.detach().double().reshape(-1).tolist()]


def draw_state(model, generator):
    """Parameters and buffers in the order of the state_dict, as float32 numbers."""
    state = {}
    for key, value in model.state_dict().items():
        if key.endswith("num_batches_tracked"):
            continue
        drawn = torch.randn(value.shape, generator=generator)
        if key.endswith("running_var"):
            drawn = 0.5 + torch.rand(value.shape, generator=generator)
        elif value.dim() == 1 and key.endswith("weight"):
            drawn = 1 + 0.3 * drawn
        elif value.dim() > 1:
            drawn *= 1.3 / value[0].numel() ** 0.5
        else:
            drawn *= 0.3
        state[key] = drawn.float().double()
    return state


def case(name, model, image, count, classes, generator):
    model = model.double().eval()
    state = draw_state(model, generator)
    inputs = torch.randn(count, *image, generator=generator).float().double()
    targets = torch.randperm(count, generator=generator) % classes
    trainable = [key for key, _ in model.named_parameters()]
    direction = {
        k: torch.randn(v.shape, generator=generator).float().double() for k, v in state.items()}
    theta = {k: state[k].clone().requires_grad_() for k in trainable}

    def outputs(values, x=inputs):
        return functional_call(model, {**state, **values}, (x,))

    def total(values, x=inputs, t=targets):
        return nn.functional.cross_entropy(outputs(values, x), t, reduction="sum")

    def flat(grads):
        parts = dict(zip(trainable, grads))
        return torch.cat(
            [parts.get(k, torch.zeros_like(v)).reshape(-1) for k, v in state.items()])

    def gradient(*data, create=False):
        return torch.autograd.grad(total(theta, *data), list(theta.values()), create_graph=create)

    z = outputs(theta)
    each = [flat(gradient(inputs[i:i + 1], targets[i:i + 1])) for i in range(count)]
    g = gradient(create=True)
    along = sum((a * direction[k]).sum() for k, a in zip(trainable, g))
    bend = torch.autograd.grad(along, list(theta.values()))
    u = torch.zeros_like(z, requires_grad=True)  # J v by the transpose of a transpose
    back = torch.autograd.grad(z, list(theta.values()), u, create_graph=True)
    tangent = torch.autograd.grad(
        sum((a * direction[k]).sum() for k, a in zip(trainable, back)), u)[0]
    return {
        "name": name,
        "parameters": [
            {"name": k, "shape": list(v.shape), "values": numbers(v)} for k, v in state.items()],
        "inputShape": list(inputs.shape), "inputs": numbers(inputs), "classes": targets.tolist(),
        "logits": numbers(z), "gradient": numbers(flat(g)),
        "exampleGradients": numbers(torch.cat(each)),
        "direction": numbers(torch.cat([v.reshape(-1) for v in direction.values()])),
        "tangent": numbers(tangent), "hessianVector": numbers(flat(bend)),
    }


def curve(name, model, image, count, classes, rate, generator):
    """Twenty steps of SGD with momentum on one batch, batch norm in training mode."""
    model = model.double().train()
    state = draw_state(model, generator)
    model.load_state_dict(state, strict=True)
    inputs = torch.randn(count, *image, generator=generator).float().double()
    targets = torch.randint(classes, (count,), generator=generator)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=rate, momentum=0.9, weight_decay=5e-4)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    final = {k: v for k, v in model.state_dict().items() if k in state}
    return {
        "name": name,
        "parameters": [
            {"name": k, "shape": list(v.shape), "values": numbers(v)} for k, v in state.items()],
        "inputShape": list(inputs.shape), "inputs": numbers(inputs), "classes": targets.tolist(),
        "rate": rate, "losses": numbers(torch.stack(losses)),
        "final": numbers(torch.cat([v.reshape(-1) for v in final.values()])),
    }


def main():
    generator = torch.Generator().manual_seed(5)
    cases = []

    def add(name, model, image=(2, 6, 5), count=3, classes=3):
        cases.append(case(name, model, image, count, classes, generator))

    for name, (kernel, stride, padding, dilation, groups, bias, outputs, windows) in (
            CONVOLUTIONS.items()):
        inputs = 4 if groups > 1 else 3
        middle = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias)
        add("conv " + name, layers(middle, inputs, outputs * windows))
    add("max pool", layers(nn.MaxPool2d(3, 2, 1), 3, 27))
    add("max pool over equal values", layers(nn.MaxPool2d(2), 3, 18, nn.ReLU))
    add("global max pool", layers(nn.AdaptiveMaxPool2d(1), 3, 3))
    add("average pool", layers(nn.AvgPool2d(3, 2, 1), 3, 27))
    add("global average pool", layers(nn.AdaptiveAvgPool2d(1), 3, 3))
    add("batch norm", layers(nn.BatchNorm2d(4), 4, 120))
    add("group norm", layers(nn.GroupNorm(2, 4), 4, 120))
    add("residual", layers(Residual(nn.Sequential(
        nn.Conv2d(3, 3, 3, padding=1), nn.Tanh(), nn.Conv2d(3, 3, 1))), 3, 90))
    add("residual with a shortcut", layers(Residual(
        nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.Tanh()), nn.Conv2d(3, 4, 1, 2)), 3, 36))
    add("cnn", cnn((1, 8, 8), [3, 4], [5], 3, "none"), (1, 8, 8))
    add("cnn batch", cnn((2, 8, 8), [3, 4], [], 3, "batch"), (2, 8, 8))
    add("cnn group", cnn((1, 8, 9), [16, 3], [4], 3, "group"), (1, 8, 9))
    add("resnet9", resnet9(3, 2, 4), (3, 12, 12), count=2, classes=4)
    add("resnet", ResNet(2, 1, 2, 3), (2, 8, 8), count=2)
    curves = [
        curve("cnn batch", cnn((2, 8, 8), [3, 4], [], 3, "batch"), (2, 8, 8), 12, 3, 0.05,
              generator),
        curve("resnet9", resnet9(3, 2, 4), (3, 12, 12), 12, 4, 0.05, generator),
        curve("resnet", ResNet(2, 1, 2, 3), (2, 8, 8), 12, 3, 0.05, generator),
    ]
    with open(TARGET, "w") as file:
        json.dump({"script": SCRIPT, "torch": torch.__version__, "cases": cases,
                   "curves": curves}, file, separators=(",", ":"))
        file.write("\n")
    print(os.path.normpath(TARGET), os.path.getsize(TARGET), "bytes")


if __name__ == "__main__":
    main()
