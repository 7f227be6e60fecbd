"""The workloads: trained, and retrained on random halves, by Ascribe; kept between runs."""

import dataclasses
import os
import shutil
import subprocess
import sys


class CommandFailed(Exception):
    """An Ascribe command ended with an error, which it has printed itself."""


@dataclasses.dataclass(frozen=True)
class Sizes:
    train: int
    test: int
    subsets: int
    seeds: int


FULL = Sizes(train=5000, test=500, subsets=50, seeds=3)
QUICK = Sizes(train=1000, test=100, subsets=10, seeds=2)
HIDDEN = (128, 64)
RATE, MOMENTUM, BATCH = 0.01, 0.9, 64
MEAN, DEVIATION = 0.1307, 0.3081


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    standardised: bool
    dropout: float
    epochs: int
    flipped: float = 0

    @property
    def has_truth(self):
        return not self.flipped

    def configuration(self, data, sizes):
        """The run file."""
        scale = (
            f"standardise: {{mean: {MEAN}, std: {DEVIATION}}}"
            if self.standardised
            else "scale: [0, 255]"
        )
        flip = f"\n  flip: {{fraction: {self.flipped}, seed: 0}}" if self.flipped else ""
        images, labels = data
        return f"""name: {self.name}
data:
  train: {{format: idx, images: {images}, labels: {labels}}}
  split: {{test: {sizes.test}, train: {sizes.train}, seed: 0}}{flip}
  {scale}
model:    {{kind: mlp, hidden: [{", ".join(map(str, HIDDEN))}], activation: relu, dropout: {self.dropout}}}
training: {{optimizer: sgd, rate: {RATE}, momentum: {MOMENTUM}, batch: {BATCH}, epochs: {self.epochs}, seed: 0}}
"""


ALL = {
    "A": Workload("A", standardised=False, dropout=0, epochs=30),
    "B": Workload("B", standardised=True, dropout=0.1, epochs=50),
    "flips": Workload("flips", standardised=True, dropout=0.1, epochs=50, flipped=0.1),
}
DESCRIPTIONS = {
    "A": "fitted: pixels in [0, 1], no dropout, 30 epochs",
    "B": "memorised: pixels standardised by (0.1307, 0.3081), dropout 0.1, 50 epochs",
    "flips": "as B, with the labels of 10 % of the training images changed",
}


def find_data(folder):
    """The two IDX files of the folder."""
    paths = []
    for stem in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        path = next(
            (folder / (stem + end) for end in ("", ".gz") if (folder / (stem + end)).exists()), None
        )
        if path is None:
            sys.exit(
                f"error: {folder} has no {stem} or {stem}.gz\n"
                "  fix: give the folder of MNIST's test images by --data"
            )
        paths.append(path.resolve())
    return paths


def build(root):
    """The release binary."""
    if shutil.which("swift") is None:
        sys.exit("error: no swift\n  fix: see https://swift.org/install, or give --binary FILE")
    command = [
        "swift",
        "build",
        "--package-path",
        str(root),
        "-c",
        "release",
        "--product",
        "ascribe",
    ]
    subprocess.run(command, check=True, stdout=sys.stderr)
    shown = subprocess.run(
        command + ["--show-bin-path"], check=True, capture_output=True, text=True
    )
    return os.path.join(shown.stdout.strip(), "ascribe")


def prepare(workload, data, sizes, binary, work, threads):
    """Trains the run and its bank; finished ones are only looked at, unusable ones made again."""
    file = work / f"{workload.name}.yaml"
    file.write_text(workload.configuration(data, sizes))
    try:
        train(workload, file, sizes, binary, work, threads)
    except CommandFailed as failure:
        folder = work / "Checkpoints" / workload.name
        print(f"{failure}; making {folder} again", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        train(workload, file, sizes, binary, work, threads)


def train(workload, file, sizes, binary, work, threads):
    run(binary, ["train", file.name], work, threads)
    run(binary, ["verify", workload.name], work, threads)
    if workload.has_truth:
        run(
            binary,
            [
                "retrain",
                workload.name,
                "--subsets",
                str(sizes.subsets),
                "--seeds",
                str(sizes.seeds),
            ],
            work,
            threads,
        )


def run(binary, arguments, work, threads, capture=False):
    """One Ascribe command, its notes to standard error."""
    done = subprocess.run(
        [binary, *arguments, "--threads", str(threads)],
        cwd=work,
        stdout=subprocess.PIPE if capture else sys.stderr,
        text=True,
    )
    if done.returncode:
        raise CommandFailed(f"ascribe {' '.join(arguments)} ended with {done.returncode}")
    return done.stdout
