"""Weights, data and truth of a trained run as arrays, the same for every tool."""

import gzip
import json
import pathlib

import h5py
import numpy
from safetensors.numpy import load_file

from . import figures, workloads


def idx(path):
    """An IDX file of bytes."""
    raw = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    shape = numpy.frombuffer(raw, ">i4", raw[3], 4)
    return numpy.frombuffer(raw, numpy.uint8, offset=4 + 4 * raw[3]).reshape(shape)


def parameters(path):
    """Weights and biases in the order of the layers, whatever the numbers in their names."""
    tensors = load_file(path)
    layers = sorted({int(name.split(".")[-2]) for name in tensors})
    by_layer = {int(n.split(".")[-2]): n.rsplit(".", 1)[0] for n in tensors}
    return [tensors[f"{by_layer[layer]}.{part}"] for layer in layers for part in ("weight", "bias")]


def forward(inputs, weights):
    """Logits in double precision, to check that what is exported is what Ascribe trained."""
    x = inputs.astype(numpy.float64)
    for i in range(0, len(weights), 2):
        x = x @ weights[i].T.astype(numpy.float64) + weights[i + 1]
        x = x if i + 2 == len(weights) else numpy.maximum(x, 0)
    return x


def export(workload, data, binary, work, threads):
    """Writes work/NAME.npz and returns what it holds."""
    images, labels = (idx(path) for path in data)
    pixels = images.reshape(len(images), -1).astype(numpy.float32) / 255
    if workload.standardised:
        pixels = (pixels - numpy.float32(workloads.MEAN)) / numpy.float32(workloads.DEVIATION)
    folder = work / "Checkpoints" / workload.name / "seed-0"
    arrays, last = {}, None
    epochs = sorted(int(path.stem[6:]) for path in folder.glob("epoch-*.safetensors"))
    for epoch in epochs:
        last = parameters(folder / f"epoch-{epoch:03d}.safetensors")
        for number, values in enumerate(last):
            arrays[f"epoch-{epoch}/{number}"] = values
    for split in ("train", "test"):
        printed = workloads.run(
            binary,
            ["outputs", workload.name, "--split", split, "--json"],
            work,
            threads,
            capture=True,
        )
        examples = json.loads(printed)["examples"]
        ids = numpy.array([example["id"] for example in examples])
        arrays[f"{split}/ids"] = ids
        arrays[f"{split}/inputs"] = pixels[ids]
        arrays[f"{split}/labels"] = numpy.array([example["label"] for example in examples])
        arrays[f"{split}/wrong"] = arrays[f"{split}/labels"] != labels[ids]
        ours = numpy.array([example["logits"] for example in examples])
        error = abs(forward(pixels[ids], last) - ours).max()
        if error > 1e-3:
            raise RuntimeError(
                f"{workload.name}: exported {split} gives other logits, by {error:.2g}"
            )
    arrays["epochs"] = numpy.array(epochs)
    if workload.has_truth:
        arrays.update(
            truth(work / "Checkpoints" / workload.name / "bank.h5", arrays["test/labels"])
        )
    numpy.savez(path_of(workload, work), **arrays)
    return arrays


def truth(path, labels):
    """masks, M x n; margins, M x m: means over the seeds of the bank."""
    with h5py.File(path) as file:
        masks, logits = file["masks"][...], file["logits"][...]
    logits = logits.reshape(len(masks), -1, len(labels), logits.shape[1] // len(labels))
    return {"masks": masks, "margins": figures.margins(logits, labels).mean(1)}


def path_of(workload, work):
    return pathlib.Path(work) / f"{workload.name}.npz"
