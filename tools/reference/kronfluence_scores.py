"""Makes Tests/Fixtures/kronfluence.json: what kronfluence says of two small networks.

    python tools/reference/kronfluence_scores.py     (any Python with torch >= 2.1, kronfluence 1.0.1)
    python tools/reference/kronfluence_scores.py --time DATA [images]      times an MNIST mlp

Scores are by the empirical Fisher matrix, so that both sides have the same labels, with kronfluence's
own damping of 0.1 x the mean eigenvalue of each layer. Positive = training on the example lowers the
query's loss, as here; kronfluence does not divide by the number of examples.

    mlp   6-5-4-3 with tanh, 40 examples
    cnn   one convolution 2 -> 3 of 3 x 3 on 6 x 6, ReLU, largest of 2 x 2, a linear head; 30 examples

--time trains nothing: a 784-128-64-10 network with its initial weights, DATA a folder with MNIST's
t10k files, 100 queries after the training images, every step as the library has it by default.
"""
import gzip
import json
import os
import shutil
import struct
import sys
import tempfile
import time

import torch
from kronfluence.analyzer import Analyzer, prepare_model
from kronfluence.arguments import FactorArguments, ScoreArguments
from kronfluence.task import Task
from torch import nn
from torch.nn import functional as F

SCRIPT = "tools/reference/kronfluence_scores.py"
TARGET = os.path.join(os.path.dirname(__file__), "..", "..", "Tests", "Fixtures", "kronfluence.json")


class Classification(Task):
    def compute_train_loss(self, batch, model, sample=False):
        inputs, labels = batch
        logits = model(inputs)
        if sample:
            with torch.no_grad():
                labels = torch.multinomial(F.softmax(logits.detach(), -1), 1).flatten()
        return F.cross_entropy(logits, labels, reduction="sum")

    def compute_measurement(self, batch, model):
        return self.compute_train_loss(batch, model)

    def get_attention_mask(self, batch):
        return None


def scores(model, train, queries, strategy, empirical=True, batch=40, query_batch=10):
    folder = tempfile.mkdtemp()
    times = {}
    try:
        task = Classification()
        model = prepare_model(model, task)
        analyzer = Analyzer("a", model, task, cpu=True, disable_tqdm=True, output_dir=folder,
                            disable_model_save=True)
        start = time.time()
        analyzer.fit_all_factors(
            "f", dataset=train, per_device_batch_size=batch, overwrite_output_dir=True,
            factor_args=FactorArguments(strategy=strategy, use_empirical_fisher=empirical))
        times["factors"] = time.time() - start
        start = time.time()
        analyzer.compute_pairwise_scores(
            "s", factors_name="f", query_dataset=queries, train_dataset=train,
            per_device_query_batch_size=query_batch, per_device_train_batch_size=batch,
            score_args=ScoreArguments(damping_factor=None), overwrite_output_dir=True)
        times["scores"] = time.time() - start
        return analyzer.load_pairwise_scores("s")["all_modules"], times
    finally:
        shutil.rmtree(folder)


def case(name, model, inputs, n, m):
    generator = torch.Generator().manual_seed(7)
    x = (1000 * torch.randn(n + m, *inputs, generator=generator)).round() / 1000
    y = torch.randint(0, 3, (n + m,), generator=generator)
    state = {k: v.clone() for k, v in model.state_dict().items()}
    sets = [torch.utils.data.TensorDataset(x[:n], y[:n]), torch.utils.data.TensorDataset(x[n:], y[n:])]
    result = {"name": name, "examples": n, "queries": m, "inputs": [round(v, 3) for v in x.flatten().tolist()],
              "inputShape": list(inputs), "labels": y.tolist(),
              "parameters": torch.cat([v.flatten() for v in state.values()]).tolist(), "scores": {}}
    for strategy in ("ekfac", "kfac", "diagonal"):
        model.load_state_dict(state)
        found, _ = scores(model, *sets, strategy)
        result["scores"][strategy] = [float(f"{v:.8g}") for v in found.flatten().tolist()]
        model = rebuilt(name)
        model.load_state_dict(state)
    return result


def rebuilt(name):
    torch.manual_seed(3)
    if name == "mlp":
        return nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
    return nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(27, 3))


def images(folder, count):
    with gzip.open(os.path.join(folder, "t10k-images-idx3-ubyte.gz")) as file:
        _, n, rows, columns = struct.unpack(">IIII", file.read(16))
        pixels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)
    with gzip.open(os.path.join(folder, "t10k-labels-idx1-ubyte.gz")) as file:
        file.read(8)
        labels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)
    x = pixels.reshape(n, rows * columns)[:count].float() / 255
    return torch.utils.data.TensorDataset(x, labels[:count].long())


def timed(folder, count):
    data = images(folder, count + 100)
    train = torch.utils.data.Subset(data, range(count))
    queries = torch.utils.data.Subset(data, range(count, count + 100))
    torch.manual_seed(0)
    for batch in (1000, 64):
        model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(),
                              nn.Linear(64, 10))
        start = time.process_time()
        _, times = scores(model, train, queries, "ekfac", empirical=False, batch=batch,
                          query_batch=100)
        print(f"{count} x 100, batch {batch}: seconds", {k: round(v, 2) for k, v in times.items()},
              "of all processors", round(time.process_time() - start, 2), "threads",
              torch.get_num_threads(), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--time"]:
        timed(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 5000)
    else:
        cases = [case("mlp", rebuilt("mlp"), (6,), 40, 5), case("cnn", rebuilt("cnn"), (2, 6, 6), 30, 4)]
        with open(TARGET, "w") as file:
            json.dump({"script": SCRIPT, "torch": torch.__version__, "cases": cases}, file,
                      separators=(",", ":"))
            file.write("\n")
