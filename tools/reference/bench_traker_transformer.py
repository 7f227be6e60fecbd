#!/usr/bin/env python3
"""traker's projected per-example gradients of the language model of `tools/bench`.

    python tools/reference/bench_traker_transformer.py THREADS

A GPT-2 of width 256 with 4 blocks and 8 heads on 128 of 65 characters, 64 sequences in one batch (the
larger, the better for traker, which draws its matrix again for every batch), to 2,048 features of
normal entries. Prints traker's version, or `missing`, then answers every line on its standard input by
the seconds of one sequence.
"""
import sys

import torch

import bench_serving
import bench_traker
from small_gpt2 import SmallGPT2
from trak.modelout_functions import AbstractModelOutput

V, T, D, H, L, K, BATCH = 65, 128, 256, 8, 4, 2048, 64
torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)


def plain_attention(q, k, v):
    """One that can be mapped over examples."""
    mask = torch.full((T, T), float("-inf")).triu(1)
    return torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5 + mask, -1) @ v


class NextToken(AbstractModelOutput):
    """The sum of the log-probabilities of a sequence's next tokens."""

    def __init__(self):
        pass

    @staticmethod
    def get_output(model, weights, buffers, tokens):
        logits = torch.func.functional_call(model, (weights, buffers), (tokens.unsqueeze(0),))
        loss = torch.nn.functional.cross_entropy(logits[0, :-1], tokens[1:], reduction="sum")
        return -loss

    @staticmethod
    def get_out_to_loss_grad(model, weights, buffers, batch):
        return torch.ones(len(batch[0]), 1)


model = SmallGPT2(V, T, D, H, L, plain_attention).eval()
tokens = torch.randint(0, V, (BATCH, T))


def featurize():
    return bench_traker.seconds(model, NextToken(), (tokens,), K) / BATCH


bench_serving.serve(featurize, bench_traker.VERSION)
