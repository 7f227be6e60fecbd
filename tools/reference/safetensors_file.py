"""Writes Tests/Fixtures/Checkpoints/foreign.safetensors: a small network saved from PyTorch.

Run: /work/venv/bin/python tools/reference/safetensors_file.py    (needs torch, safetensors)
"""
import pathlib

import torch
from safetensors.torch import save_file

net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU(), torch.nn.Linear(2, 2))
with torch.no_grad():
    for index, parameter in enumerate(net.parameters()):
        count = parameter.numel()
        parameter.copy_((torch.arange(count) / 8 + index).reshape(parameter.shape))
folder = pathlib.Path(__file__).parents[2] / "Tests/Fixtures/Checkpoints"
folder.mkdir(parents=True, exist_ok=True)
save_file(net.state_dict(), folder / "foreign.safetensors", metadata={"format": "pt"})
