"""Writes data/digits-train.csv and data/digits-test.csv from scikit-learn's digits.

    python tools/reference/make_digits.py

1,797 images of 8 x 8, values 0 to 16. The split is fixed: the permutation of
numpy.random.RandomState(0); its first 500 test, the other 1,297 train. Same bytes every time.
"""

from pathlib import Path

import numpy
from sklearn.datasets import load_digits

TEST = 500


def write(path, pixels, labels):
    header = ",".join([f"p{i}" for i in range(pixels.shape[1])] + ["label"])
    rows = (",".join(str(int(v)) for v in [*image, label]) for image, label in zip(pixels, labels))
    path.write_text("\n".join([header, *rows]) + "\n")


def main():
    digits = load_digits()
    assert digits.data.shape == (1797, 64)
    assert (digits.data == digits.data.astype(int)).all()
    order = numpy.random.RandomState(0).permutation(len(digits.target))
    folder = Path(__file__).resolve().parents[2] / "data"
    folder.mkdir(exist_ok=True)
    for name, rows in [("test", order[:TEST]), ("train", order[TEST:])]:
        write(folder / f"digits-{name}.csv", digits.data[rows], digits.target[rows])
        print(name, len(rows), numpy.bincount(digits.target[rows]).tolist())


if __name__ == "__main__":
    main()
