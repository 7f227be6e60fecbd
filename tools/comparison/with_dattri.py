"""dattri: TRAK, TracIn and influence functions; batches chosen so that little is done twice."""

import torch
from dattri.algorithm.influence_function import (
    IFAttributorArnoldi,
    IFAttributorCG,
    IFAttributorDataInf,
    IFAttributorEKFAC,
    IFAttributorLiSSA,
)
from dattri.algorithm.tracin import TracInAttributor
from dattri.algorithm.trak import TRAKAttributor
from dattri.task import AttributionTask
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from . import workloads
from .network import margin


def functions(model):
    """The mean loss, minus the mean margin, and the mean margin, of a batch or one example."""

    def logits(parameters, data):
        inputs, labels = data
        inputs, labels = inputs.reshape(-1, inputs.shape[-1]), labels.reshape(-1).long()
        return functional_call(model, parameters, inputs), labels

    def loss(parameters, data):
        return cross_entropy(*logits(parameters, data))

    def negative_margin(parameters, data):
        return -margin(*logits(parameters, data)).mean()

    def positive_margin(parameters, data):
        return margin(*logits(parameters, data)).mean()

    return loss, negative_margin, positive_margin


def task(case, epochs=None):
    """Attribution of minus the margin, so that positive scores mean help."""
    loss, negative_margin, _ = functions(case.model)
    states = [case.states[epoch] for epoch in epochs or case.epochs[-1:]]
    return AttributionTask(
        loss_func=loss, target_func=negative_margin, model=case.model, checkpoints=states
    )


def trak(case, dimension, batch):
    _, _, positive_margin = functions(case.model)
    attribution = AttributionTask(
        loss_func=positive_margin, model=case.model, checkpoints=case.states[case.epochs[-1]]
    )

    def probability(parameters, data):
        return torch.sigmoid(positive_margin(parameters, data))

    attributor = TRAKAttributor(
        task=attribution,
        correct_probability_func=probability,
        projector_kwargs={"proj_dim": dimension},
    )
    with torch.no_grad():
        attributor.cache(case.loader("train", batch))
        return attributor.attribute(case.loader("test", batch)).T


def tracin(case, epochs):
    """Without projection (dattri's default is 512 dimensions); equal learning rates."""
    attributor = TracInAttributor(
        task=task(case, epochs),
        weight_list=torch.full((len(epochs),), workloads.RATE),
        normalized_grad=False,
        projector_kwargs={"proj_type": "identity"},
    )
    with torch.no_grad():
        return attributor.attribute(
            case.loader("train", 1000), case.loader("test", len(case.test[1]))
        ).T


def influence(case, attributor, hessian, queries):
    """One batch of training examples: dattri transforms the queries again for every one."""
    attributor.cache(hessian)
    scores = attributor.attribute(
        case.loader("train", len(case.train[1])), case.loader("test", queries)
    )
    return scores.T.detach()


def part(case, examples):
    """A loader of one batch with the first so many training examples; the order is random."""
    data = torch.utils.data.TensorDataset(*(values[:examples] for values in case.train))
    return torch.utils.data.DataLoader(data, batch_size=examples, shuffle=False)


def cg(case, damping, examples, queries):
    attributor = IFAttributorCG(task=task(case), max_iter=10, regularization=damping)
    return influence(case, attributor, part(case, examples), queries)


def lissa(case, depth, batch, scaling, damping, queries):
    attributor = IFAttributorLiSSA(
        task=task(case), recursion_depth=depth, batch_size=batch, scaling=scaling, damping=damping
    )
    return influence(case, attributor, part(case, len(case.train[1])), queries)


def datainf(case, damping, examples, queries):
    attributor = IFAttributorDataInf(task=task(case), regularization=damping)
    return influence(case, attributor, part(case, examples), queries)


def arnoldi(case, damping, dimension, iterations):
    attributor = IFAttributorArnoldi(
        task=task(case), proj_dim=dimension, max_iter=iterations, regularization=damping
    )
    return influence(case, attributor, part(case, len(case.train[1])), len(case.test[1]))


def ekfac(case, damping):
    """Its factors are of the attributed function, so this is the loss, here as in its examples."""
    loss, _, _ = functions(case.model)
    attribution = AttributionTask(
        loss_func=loss, model=case.model, checkpoints=case.states[case.epochs[-1]]
    )
    attributor = IFAttributorEKFAC(task=attribution, damping=damping)
    return influence(case, attributor, case.loader("train", 500), len(case.test[1]))
