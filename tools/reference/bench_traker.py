"""What the scripts that measure traker for `tools/bench` have in common.

Importing it ends the script with `missing` on its output where traker is not there.
"""
import logging
import sys
import tempfile
import time

try:
    import importlib.metadata

    from trak import TRAKer
except ImportError:
    print("missing", flush=True)
    sys.exit()

VERSION = importlib.metadata.version("traker")


def seconds(model, task, batch, dimension, projector=None):
    """Seconds of the projected per-example gradients of a batch, in single precision."""
    count = len(batch[0])
    with tempfile.TemporaryDirectory() as folder:
        traker = TRAKer(
            model=model, task=task, train_set_size=count, save_dir=folder, device="cpu",
            proj_dim=dimension, projector=projector, use_half_precision=False,
            logging_level=logging.ERROR)
        traker.load_checkpoint(model.state_dict(), model_id=0)
        start = time.perf_counter()
        traker.featurize(batch=batch, num_samples=count)
        return time.perf_counter() - start
