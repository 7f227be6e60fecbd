"""cleanlab: label quality from probabilities of models that did not see the example."""

import numpy
import torch
from cleanlab.rank import get_label_quality_scores
from torch.nn.functional import cross_entropy

from . import workloads
from .network import network


def trained(inputs, labels, sizes, dropout, epochs, seed):
    """The workload's network and training, in PyTorch."""
    torch.manual_seed(seed)
    model = network(sizes, dropout)
    optimizer = torch.optim.SGD(model.parameters(), lr=workloads.RATE, momentum=workloads.MOMENTUM)
    for _ in range(epochs):
        order = torch.randperm(len(labels))
        for rows in order.split(workloads.BATCH):
            optimizer.zero_grad(set_to_none=True)
            cross_entropy(model(inputs[rows]), labels[rows]).backward()
            optimizer.step()
    return model.eval()


def cross_validated(case, folds, dropout, epochs):
    """Minus the quality: high = suspect. Training of the folds is part of the method."""
    inputs, labels = case.train
    fold = torch.arange(len(labels)) % folds  # the order of the examples is random already
    probabilities = torch.empty(len(labels), case.sizes[-1])
    for held in range(folds):
        rest = fold != held
        model = trained(inputs[rest], labels[rest], case.sizes, dropout, epochs, held)
        with torch.no_grad():
            probabilities[~rest] = model(inputs[~rest]).softmax(-1)
    return -get_label_quality_scores(labels.numpy(), probabilities.numpy().astype(numpy.float64))
