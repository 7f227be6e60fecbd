"""Makes Tests/Fixtures/networks.json: what PyTorch says about small networks.

    /work/venv/bin/python tools/reference/networks.py     (any Python with torch >= 2.1)

Everything is computed in float64 at parameters and inputs that are float32 numbers, and written
with nine significant digits: what differs from it is the engine's own rounding.
Losses are summed over the examples: cross-entropy, or half the squared error.
"""
import json
import os

import torch
from torch.func import functional_call, grad, hessian, jacrev, jvp, vmap

SCRIPT = "tools/reference/networks.py"
TARGET = os.path.join(os.path.dirname(__file__), "..", "..", "Tests", "Fixtures", "networks.json")
ACTIVATIONS = {"relu": torch.nn.ReLU, "gelu": torch.nn.GELU, "tanh": torch.nn.Tanh}


class Pooled(torch.nn.Module):
    """One linear layer at every position, tanh, mean over positions, a linear head."""

    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.each = torch.nn.Linear(inputs, hidden)
        self.head = torch.nn.Linear(hidden, outputs)

    def forward(self, x):
        return self.head(torch.tanh(self.each(x)).mean(-2))


class Tied(torch.nn.Module):
    """The same square layer twice at every position, then as `Pooled`."""

    def __init__(self, width, outputs):
        super().__init__()
        self.each = torch.nn.Linear(width, width)
        self.head = torch.nn.Linear(width, outputs)

    def forward(self, x):
        return self.head(torch.tanh(self.each(torch.tanh(self.each(x)))).mean(-2))


def perceptron(inputs, hidden, outputs, activation):
    layers, width = [], inputs
    for size in hidden:
        layers += [torch.nn.Linear(width, size), ACTIVATIONS[activation]()]
        width = size
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, outputs))


def logit(z, y):
    return torch.where(torch.arange(len(z)) == y, z, 0.0).sum()  # z[y], as vmap can do it


def margin(z, y):
    return logit(z, y) - torch.logsumexp(others(z, y), 0)


def hard_margin(z, y):
    return logit(z, y) - others(z, y).max()


def others(z, y):
    return torch.where(torch.arange(len(z)) == y, -torch.inf, z)


def log_probability(z, y):
    return logit(torch.log_softmax(z, 0), y)


def half_squared_error(z, t):
    return 0.5 * ((z - t) ** 2).sum()


CLASS_FUNCTIONS = {
    "margin": margin,
    "hardMargin": hard_margin,
    "loss": log_probability,
    "logit": logit,
    "logProbability": log_probability,
}
VALUE_FUNCTIONS = {
    "loss": lambda z, t: -half_squared_error(z, t),
    "negativeHalfSquaredError": lambda z, t: -half_squared_error(z, t),
}


def numbers(tensor):
    return [float(f"{v:.9g}") for v in tensor.detach().double().reshape(-1).tolist()]


