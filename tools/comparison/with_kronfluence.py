"""kronfluence: EK-FAC, pairwise and self-influence."""

import tempfile

import torch
from kronfluence.analyzer import Analyzer, prepare_model
from kronfluence.arguments import FactorArguments, ScoreArguments
from kronfluence.task import Task
from torch.nn.functional import cross_entropy
from torch.utils.data import TensorDataset

from .network import Case, margin


class Classification(Task):
    """Summed losses; attributed is minus the margin, so that positive scores mean help."""

    def compute_train_loss(self, batch, model, sample=False):
        inputs, labels = batch
        logits = model(inputs)
        if sample:
            with torch.no_grad():
                labels = torch.multinomial(logits.softmax(-1), 1).flatten()
        return cross_entropy(logits, labels, reduction="sum")

    def compute_measurement(self, batch, model):
        inputs, labels = batch
        return -margin(model(inputs), labels).sum()


def fitted(case, folder):
    """An analyzer with its factors."""
    import copy

    analysed = Classification()
    model = prepare_model(copy.deepcopy(case.model), analysed)
    analyzer = Analyzer(
        "comparison", model, analysed, cpu=True, disable_tqdm=True, output_dir=folder
    )
    analyzer.fit_all_factors(
        "factors",
        TensorDataset(*case.train),
        per_device_batch_size=1000,
        factor_args=FactorArguments(strategy="ekfac"),
    )
    return analyzer


def pairwise(case, damping):
    with tempfile.TemporaryDirectory(dir=case.scratch) as folder:
        analyzer = fitted(case, folder)
        analyzer.compute_pairwise_scores(
            "scores",
            "factors",
            TensorDataset(*case.test),
            TensorDataset(*case.train),
            per_device_query_batch_size=len(case.test[1]),
            per_device_train_batch_size=1000,
            score_args=ScoreArguments(damping_factor=damping),
        )
        return analyzer.load_pairwise_scores("scores")["all_modules"]


def own(case, damping):
    """Self-influence of every training example."""
    with tempfile.TemporaryDirectory(dir=case.scratch) as folder:
        analyzer = fitted(case, folder)
        analyzer.compute_self_scores(
            "scores",
            "factors",
            TensorDataset(*case.train),
            per_device_train_batch_size=1000,
            score_args=ScoreArguments(damping_factor=damping),
        )
        return analyzer.load_self_scores("scores")["all_modules"]
