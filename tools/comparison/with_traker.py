"""traker: TRAK with random projections, one checkpoint."""

import logging
import tempfile

from trak import TRAKer
from trak.projectors import BasicProjector


class KeptMatrix(BasicProjector):
    """The whole matrix in memory. traker frees it after featurising and misses it when scoring."""

    def free_memory(self):
        pass


def trak(case, dimension, batch, one_block=False):
    """Scores of all queries. Single precision: half precision is not for CPUs.

    By default the projector draws its matrix again, 100 columns at a time, for every batch;
    one_block keeps it.
    """
    projector = None
    if one_block:
        projector = KeptMatrix(
            grad_dim=sum(p.numel() for p in case.model.parameters()),
            proj_dim=dimension,
            seed=0,
            proj_type="normal",
            device="cpu",
            block_size=dimension,
        )
    with tempfile.TemporaryDirectory(dir=case.scratch) as folder:
        traker = TRAKer(
            model=case.model,
            task="image_classification",
            train_set_size=len(case.train[1]),
            save_dir=folder,
            device="cpu",
            proj_dim=dimension,
            projector=projector,
            use_half_precision=False,
            logging_level=logging.ERROR,
        )
        state = case.states[case.epochs[-1]]
        traker.load_checkpoint(state, model_id=0)
        for inputs, labels in case.loader("train", batch):
            traker.featurize(batch=(inputs, labels), num_samples=len(labels))
        traker.finalize_features()
        traker.start_scoring_checkpoint(
            exp_name="test", checkpoint=state, model_id=0, num_targets=len(case.test[1])
        )
        for inputs, labels in case.loader("test", batch):
            traker.score(batch=(inputs, labels), num_samples=len(labels))
        scores = traker.finalize_scores(exp_name="test")  # n x m
        return scores.T.copy()
