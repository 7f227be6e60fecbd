"""Which methods are run on which workload, with which settings.

Several variants of one task are tried once each; the fastest is repeated and becomes the row.
"""
import dataclasses

SHORT = [1, 2, 5, 10]  # the epochs of the first fifth of workload B's training


@dataclasses.dataclass
class Task:
    tool: str
    method: str
    checkpoints: int
    function: str
    variants: list = dataclasses.field(default_factory=lambda: [{}])
    note: str = ""


def scoring(case, quick):
    """The tasks of a workload with truth. `case`: epochs (kept ones), train and test (counts)."""
    every, n, m = case["epochs"], case["train"], case["test"]
    small, large = (128, 256) if quick else (512, 2048)
    batches = [n // 10, n // 5, n // 2]
    depth, fisher, arnoldi = (5, 50, 20) if quick else (50, 500, 50)
    trak = "random projections of normal entries, fp32"
    return [
        Task("ascribe", "trak", 1, "score", [{"method": "trak"}]),
        Task("ascribe", "trak as published", 1, "score",
             [{"method": "trak", "weight": "final", "profile": "uniform"}],
             "last weights alone: weight 1 − p, even damping"),
        Task("ascribe", "ntk-loo", 1, "score", [{"method": "ntk-loo"}]),
        Task("ascribe", "trajectory", len(every), "score", [{"method": "trajectory"}],
             "default method, all kept epochs"),
        Task("ascribe", "trajectory", 1, "score",
             [{"method": "trajectory", "epochs": every[-1:]}], "last epoch"),
        Task("ascribe", "trajectory", len(SHORT), "score",
             [{"method": "trajectory", "epochs": SHORT}], "epochs 1, 2, 5, 10"),
        Task("ascribe", f"trak landmarks k={large}", 1, "landmarks", [{"dimension": large}],
             "collect, then score"),
        Task("traker", f"trak k={small}", 1, "trak",
             [{"dimension": small, "batch": b} for b in batches[:2]], trak),
        Task("traker", f"trak k={large}", 1, "trak",
             [{"dimension": large, "batch": b} for b in batches], trak),
        Task("traker", f"trak k={large}, matrix kept", 1, "trak",
             [{"dimension": large, "batch": b, "one_block": True} for b in batches[:2]],
             trak + ", drawn once (BasicProjector, block_size=k, free_memory overridden)"),
        Task("dattri", f"trak k={large}", 1, "trak", [{"dimension": large, "batch": n // 2}], trak),
        Task("dattri", "tracin", 1, "tracin", [{"epochs": every[-1:]}], "no projection"),
        Task("dattri", "tracin", len(every), "tracin", [{"epochs": every}], "no projection"),
        Task("dattri", "if-cg", 1, "cg",
             [{"damping": 0.01, "examples": n // 5, "queries": min(m, 100)}],
             f"10 iterations, damping 0.01, Hessian of {n // 5} examples"),
        Task("dattri", "if-lissa", 1, "lissa",
             [{"depth": depth, "batch": 50, "scaling": 50.0, "damping": 0.001,
               "queries": min(m, 100)}],
             f"depth {depth}, batch 50, scale 50, damping 0.001; its default depth is 5,000"),
        Task("dattri", "if-datainf", 1, "datainf",
             [{"damping": 0.01, "examples": fisher, "queries": 10}],
             f"damping 0.01, Fisher of {fisher} examples"),
        Task("dattri", "if-arnoldi", 1, "arnoldi",
             [{"damping": 0.01, "dimension": arnoldi, "iterations": 2 * arnoldi}],
             f"{arnoldi} dimensions of {2 * arnoldi} iterations, damping 0.01"),
        Task("dattri", "ekfac", 1, "ekfac", [{"damping": 0.01}], "damping 0.01"),
        Task("kronfluence", "ekfac", 1, "pairwise", [{"damping": None}],
             "damping 0.1 of the mean eigenvalue"),
        Task("captum", "tracincp-fast", len(every), "tracin", [{"epochs": every}], "last layer"),
    ]


def mislabels(case, quick):
    """The tasks of the workload with changed labels."""
    every = case["epochs"]
    folds, training = 5, {"dropout": 0.1, "epochs": every[-1]}
    return [
        Task("ascribe", "mislabeled", len(every), "mislabeled", [{}],
             "default: leaveOneOutMargin, all kept epochs"),
        Task("ascribe", "mislabeled el2n", every[-1], "mislabeled", [{"signal": "el2n"}],
             "kept during training, every epoch"),
        Task("ascribe", "mislabeled selfInfluence", len(every), "mislabeled",
             [{"signal": "selfInfluence"}], "all kept epochs"),
        Task("kronfluence", "self-influence", 1, "own", [{"damping": None}],
             "EK-FAC, damping 0.1 of the mean eigenvalue"),
        Task("captum", "self-influence", len(every), "own", [{"epochs": every}],
             "TracInCPFast, last layer"),
        Task("cleanlab", "cross-validation", 0, "cross_validated", [{"folds": folds, **training}],
             f"self-confidence, {folds} folds, their training included"),
    ]
