"""Arguments, then: build, train, retrain, export; every task; table and files."""

import argparse
import os
import pathlib
import sys

from . import environment, rows, self_test, workloads


def arguments(root, description):
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=pathlib.Path, help="folder of MNIST's IDX test files")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows here")
    parser.add_argument("--markdown", type=pathlib.Path, help="the page to write")
    parser.add_argument("--workload", action="append", choices=rows.WORKLOADS, help="default: all")
    parser.add_argument(
        "--tools", help="comma-separated, of ascribe and the libraries; default: all"
    )
    parser.add_argument(
        "--methods", help="comma-separated beginnings of method names; default: all"
    )
    parser.add_argument("--repeats", type=int, default=3, help="of which the median is taken")
    parser.add_argument("--limit", type=float, default=900, help="seconds for one run of a method")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--quick", action="store_true", help="small sizes: does everything run?")
    parser.add_argument("--venv", type=pathlib.Path, default=root / ".build" / "compare-venv")
    parser.add_argument("--work", type=pathlib.Path, default=root / ".build" / "compare-work")
    parser.add_argument(
        "--wheels",
        type=pathlib.Path,
        default=pathlib.Path("/opt/wheels"),
        help="folder that may hold a CPU wheel of torch",
    )
    parser.add_argument("--binary", type=pathlib.Path, help="an ascribe that is built already")
    parser.add_argument("--self-test", action="store_true", help="check the figures by a hand case")
    return parser.parse_args()


def main(root, description):
    options = arguments(root, description)
    if options.self_test:
        return self_test.main()
    if options.data is None:
        sys.exit(
            "error: no --data\n  fix: --data FOLDER with t10k-images-idx3-ubyte and its labels"
        )
    data = workloads.find_data(options.data)
    tools = options.tools.split(",") if options.tools else ["ascribe", *environment.PEERS]
    unknown = set(tools) - {"ascribe", *environment.PEERS}
    if unknown:
        sys.exit(
            f"error: unknown tool {', '.join(sorted(unknown))}\n"
            f"  fix: the tools are ascribe, {', '.join(environment.PEERS)}"
        )
    environment.prepare(options.venv, options.wheels)
    environment.enter(options.venv, options.threads)

    from . import running  # needs what is installed in the environment

    try:
        return running.main(root, options, data, tools)
    except workloads.CommandFailed as failure:
        sys.exit(f"error: {failure}")