def case(name, model, inputs, targets, kind, generator):
    """All that is asked of one network."""
    is_classes = not targets.is_floating_point()
    model = model.double()
    parameters = {}
    for key, value in model.state_dict().items():
        drawn = torch.randn(value.shape, generator=generator) * 0.6
        parameters[key] = drawn.float().double()
    sizes = [v.numel() for v in parameters.values()]

    def unflat(flat):
        parts = flat.split(sizes)
        return {k: p.reshape(v.shape) for (k, v), p in zip(parameters.items(), parts)}

    theta = torch.cat([v.reshape(-1) for v in parameters.values()])
    v = torch.randn(theta.shape, generator=generator).float().double()

    def output(flat, x):
        return functional_call(model, unflat(flat), (x[None],))[0]

    def example_loss(flat, x, t):
        z = output(flat, x)
        return -log_probability(z, t) if is_classes else half_squared_error(z, t)

    def total_loss(flat):
        return vmap(example_loss, (None, 0, 0))(flat, inputs, targets).sum()

    outputs = lambda flat: vmap(output, (None, 0))(flat, inputs)
    z = outputs(theta)
    each = vmap(grad(example_loss), (None, 0, 0))(theta, inputs, targets)
    jacobian = jacrev(outputs)(theta)  # n × C × p
    tangent = jvp(outputs, (theta,), (v,))[1]
    if is_classes:
        p = z.softmax(-1)
        middle = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    else:
        middle = torch.eye(z.shape[1], dtype=z.dtype).expand(len(z), -1, -1)
    functions = dict(CLASS_FUNCTIONS if is_classes else VALUE_FUNCTIONS)
    if not is_classes and z.shape[1] == 1:
        functions["prediction"] = lambda z, t: z[0]
    u = torch.randn(z.shape, generator=generator).float().double()
    measured = []
    for function, f in functions.items():
        slopes = vmap(grad(f))(z, targets)
        bends = vmap(hessian(f))(z, targets)
        gradients = torch.einsum("nc,ncp->np", slopes, jacobian)
        measured.append({
            "name": function,
            "values": numbers(vmap(f)(z, targets)),
            "gradient": numbers(slopes),
            "curvature": numbers(torch.einsum("nab,nb->na", bends, u)),
            "gram": numbers(gradients @ gradients.T),
        })
    return {
        "name": name,
        **kind,
        "parameters": [
            {"name": k, "shape": list(value.shape), "values": numbers(value)}
            for k, value in parameters.items()
        ],
        "inputShape": list(inputs.shape),
        "inputs": numbers(inputs),
        "classes": targets.tolist() if is_classes else None,
        "targets": None if is_classes else numbers(targets),
        "logits": numbers(z),
        "losses": numbers(vmap(example_loss, (None, 0, 0))(theta, inputs, targets)),
        "gradient": numbers(grad(total_loss)(theta)),
        "exampleGradients": numbers(each),
        "direction": numbers(v),
        "outputDirection": numbers(u),
        "tangent": numbers(tangent),
        "hessianVector": numbers(hessian(total_loss)(theta) @ v),
        "gaussNewtonVector": numbers(
            torch.einsum("ncp,ncd,nd->p", jacobian, middle, tangent)),
        "outputFunctions": measured,
        "traceGram": numbers(torch.einsum("icp,jcp->ij", jacobian, jacobian)),
    }


def main():
    generator = torch.Generator().manual_seed(3)

    def draw(*shape):
        return torch.randn(*shape, generator=generator).float().double()

    def classes(count, of):
        return torch.randperm(count, generator=generator) % of

    cases = []

    def mlp(name, inputs, hidden, outputs, activation, count, targets):
        kind = {"kind": "mlp", "hidden": hidden, "activation": activation}
        model = perceptron(inputs, hidden, outputs, activation)
        cases.append(case(name, model, draw(count, inputs), targets, kind, generator))

    mlp("relu 5-4-3", 5, [4], 3, "relu", 5, classes(5, 3))
    mlp("gelu 6-7-5-3", 6, [7, 5], 3, "gelu", 4, classes(4, 3))
    mlp("tanh 5-4-3", 5, [4], 3, "tanh", 5, classes(5, 3))
    mlp("relu 6-7-5-3", 6, [7, 5], 3, "relu", 4, classes(4, 3))
    mlp("logistic regression 5-3", 5, [], 3, "relu", 5, classes(5, 3))
    mlp("linear regression 4-2", 4, [], 2, "relu", 5, draw(5, 2))
    mlp("gelu regression 4-3-1", 4, [3], 1, "gelu", 4, draw(4, 1))
    kind = {"kind": "pooled", "hidden": [4], "activation": "tanh"}
    cases.append(
        case("sequence 3 of 5", Pooled(5, 4, 3), draw(4, 3, 5), classes(4, 3), kind, generator))
    kind = {"kind": "tied", "hidden": [4], "activation": "tanh"}
    cases.append(
        case("tied sequence 3 of 4", Tied(4, 3), draw(4, 3, 4), classes(4, 3), kind, generator))
    with open(TARGET, "w") as file:
        json.dump({"script": SCRIPT, "torch": torch.__version__, "cases": cases}, file,
                  separators=(",", ":"))
        file.write("\n")
    print(os.path.normpath(TARGET), os.path.getsize(TARGET), "bytes")


if __name__ == "__main__":
    main()
