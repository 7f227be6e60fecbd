"""tools/compare --self-test: the figures against a hand case and plain loops, and the rows' shape.

Without numpy and scipy only the rows are checked, and it says so.
"""

import dataclasses
import json
import pathlib
import sys
import tempfile

from . import rows

# By hand: 4 subsets of 3 examples, 2 queries. Sums of query 0's scores (1, 2, -1) over the subsets
# {0,1}, {1,2}, {0}, {2} are 3, 1, 1, -1; margins 4, 3, 2, 1 rank the same but for the tie:
# ranks (4, 2.5, 2.5, 1) and (4, 3, 2, 1), covariance 4.5, variances 4.5 and 5, so √0.9.
# Query 1 has minus these scores: -√0.9. Their mean is 0; query 0 alone gives √0.9.
MASKS = [[1, 1, 0], [0, 1, 1], [1, 0, 0], [0, 0, 1]]
SCORES = [[1, 2, -1], [-1, -2, 1]]
MARGINS = [[4, 4], [3, 3], [2, 2], [1, 1]]


def plain_ranks(values):
    """Mean rank of each value, by counting."""
    return [
        sum(v < value for v in values) + (sum(v == value for v in values) + 1) / 2
        for value in values
    ]


def plain_lds(scores, masks, margins):
    """The definition in loops."""
    total = 0
    for query, row in enumerate(scores):
        a = plain_ranks([sum(s for s, kept in zip(row, mask) if kept) for mask in masks])
        b = plain_ranks([line[query] for line in margins])
        mean = (len(masks) + 1) / 2
        covariance = sum((x - mean) * (y - mean) for x, y in zip(a, b))
        scale = sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b)
        total += covariance / scale**0.5 if scale else 0
    return total / len(scores)


def plain_detection(suspicion, wrong):
    """ROC AUC by all pairs, average precision by thresholds."""
    positives = [s for s, bad in zip(suspicion, wrong) if bad]
    negatives = [s for s, bad in zip(suspicion, wrong) if not bad]
    area = sum((p > n) + (p == n) / 2 for p in positives for n in negatives)
    precision = 0
    for threshold in sorted(set(suspicion)):
        here = sum(p == threshold for p in positives)
        found = sum(p >= threshold for p in positives)
        precision += here / len(positives) * found / sum(s >= threshold for s in suspicion)
    return area / len(positives) / len(negatives), precision


def check(passed, sentence):
    if not passed:
        sys.exit(f"error: self-test failed: {sentence}")


def close(a, b):
    return abs(a - b) < 1e-9


def check_rows():
    good = rows.Row("ascribe", "1", "A", "trak", 1, 1.0, 200.0, 0.5, 0.02)
    failed = rows.Row("captum", "1", "flips", "own", 6, ok=False, message="why")
    wanted = [
        "tool",
        "version",
        "workload",
        "method",
        "checkpoints",
        "seconds",
        "peakMB",
        "lds",
        "ldsError",
        "rocAUC",
        "averagePrecision",
        "ok",
        "message",
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "sub", "rows.json")
        rows.write_json([good, failed], path)
        read = json.loads(path.read_text())
    for row in read:
        check(list(row) == wanted, "a row has exactly the fields of the format")
        check(rows.problems(row) == [], "a good row has no problem")
    check(read[1]["seconds"] is None, "an absent figure is null")
    for name, value in (("workload", "C"), ("checkpoints", 1.0), ("lds", float("nan")), ("ok", 1)):
        check(rows.problems({**read[0], name: value}) != [], f"a wrong {name} is noticed")
    silent = {**dataclasses.asdict(failed), "message": ""}
    check(rows.problems(silent) != [], "a failure without its message is noticed")
    table = rows.markdown_table([good, dataclasses.replace(failed, workload="A")], "A")
    check("0.500 ± 0.020" in table and "failed" in table, "the table has figures and failures")


def check_figures():
    import numpy

    from . import figures

    half = 0.9**0.5
    check(close(plain_lds(SCORES[:1], MASKS, MARGINS), half), "plain LDS of the hand case")
    value, _ = figures.lds(numpy.array(SCORES[:1]), numpy.array(MASKS), numpy.array(MARGINS)[:, :1])
    check(close(value, half), "LDS of the hand case")
    value, _ = figures.lds(numpy.array(SCORES), numpy.array(MASKS), numpy.array(MARGINS))
    check(close(value, 0), "opposite scores cancel")
    for seed in range(5):
        random = numpy.random.default_rng(seed)
        masks = random.integers(0, 2, (12, 9))
        scores, truth = random.integers(-3, 4, (7, 9)), random.normal(size=(12, 7))
        value, error = figures.lds(scores, masks, truth)
        plain = plain_lds(scores.tolist(), masks.tolist(), truth.tolist())
        check(close(value, plain), f"LDS against plain loops, seed {seed}")
        check(0 < error < 1, f"interval, seed {seed}")
        wrong = numpy.arange(40) < 10
        suspicion = random.integers(0, 8, 40) + 2 * wrong
        measured = figures.detection(suspicion, wrong)
        plain = plain_detection(suspicion.tolist(), wrong.tolist())
        check(all(map(close, measured, plain)), f"detection against plain loops, seed {seed}")
    margin = figures.margins([[1.0, 2.0, 0.5]], [1])[0]
    p = numpy.exp(2) / numpy.exp([1.0, 2.0, 0.5]).sum()
    check(close(margin, numpy.log(p / (1 - p))), "margin is log(p / (1 - p))")
    try:
        figures.lds(numpy.array([[float("nan")]]), numpy.array([[1]]), numpy.array([[1.0]]))
        check(False, "scores that are not finite are refused")
    except ValueError:
        pass


def main():
    check_rows()
    try:
        import numpy  # noqa: F401
        import scipy  # noqa: F401
    except ImportError:
        print(
            "tools/compare: rows as they should be (figures not checked: no numpy and scipy here)"
        )
        return 0
    check_figures()
    print("tools/compare: rows and figures as they should be")
    return 0
