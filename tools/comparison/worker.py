"""Runs one method of one library in this process: python worker.py TASK.json

The task has: module and function (here beside), arguments, arrays (.npz of the workload), out (.npy
to write), scratch (an empty folder), threads, repeats. Prints a JSON object {seconds: [...]}. The
time is that of the scores alone: libraries are imported and weights and data loaded before it.
"""

import importlib
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

PATIENCE = 40  # seconds after which nothing is repeated


def main(path):
    task = json.loads(pathlib.Path(path).read_text())
    import numpy
    import torch

    torch.set_num_threads(task["threads"])
    torch.manual_seed(0)
    module = importlib.import_module(f"comparison.{task['module']}")
    from comparison.network import Case

    case = Case(task["arrays"])
    case.scratch = pathlib.Path(task["scratch"])
    score = getattr(module, task["function"])
    times = []
    while len(times) < task["repeats"] and (not times or sum(times) < PATIENCE):
        start = time.perf_counter()
        scores = score(case, **task["arguments"])
        times.append(time.perf_counter() - start)
    numpy.save(task["out"], numpy.asarray(scores, numpy.float32))
    print(json.dumps({"seconds": times}))


if __name__ == "__main__":
    main(sys.argv[1])
