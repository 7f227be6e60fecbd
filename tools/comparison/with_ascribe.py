"""Ascribe: the commands a user gives, each timed from the start of the process to its end."""

import json

import h5py
import numpy

from . import measuring


class Failed(Exception):
    """The reason in one line."""


class Ascribe:
    def __init__(self, binary, work, threads, limit):
        self.binary, self.work, self.threads, self.limit = binary, work, threads, limit

    def version(self):
        done = measuring.measure([self.binary, "--version"], 60)
        return done.output.split()[-1] if done.output.split() else "unknown"

    def command(self, *arguments):
        done = measuring.measure(
            [self.binary, *map(str, arguments), "--threads", str(self.threads)],
            self.limit,
            cwd=self.work,
        )
        if done.status:
            raise Failed(measuring.reason(done, self.limit))
        return done

    def read(self, path):
        with h5py.File(path) as file:
            return file["scores"][...]

    def options(self, method, epochs=None, weight=None, profile=None):
        chosen = ["--checkpoints", ",".join(map(str, epochs))] if epochs else []
        chosen += ["--example-weight", weight] if weight else []
        chosen += ["--damping-profile", profile] if profile else []
        return ["--method", method, "--diagnose", "none", *chosen]

    def score(self, run, method, **chosen):
        """seconds, peak, scores m x n."""
        out = self.work / f"{run}-scores.h5"
        out.unlink(missing_ok=True)
        done = self.command("score", run, *self.options(method, **chosen), "--out", out)
        return done.seconds, done.peak, self.read(out)

    def landmarks(self, run, dimension):
        """Collecting the features and scoring with them."""
        out = self.work / f"{run}-scores.h5"
        out.unlink(missing_ok=True)
        collected = self.command(
            "collect", run, "--projector", "landmarks", "--dim", dimension, "--overwrite"
        )
        scored = self.command(
            "score", run, *self.options("trak"), "--kernel", "features", "--out", out
        )
        return (
            collected.seconds + scored.seconds,
            max(collected.peak, scored.peak),
            self.read(out),
        )

    def mislabeled(self, run, signal=None):
        """seconds, peak, suspicion of each training example in the order of the data."""
        done = self.command(
            "mislabeled", run, *(["--signal", signal] if signal else []), "--top", 10**9, "--json"
        )
        suspects = json.loads(done.output)["suspects"]
        by_id = {suspect["id"]: suspect["score"] for suspect in suspects}
        return done.seconds, done.peak, by_id
