"""The exported network and data as PyTorch objects, shared by all the libraries."""

import numpy
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from . import workloads


def network(sizes, dropout=0):
    """Linear, ReLU (and dropout) for each hidden layer, then Linear."""
    layers = []
    for width_in, width_out in zip(sizes[:-2], sizes[1:-1]):
        layers += [nn.Linear(width_in, width_out), nn.ReLU()]
        layers += [nn.Dropout(dropout)] if dropout else []
    return nn.Sequential(*layers, nn.Linear(*sizes[-2:]))


class Case:
    """One workload: `model` with the last weights in evaluation mode, `states` by epoch, data."""

    def __init__(self, path):
        arrays = numpy.load(path)
        self.epochs = [int(epoch) for epoch in arrays["epochs"]]
        self.train, self.test = (
            (
                torch.from_numpy(arrays[f"{split}/inputs"]),
                torch.from_numpy(arrays[f"{split}/labels"]),
            )
            for split in ("train", "test")
        )
        self.sizes = [self.train[0].shape[1], *workloads.HIDDEN, 10]
        names = list(network(self.sizes).state_dict())
        self.states = {
            epoch: {
                name: torch.from_numpy(arrays[f"epoch-{epoch}/{i}"]) for i, name in enumerate(names)
            }
            for epoch in self.epochs
        }
        self.model = network(self.sizes)
        self.model.load_state_dict(self.states[self.epochs[-1]])
        self.model.eval()

    def loader(self, split, batch):
        return DataLoader(TensorDataset(*getattr(self, split)), batch_size=batch, shuffle=False)


def margin(logits, labels):
    """log(p / (1 - p)) of each row's label."""
    own = labels[:, None] == torch.arange(logits.shape[-1])  # one_hot does not work under vmap
    rest = torch.logsumexp(logits.masked_fill(own, -torch.inf), -1)
    return (logits * own).sum(-1) - rest
