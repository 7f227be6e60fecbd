"""Checks `--method magic` against reverse mode in PyTorch, in double precision, through whole trainings.

    python tools/reference/magic.py BINARY [FOLDER]     (torch, numpy, h5py, safetensors)

Small runs with every optimizer, dropout, changed images, batch norm and a language model are trained by
BINARY. Their initial parameters (a training with a rate of 1e-30), order, dropout masks and shifts are
taken over; the training is then made again in float64 as a function of the examples' weights w, and
differentiated. Prints, per run, the largest difference of the final parameters, and of the scores
relative to their largest.
"""
import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import torch
from safetensors.numpy import load_file
from torch.nn import functional

with contextlib.redirect_stdout(io.StringIO()):
    from randomness import permutation, stream, word

torch.set_default_dtype(torch.float64)
SHUFFLE, DROPOUT, AUGMENTATION = 2, 3, 11


def integer(s, bound, position):
    return ((word(s, 2 * position) | word(s, 2 * position + 1) << 32) * bound) >> 64


def mask(rate, seed, step, slot, shape):
    s = stream(seed, DROPOUT, step << 16 | slot)
    count = int(np.prod(shape))
    u = np.array([word(s, p) / 2.0**32 for p in range(count)], dtype=np.float32)
    return torch.tensor(np.where(u < np.float32(rate), 0.0, 1 / (1 - rate))).reshape(shape)


def shifted(images, rows, crop, epoch, seed):
    s = stream(seed, AUGMENTATION, epoch)
    result = torch.zeros_like(images)
    height, width = images.shape[-2:]
    for place, row in enumerate(rows):
        down = integer(s, 2 * crop + 1, 3 * row + 1) - crop
        right = integer(s, 2 * crop + 1, 3 * row + 2) - crop
        for y in range(height):
            for x in range(width):
                if 0 <= y + down < height and 0 <= x + right < width:
                    result[place, ..., y, x] = images[place, ..., y + down, x + right]
    return result


ACTIVATIONS = {"gelu": functional.gelu, "tanh": torch.tanh, "relu": torch.relu}


