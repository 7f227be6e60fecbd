"""captum: TracInCPFast, the last layer's gradients over checkpoints."""

import torch
from captum.influence import TracInCPFast
from torch.nn.functional import cross_entropy

from . import workloads
from .network import margin


class SummedLoss:
    reduction = "sum"

    def __call__(self, logits, labels):
        return cross_entropy(logits, labels, reduction="sum")


class SummedNegativeMargin:
    """Attributed to the queries, so that positive scores mean help."""

    reduction = "sum"

    def __call__(self, logits, labels):
        return -margin(logits, labels).sum()


def analyser(case, epochs):
    def load(model, state):
        model.load_state_dict(state)
        return workloads.RATE

    return TracInCPFast(
        model=case.model,
        final_fc_layer=list(case.model)[-1],
        train_dataset=case.loader("train", len(case.train[1])),
        checkpoints=[case.states[epoch] for epoch in epochs],
        checkpoints_load_func=load,
        loss_fn=SummedLoss(),
        test_loss_fn=SummedNegativeMargin(),
    )


def tracin(case, epochs):
    return analyser(case, epochs).influence(case.test).detach()


def own(case, epochs):
    """Self-influence of every training example."""
    return analyser(case, epochs).self_influence().detach()
