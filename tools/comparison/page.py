"""The page of results: Documentation/COMPARISON.md."""

import os
import pathlib
import platform
import shlex
import sys

from . import environment, rows, workloads


def find(found, **wanted):
    return next(
        (
            row
            for row in found
            if row.ok and all(getattr(row, name) == value for name, value in wanted.items())
        ),
        None,
    )


def ratios(found):
    """How our methods stand to traker's best k = 2,048 (or what --quick has instead)."""
    lines = []
    for workload in ("A", "B"):
        theirs = [
            row
            for row in found
            if row.ok
            and row.workload == workload
            and row.tool == "traker"
            and row.method not in ("trak k=512", "trak k=128")
        ]
        for method, checkpoints in (("trak", 1), ("trajectory", 4)):
            own = find(
                found, tool="ascribe", workload=workload, method=method, checkpoints=checkpoints
            )
            for other in theirs if own else []:
                lines.append(
                    f"{workload}: {method} over {checkpoints} checkpoint{'s' * (checkpoints > 1)} takes "
                    f"1/{other.seconds / own.seconds:.1f} of the time of traker's {other.method}, "
                    f"LDS {own.lds:.3f} against {other.lds:.3f} ({own.lds / other.lds:.1f} ×)"
                )
    return lines


def machine():
    """Processor, cores, memory, system."""
    name = platform.processor() or platform.machine()
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        name = names[0] if names else name
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{name}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}"
    )


def text(found, lines, sizes, options, minutes, date):
    import torch

    parts = [f"""# Beside the Python libraries

Made by `tools/compare` on {date.isoformat()}: {machine()}; {options.threads} threads for every tool. Python
{platform.python_version()}, torch {torch.__version__}. Load of the machine at the end: {os.getloadavg()[0]:.1f}. {minutes:.0f} minutes.

Every method scores the same weights on the same images: MNIST, {sizes.train:,} for training and {sizes.test} queries, a
784-128-64-10 network, SGD {workloads.RATE}, momentum {workloads.MOMENTUM}, batch {workloads.BATCH}, trained by Ascribe. Truth: {sizes.subsets} random halves × {sizes.seeds} seeds,
the margin log(p/(1 − p)). The LDS is the Spearman correlation over the halves of summed scores and margin, its mean
over the queries; ± is half of a 95 % bootstrap interval over halves and queries.

- **Seconds**: from loaded weights to all {sizes.train:,} × {sizes.test} scores, featurising included, median of the runs. The libraries'
  imports and loading are left out. Ascribe's are whole commands from the start of the process, reading weights and data
  and writing the scores included.
- **Peak MB**: largest resident memory of the process, interpreter and libraries included.
- Libraries are given the margin as the attributed function where they take one, and the batches that suit
  them; where a library's sign is *positive = raises the loss*, the function attributed is minus the margin.
- A method that takes more than {options.limit:.0f} seconds or ends with an error is shown as failed, with its message.
"""]
    for workload in dict.fromkeys(row.workload for row in found):
        here = [row for row in found if row.workload == workload]
        parts.append(
            f"## {workload}: {workloads.DESCRIPTIONS[workload]}\n\n"
            + rows.markdown_table(here, workload)
            + "\n"
        )
    if lines:
        parts.append("## In short\n\n" + "\n".join(f"- {line}" for line in lines) + "\n")
    pins = [pin for pins in [environment.BASE, *environment.PEERS.values()] for pin in pins]
    parts.append(f"""## To repeat it

    tools/compare --data FOLDER --json rows.json      # FOLDER: t10k-images-idx3-ubyte(.gz), t10k-labels-idx1-ubyte(.gz)
    tools/compare --data FOLDER --quick               # does everything run?
    tools/compare --data FOLDER --tools ascribe,traker --workload A

Needs Swift, Python 3.11 or later, PyPI, 3 GB of disk and 16 GB of memory. The libraries go into `.build/compare-venv`
(torch {environment.TORCH}, from a folder with a CPU wheel by `--wheels`, else from PyPI; {", ".join(pins)}); trained networks and truth are kept
in `.build/compare-work`, so that a second run only scores. Settings of every method: `tools/comparison/plan.py`.
""")
    return "\n".join(parts)