class Net:
    """Outputs as a function of named parameters; `step` is None in evaluation."""

    def __init__(self, kind, activation, rate=0.0, slots=(), heads=2):
        self.kind, self.act, self.rate, self.slots, self.heads = kind, ACTIVATIONS[activation], rate, slots, heads

    def drop(self, x, place, seed, step):
        if self.rate == 0 or step is None:
            return x
        return x * mask(self.rate, seed, step, self.slots[place], x.shape)

    def __call__(self, p, x, seed=0, step=None, statistics=None):
        if self.kind == "mlp":
            names = sorted({int(n.split(".")[0]) for n in p})
            for place, name in enumerate(names[:-1]):
                x = self.act(functional.linear(x, p[f"{name}.weight"], p[f"{name}.bias"]))
                x = self.drop(x, place, seed, step)
            return functional.linear(x, p[f"{names[-1]}.weight"], p[f"{names[-1]}.bias"])
        if self.kind == "cnn":
            x = functional.conv2d(x, p["0.weight"], None, padding=1)
            mean, variance = (x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=True)) if step is not None else (None, None)
            if step is not None:
                statistics["1.running_mean"] = 0.9 * statistics["1.running_mean"] + 0.1 * mean
                statistics["1.running_var"] = 0.9 * statistics["1.running_var"] + 0.1 * variance
                used = (mean, x.var((0, 2, 3), unbiased=False))
            else:
                used = (statistics["1.running_mean"], statistics["1.running_var"])
            view = (1, -1, 1, 1)
            x = (x - used[0].view(view)) / torch.sqrt(used[1].view(view) + 1e-5)
            x = self.act(x * p["1.weight"].view(view) + p["1.bias"].view(view))
            x = functional.max_pool2d(x, 2).flatten(1)
            linear = sorted({int(n.split(".")[0]) for n in p} - {0, 1})
            x = self.act(functional.linear(x, p[f"{linear[0]}.weight"], p[f"{linear[0]}.bias"]))
            return functional.linear(x, p[f"{linear[1]}.weight"], p[f"{linear[1]}.bias"])
        width = p["transformer.wte.weight"].shape[1]
        ids = x.long()
        x = p["transformer.wte.weight"][ids] + p["transformer.wpe.weight"][: ids.shape[1]]

        def norm(x, name):
            return functional.layer_norm(x, (width,), p[f"{name}.weight"], p[f"{name}.bias"], 1e-5)

        h = "transformer.h.0"
        a = norm(x, f"{h}.ln_1") @ p[f"{h}.attn.c_attn.weight"] + p[f"{h}.attn.c_attn.bias"]
        q, k, v = (part.reshape(*ids.shape, self.heads, width // self.heads).transpose(1, 2)
                   for part in a.split(width, -1))
        scores = q @ k.transpose(-1, -2) / (width // self.heads) ** 0.5
        future = torch.triu(torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool), 1)
        a = (scores.masked_fill(future, -torch.inf).softmax(-1) @ v).transpose(1, 2).reshape(x.shape)
        x = x + a @ p[f"{h}.attn.c_proj.weight"] + p[f"{h}.attn.c_proj.bias"]
        m = norm(x, f"{h}.ln_2") @ p[f"{h}.mlp.c_fc.weight"] + p[f"{h}.mlp.c_fc.bias"]
        m = functional.gelu(m, approximate="tanh") @ p[f"{h}.mlp.c_proj.weight"] + p[f"{h}.mlp.c_proj.bias"]
        return norm(x + m, "transformer.ln_f") @ p["transformer.wte.weight"].T


def losses(outputs, x, y):
    if y is None:
        ids = x.long()
        return functional.cross_entropy(
            outputs[:, :-1].flatten(0, 1), ids[:, 1:].flatten(), reduction="none").view(len(x), -1).sum(1)
    return functional.cross_entropy(outputs, y, reduction="none")


def margins(outputs, x, y):
    if y is None:
        outputs, y = outputs[:, :-1], x.long()[:, 1:]
    own = outputs.gather(-1, y.unsqueeze(-1)).squeeze(-1)
    rest = outputs.scatter(-1, y.unsqueeze(-1), -torch.inf)
    value = own - rest.logsumexp(-1)
    return value.sum(-1) if value.dim() > 1 else value


def step(state, p, g, rate, t, o):
    kind, decay = o.get("optimizer", "sgd"), o.get("weightDecay", 0.0)
    result = {}
    for name in g:
        theta, d = p[name], g[name]
        if kind == "sgd":
            d = d + decay * theta
            if mu := o.get("momentum", 0):
                v = state.get(name)
                v = d if v is None else mu * v + d
                state[name] = v
                d = d + mu * v if o.get("nesterov") else v
            result[name] = theta - rate * d
            continue
        if kind == "adam":
            d = d + decay * theta
        else:
            theta = theta * (1 - rate * decay)
        m, v = state.get(name, (torch.zeros_like(d), torch.zeros_like(d)))
        m, v = 0.9 * m + 0.1 * d, 0.999 * v + 0.001 * d * d
        state[name] = (m, v)
        # The root has no derivative at 0: its limit for zero gradients.
        root = torch.where(v > 0, torch.where(v > 0, v, 1.0).sqrt(), 0.0) / (1 - 0.999**t) ** 0.5
        result[name] = theta - rate * m / (1 - 0.9**t) / (root + o.get("epsilon", 1e-8))
    return result


def check(binary, folder, name, data, model, net, options, train, test, epochs=4, batch=8, crop=0, seed=3):
    (xt, yt), (xq, yq) = train, test
    text = {**options, "batch": batch, "epochs": epochs, "seed": seed, "checkpoints": "every"}
    if crop:
        text["augment"] = {"crop": crop}
    for run, rate in ((name, options["rate"]), (name + "-start", 1e-30)):
        training = {**text, "rate": rate}
        if run != name:
            training = {"rate": 1e-30, "batch": len(xt), "epochs": 1, "seed": seed}
        lines = [f"name: {run}", f"data: {data}", f"model: {model}", f"training: {json.dumps(training)}"]
        (folder / f"{run}.yaml").write_text("\n".join(lines) + "\n")
        subprocess.run([binary, "train", f"{run}.yaml"], cwd=folder, check=True, capture_output=True)
    out = subprocess.run(
        [binary, "score", name, "--method", "magic", "--output-function", "margin", "--out", f"{name}.h5"],
        cwd=folder, capture_output=True, text=True)
    if out.returncode:
        sys.exit(out.stderr)
    with h5py.File(folder / f"{name}.h5") as file:
        found = np.array(file["scores"])

    def load(run, epoch):
        (path,) = (folder / "Checkpoints" / run).glob(f"seed-*/epoch-{epoch:03}.safetensors")
        return {k: torch.tensor(v.astype(np.float64)) for k, v in load_file(path).items()}

    start, end = load(name + "-start", 1), load(name, epochs)
    running = {k: torch.zeros_like(v) if "mean" in k else torch.ones_like(v) for k, v in start.items() if "running" in k}
    p = {k: v for k, v in start.items() if k not in running and "num_batches" not in k}
    trained = list(p)
    w = torch.ones(len(xt), requires_grad=True)
    p = {k: v.clone().requires_grad_() for k, v in p.items()}
    state, t = {}, 0
    for epoch in range(1, epochs + 1):
        order = permutation(stream(seed, SHUFFLE, epoch), len(xt))
        for first in range(0, len(xt), batch):
            rows = order[first : first + batch]
            x = shifted(xt[rows], rows, crop, epoch, seed) if crop else xt[rows]
            outputs = net(p, x, seed, t, running)
            loss = (w[rows] * losses(outputs, x, None if yt is None else yt[rows])).sum() / len(rows)
            gradients = torch.autograd.grad(loss, [p[k] for k in trained], create_graph=True)
            t += 1
            p = step(state, p, dict(zip(trained, gradients)), options["rate"], t, options)
    drift = max(float((p[k].detach() - end[k]).abs().max() / end[k].abs().max()) for k in trained)
    values = margins(net(p, xq, statistics=running), xq, yq)
    expected = np.stack([
        torch.autograd.grad(value, w, retain_graph=True)[0].numpy() for value in values])
    error = np.abs(found - expected).max() / np.abs(expected).max()
    r = np.corrcoef(found.ravel(), expected.ravel())[0, 1]
    print(f"{name:28} steps {t:3}  parameters {drift:.1e}  scores {error:.1e}  correlation {r:.7f}")
    return error, r


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    draws = np.random.default_rng(0)
    points = {}
    for split, count in (("train", 40), ("test", 5)):
        x = draws.normal(size=(count, 6)).astype(np.float32)
        y = (x[:, 0] + x[:, 1] * x[:, 2] + 0.3 * draws.normal(size=count) > 0).astype(np.int64) + (x[:, 3] > 1)
        images = draws.normal(size=(count, 1, 8, 8)).astype(np.float32)
        np.save(folder / f"{split}-x.npy", x)
        np.save(folder / f"{split}-i.npy", images)
        np.save(folder / f"{split}-y.npy", y)
        points[split] = (torch.tensor(x.astype(np.float64)), torch.tensor(y))
        points[split + " images"] = (torch.tensor(images.astype(np.float64)), torch.tensor(y))

    def arrays(kind):
        return json.dumps({s: {"format": "npy", "inputs": f"{s}-{kind}.npy", "labels": f"{s}-y.npy"} for s in ("train", "test")})

    worst = []
    for name, options in {
        "sgd": {"rate": 0.2}, "momentum-decay": {"rate": 0.1, "momentum": 0.9, "weightDecay": 0.01},
        "nesterov": {"rate": 0.1, "momentum": 0.9, "nesterov": True},
        "adam": {"optimizer": "adam", "rate": 0.01, "weightDecay": 0.01},
        "adamw": {"optimizer": "adamw", "rate": 0.01, "weightDecay": 0.1},
    }.items():
        for activation in ("gelu", "relu"):
            worst.append((activation, *check(
                binary, folder, f"{name}-{activation}", arrays("x"),
                f"{{kind: mlp, hidden: [12, 8], activation: {activation}}}", Net("mlp", activation), options,
                points["train"], points["test"])))
    worst.append(("gelu", *check(
        binary, folder, "dropout", arrays("x"), "{kind: mlp, hidden: [12, 8], activation: gelu, dropout: 0.2}",
        Net("mlp", "gelu", 0.2, (3, 7)), {"rate": 0.1, "momentum": 0.9}, points["train"], points["test"])))
    for crop in (0, 1):
        worst.append(("tanh", *check(
            binary, folder, f"cnn-batch-norm-crop-{crop}", arrays("i"),
            "{kind: cnn, channels: [3], hidden: [6], activation: tanh, normalisation: batch}", Net("cnn", "tanh"),
            {"rate": 0.05, "momentum": 0.9}, points["train images"], points["test images"], crop=crop)))
    letters = "abcdefgh"
    texts = {s: "".join(letters[i] for i in np.cumsum(draws.integers(0, 3, n * 12)) % 8) for s, n in (("train", 24), ("test", 3))}
    ids = {}
    for split, text in texts.items():
        (folder / f"{split}.txt").write_text(text)
        ids[split] = (torch.tensor([letters.index(c) for c in text]).view(-1, 12).double(), None)
    data = json.dumps({s: {"format": "text", "path": f"{s}.txt", "tokens": "characters", "length": 12} for s in texts})
    worst.append(("gelu", *check(
        binary, folder, "gpt2-adamw", data, "{kind: gpt2, layers: 1, heads: 2, width: 8}", Net("gpt2", "gelu"),
        {"optimizer": "adamw", "rate": 0.01, "weightDecay": 0.1, "epsilon": 1e-2}, ids["train"], ids["test"])))
    bad = [w for w in worst if (w[1] > 1e-3 if w[0] != "relu" else w[2] < 0.999)]
    print("all agree" if not bad else f"{len(bad)} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
