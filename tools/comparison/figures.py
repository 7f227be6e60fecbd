"""The figures, computed in one way for every tool. Letters: n train, m queries, M subsets."""

import numpy


def ranks(values):
    """Ranks along the first axis, equal values sharing their mean rank."""
    from scipy.stats import rankdata

    return rankdata(values, axis=0)


def spearman(a, b):
    """Rank correlation of each column of a with that of b; 0 where one of them is constant."""
    a, b = ranks(a), ranks(b)
    a, b = a - a.mean(0), b - b.mean(0)
    scale = numpy.sqrt((a * a).sum(0) * (b * b).sum(0))
    return numpy.where(scale > 0, (a * b).sum(0) / numpy.where(scale > 0, scale, 1), 0)


def lds(scores, masks, margins, resamples=200, seed=0):
    """Linear datamodeling score and half of its 95 % bootstrap interval.

    Spearman, over the subsets, of the summed scores of the examples trained on and the margin that
    retraining gave, its mean over the queries. The interval resamples subsets and queries.

    scores: m x n, positive = helped. masks: M x n, 1 = trained on. margins: M x m, seeds' means.
    """
    if not numpy.isfinite(scores).all():
        raise ValueError(
            f"{(~numpy.isfinite(scores)).sum()} of {scores.size} scores are not finite"
        )
    predicted = masks.astype(numpy.float64) @ scores.T.astype(numpy.float64)
    value = float(spearman(predicted, margins).mean())
    random = numpy.random.default_rng(seed)
    subsets, queries = margins.shape
    values = []
    for _ in range(resamples):
        rows = random.integers(subsets, size=subsets)[:, None]
        columns = random.integers(queries, size=queries)[None, :]
        values.append(spearman(predicted[rows, columns], margins[rows, columns]).mean())
    return value, float(1.96 * numpy.std(values))


def margins(logits, labels):
    """log(p / (1 - p)) of the label: its logit minus the log-sum-exp of the others."""
    logits = numpy.asarray(logits, numpy.float64)
    own = numpy.eye(logits.shape[-1], dtype=bool)[labels]
    others = numpy.where(own, -numpy.inf, logits)
    top = others.max(-1, keepdims=True)
    rest = top[..., 0] + numpy.log(numpy.exp(others - top).sum(-1))
    return numpy.where(own, logits, 0).sum(-1) - rest


def detection(suspicion, wrong):
    """ROC AUC and average precision of suspicion (high = more suspect) for the wrong labels."""
    suspicion, wrong = numpy.asarray(suspicion, numpy.float64), numpy.asarray(wrong, bool)
    if not numpy.isfinite(suspicion).all():
        raise ValueError("not all suspicions are finite")
    positives, negatives = wrong.sum(), (~wrong).sum()
    area = (ranks(suspicion)[wrong].sum() - positives * (positives + 1) / 2) / (
        positives * negatives
    )
    # Equal values count as one step, so that their order does not matter.
    order = numpy.argsort(-suspicion, kind="stable")
    ends = numpy.append(numpy.flatnonzero(numpy.diff(suspicion[order])), len(order) - 1)
    found = numpy.cumsum(wrong[order])[ends]
    precision = found / (ends + 1)
    recalled = numpy.diff(numpy.append(0, found)) / positives
    return float(area), float((precision * recalled).sum())
