"""Writes Tests/Fixtures/Import: one small perceptron saved from PyTorch in many ways, with its outputs.

Run: /work/venv/bin/python tools/reference/foreign_models.py    (needs torch, safetensors)
"""
import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file

root = pathlib.Path(__file__).parents[2] / "Tests/Fixtures/Import"
shutil.rmtree(root, ignore_errors=True)
root.mkdir(parents=True)
torch.manual_seed(0)

INPUTS, HIDDEN, CLASSES = 4, 5, 3
train = (torch.randn(12, INPUTS) * 8).round() / 8
test = (torch.randn(6, INPUTS) * 8).round() / 8


def write_table(name, inputs):
    rows = ["a,b,c,d,label"]
    for row, values in enumerate(inputs.tolist()):
        rows.append(",".join(f"{value:g}" for value in values) + f",{row % CLASSES}")
    (root / name).write_text("\n".join(rows) + "\n")


write_table("train.csv", train)
write_table("test.csv", test)


class Named(torch.nn.Module):
    """The same network as a class with names of its own."""

    def __init__(self):
        super().__init__()
        self.fc1 = torch.nn.Linear(INPUTS, HIDDEN)
        self.fc2 = torch.nn.Linear(HIDDEN, CLASSES)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


def sequential():
    return torch.nn.Sequential(
        torch.nn.Linear(INPUTS, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, CLASSES)
    )


outputs = {}


def record(name, net):
    with torch.no_grad():
        outputs[name] = net(test.to(next(net.parameters()).dtype)).float().tolist()


def save(name, net, rename=lambda key: key, dtype=None):
    state = {rename(key): value.to(dtype or value.dtype) for key, value in net.state_dict().items()}
    (root / name).mkdir(parents=True, exist_ok=True)
    save_file(state, root / name / "model.safetensors", metadata={"format": "pt"})


net = sequential()
save("plain", net)
record("plain", net)
save("parallel", net, lambda key: "module." + key)
outputs["parallel"] = outputs["plain"]

named = Named()
save("named", named)
record("named", named)

# Dropout and flattening move the numbers of nn.Sequential.
shifted = torch.nn.Sequential(
    torch.nn.Flatten(), torch.nn.Linear(INPUTS, HIDDEN), torch.nn.ReLU(), torch.nn.Dropout(0.5),
    torch.nn.Linear(HIDDEN, CLASSES),
).eval()
save("shifted", shifted)
record("shifted", shifted)

# The outputs of the rounded weights in float32.
for name, dtype in [("float16", torch.float16), ("bfloat16", torch.bfloat16), ("float64", torch.float64)]:
    save(name, net, dtype=dtype)
    rounded = sequential()
    rounded.load_state_dict({key: value.to(dtype).float() for key, value in net.state_dict().items()})
    record(name, rounded)

# Shards as save_pretrained writes them.
state = net.state_dict()
parts = [["0.weight", "0.bias"], ["2.weight", "2.bias"]]
(root / "sharded").mkdir()
weight_map = {}
for index, keys in enumerate(parts, 1):
    name = f"model-{index:05}-of-{len(parts):05}.safetensors"
    save_file({key: state[key] for key in keys}, root / "sharded" / name)
    weight_map |= {key: name for key in keys}
(root / "sharded/model.safetensors.index.json").write_text(
    json.dumps({"metadata": {"total_size": 4 * 43}, "weight_map": weight_map}, indent=2)
)
outputs["sharded"] = outputs["plain"]

# Three checkpoints of a training, by file and by folder.
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
labels = torch.arange(len(train)) % CLASSES
for epoch in [2, 5, 10]:
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(train), labels).backward()
        optimizer.step()
    (root / "files").mkdir(exist_ok=True)
    save_file(net.state_dict(), root / "files" / f"epoch-{epoch}.safetensors")
    save(f"folders/checkpoint-{100 * epoch}", net)
    record(f"epoch {epoch}", net)

(root / "outputs.json").write_text(json.dumps(outputs))
