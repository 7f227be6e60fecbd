"""One measured row, as JSON and as a table."""

import dataclasses
import json

WORKLOADS = ("A", "B", "flips")


@dataclasses.dataclass
class Row:
    """What one method of one tool did on one workload; figures that do not apply are None."""

    tool: str
    version: str
    workload: str
    method: str
    checkpoints: int
    seconds: float | None = None  # from loaded weights to all scores, median of the repeats
    peakMB: float | None = None  # largest resident memory of the whole process, 10^6 bytes
    lds: float | None = None
    ldsError: float | None = None  # half of the 95 % interval
    rocAUC: float | None = None
    averagePrecision: float | None = None
    ok: bool = True
    message: str = ""


FIELDS = tuple(field.name for field in dataclasses.fields(Row))


def problems(row):
    """What is wrong with a row as it stands in the JSON file; [] when nothing is."""
    found = []
    if tuple(row) != FIELDS:
        found.append(f"fields are {tuple(row)}")
        return found
    for name in ("tool", "version", "workload", "method", "message"):
        if not isinstance(row[name], str):
            found.append(f"{name} is no text")
    if row["workload"] not in WORKLOADS:
        found.append(f"workload is {row['workload']}")
    if not isinstance(row["ok"], bool):
        found.append("ok is no truth value")
    if type(row["checkpoints"]) is not int:
        found.append("checkpoints is no whole number")
    for name in ("seconds", "peakMB", "lds", "ldsError", "rocAUC", "averagePrecision"):
        value = row[name]
        if value is not None and not (isinstance(value, float) and value == value):
            found.append(f"{name} is {value!r}")
    if not row["ok"] and not row["message"]:
        found.append("failed without a message")
    return found


def write_json(rows, path):
    """A list of objects with exactly the fields of Row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=1) + "\n")


def number(value, digits):
    return "" if value is None else f"{value:.{digits}f}"


def seconds(value):
    return "" if value is None else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def columns(workload):
    """Headings and how to fill them: LDS for A and B, detection figures for flips."""
    figures = (
        [("LDS", lambda row: "" if row.lds is None else f"{row.lds:.3f} ± {row.ldsError:.3f}")]
        if workload != "flips"
        else [
            ("ROC AUC", lambda row: number(row.rocAUC, 4)),
            ("average precision", lambda row: number(row.averagePrecision, 3)),
        ]
    )
    return [
        ("tool", lambda row: f"{row.tool} {row.version}"),
        ("method", lambda row: row.method),
        ("checkpoints", lambda row: str(row.checkpoints)),
        ("seconds", lambda row: seconds(row.seconds) if row.ok else "failed"),
        ("peak MB", lambda row: number(row.peakMB, 0)),
        *figures,
        ("note", lambda row: row.message),
    ]


def text_table(rows, workload):
    """Columns padded with blanks, for a terminal."""
    heads, fills = zip(*columns(workload))
    cells = [list(heads)] + [[fill(row) for fill in fills] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(heads) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths)), line[-1]]).rstrip()
        for line in cells
    )


def markdown_table(rows, workload):
    heads, fills = zip(*columns(workload))
    lines = [heads, ["---"] * len(heads)] + [[fill(row) for fill in fills] for row in rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |"
        for line in lines
    )
