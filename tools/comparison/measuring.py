"""A command in a process of its own: wall time, peak memory, a limit."""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

LAUNCHER = pathlib.Path(__file__).with_name("launcher.py")


@dataclasses.dataclass
class Outcome:
    seconds: float
    peak: float  # bytes
    status: int
    overran: bool
    output: str
    errors: str


def measure(command, limit, cwd=None):
    """Runs a command to its end, or kills it and what it started after `limit` seconds."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder, "report")
        paths = [pathlib.Path(folder, name) for name in ("output", "errors")]
        with open(paths[0], "w") as output, open(paths[1], "w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LAUNCHER), str(report), *command],
                cwd=cwd,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
            overran = False
            try:
                process.wait(limit)
            except subprocess.TimeoutExpired:
                overran = True
            finally:
                if process.returncode is None:  # the limit, or Ctrl-C here
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        seconds, peak, status = (
            json.loads(report.read_text()) if report.exists() else (limit, 0, process.returncode)
        )
        return Outcome(seconds, peak, status, overran, *(path.read_text() for path in paths))


def reason(outcome, limit):
    """Why it failed, in one line."""
    if outcome.overran:
        return f"stopped after the limit of {limit:.0f} s"
    lines = [line for line in outcome.errors.splitlines() if line.strip()]
    said = next((line for line in lines if line.startswith("error:")), lines[-1] if lines else "")
    ended = f"signal {-outcome.status}" if outcome.status < 0 else f"status {outcome.status}"
    return f"{ended}: {said.strip()[:200]}" if said else ended
