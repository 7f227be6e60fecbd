"""Runs the tasks, each in a process of its own, and collects their rows."""

import datetime
import importlib.metadata
import json
import pathlib
import signal
import statistics
import sys
import tempfile
import time

import numpy

from . import environment, exporting, figures, measuring, page, plan, rows, with_ascribe, workloads


class Session:
    """What all tasks of one workload share."""

    def __init__(self, options, workload, arrays, ascribe, work):
        self.options, self.workload, self.arrays = options, workload, arrays
        self.ascribe, self.work = ascribe, work

    def version(self, tool):
        if tool == "ascribe":
            return self.ascribe.version()
        try:
            return importlib.metadata.version(environment.PACKAGES[tool])
        except importlib.metadata.PackageNotFoundError:
            return "not installed"

    def library(self, task, variant, repeats):
        """One process of a library: seconds of the repeats, peak, scores."""
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            out, file = pathlib.Path(folder, "scores.npy"), pathlib.Path(folder, "task.json")
            file.write_text(
                json.dumps(
                    {
                        "module": f"with_{task.tool}",
                        "function": task.function,
                        "arguments": variant,
                        "arrays": str(exporting.path_of(self.workload, self.work)),
                        "out": str(out),
                        "scratch": folder,
                        "threads": self.options.threads,
                        "repeats": repeats,
                    }
                )
            )
            worker = pathlib.Path(__file__).with_name("worker.py")
            limit = self.options.limit + 60  # for importing and loading
            done = measuring.measure([sys.executable, str(worker), str(file)], limit)
            if done.status:
                raise with_ascribe.Failed(measuring.reason(done, self.options.limit))
            times = json.loads(done.output.splitlines()[-1])["seconds"]
            return times, done.peak, numpy.load(out)

    def own(self, task, variant, repeats):
        """The same for Ascribe, a process for each repeat."""
        times, peaks = [], []
        for _ in range(repeats):
            seconds, peak, scores = getattr(self.ascribe, task.function)(
                self.workload.name, **variant
            )
            times.append(seconds)
            peaks.append(peak)
        if isinstance(scores, dict):
            scores = numpy.array([scores[i] for i in self.arrays["train/ids"].tolist()])
        return times, max(peaks), scores

    def measured(self, task):
        """The best variant's seconds, peak and scores, and what the others took."""
        run = self.own if task.tool == "ascribe" else self.library
        if len(task.variants) == 1:
            return *run(task, task.variants[0], self.options.repeats), ""
        tried, failures = [], []
        for variant in task.variants:
            try:
                tried.append((run(task, variant, 1), variant))
            except with_ascribe.Failed as failure:
                failures.append(f"batch {variant['batch']}: {failure}")
        if not tried:
            raise with_ascribe.Failed("; ".join(failures))
        (times, peak, scores), best = min(tried, key=lambda pair: pair[0][0])
        if self.options.repeats > 1 and times[0] < 60:
            more, peak, scores = run(task, best, self.options.repeats - 1)
            times = times + more
        said = [f"batch {variant['batch']} {result[0][0]:.1f} s" for result, variant in tried]
        return (
            times,
            peak,
            scores,
            "; ".join([f"best batch {best['batch']}", "tried " + ", ".join(said), *failures]),
        )

    def row(self, task):
        row = rows.Row(
            task.tool,
            self.version(task.tool),
            self.workload.name,
            task.method,
            task.checkpoints,
            message=task.note,
        )
        try:
            times, peak, scores, said = self.measured(task)
            row.seconds, row.peakMB = float(statistics.median(times)), peak / 1e6
            row.message = "; ".join(
                filter(None, [task.note, said, f"{len(times)} run" + "s" * (len(times) > 1)])
            )
            if self.workload.has_truth:
                row.lds, row.ldsError = figures.lds(
                    scores, self.arrays["masks"], self.arrays["margins"]
                )
            else:
                row.rocAUC, row.averagePrecision = figures.detection(
                    scores, self.arrays["train/wrong"]
                )
        except (with_ascribe.Failed, ValueError) as failure:
            row.ok, row.message = False, "; ".join(filter(None, [str(failure), task.note]))
        return row


def main(root, options, data, tools):
    # Ended from outside, it still ends the process that it is measuring.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    start = time.time()
    sizes = workloads.QUICK if options.quick else workloads.FULL
    work = options.work.resolve() / ("quick" if options.quick else "full")
    work.mkdir(parents=True, exist_ok=True)
    binary = str(options.binary.resolve()) if options.binary else workloads.build(root)
    ascribe = with_ascribe.Ascribe(binary, work, options.threads, options.limit)
    found = []
    for name in options.workload or rows.WORKLOADS:
        workload = workloads.ALL[name]
        print(f"{name}: training and truth", file=sys.stderr)
        workloads.prepare(workload, data, sizes, binary, work, options.threads)
        arrays = exporting.export(workload, data, binary, work, options.threads)
        session = Session(options, workload, arrays, ascribe, work)
        case = {"epochs": arrays["epochs"].tolist(), "train": sizes.train, "test": sizes.test}
        tasks = (plan.scoring if workload.has_truth else plan.mislabels)(case, options.quick)
        for task in tasks:
            wanted = not options.methods or task.method.startswith(
                tuple(options.methods.split(","))
            )
            if task.tool not in tools or not wanted:
                continue
            found.append(session.row(task))
            print(rows.text_table(found[-1:], name).splitlines()[-1], file=sys.stderr, flush=True)
            if options.json:
                rows.write_json(found, options.json)
    minutes = (time.time() - start) / 60
    for name in dict.fromkeys(row.workload for row in found):
        print(f"\n{name}: {workloads.DESCRIPTIONS[name]}")
        print(rows.text_table([row for row in found if row.workload == name], name))
    ratios = page.ratios(found)
    print("\n" + "\n".join(ratios))
    print(f"{minutes:.0f} minutes")
    path = options.markdown
    whole = not (options.quick or options.tools or options.methods or options.workload)
    if path is None and whole:
        path = root / "Documentation" / "COMPARISON.md"
    if path:
        path.write_text(page.text(found, ratios, sizes, options, minutes, datetime.date.today()))
    return 0 if all(row.ok for row in found if row.tool == "ascribe") else 1
