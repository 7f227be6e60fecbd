"""Makes Tests/Fixtures/lora.json: a tiny GPT-2 with low-rank adapters as plain PyTorch has them.

    /work/venv/bin/python tools/reference/lora.py        (torch >= 2.1, transformers >= 4.40)

y = base(x) + (alpha / rank) * x A^T B^T beside each targeted layer, as PEFT's `LoraLayer` computes
it without dropout; names as in PEFT's state dictionary less `base_model.model.`. Computed in
float64 at random parameters that are float32 numbers, B not zero. Losses are sums over next tokens.
"""
import json
import os

import torch
from torch.func import functional_call, grad
from transformers import GPT2Config, GPT2LMHeadModel

SCRIPT = "tools/reference/lora.py"
TARGET = os.path.join(os.path.dirname(__file__), "..", "..", "Tests", "Fixtures", "lora.json")
RANK, ALPHA, TARGETS = 2, 6, ["c_attn", "mlp.c_fc"]


class Adapted(torch.nn.Module):
    def __init__(self, base, inputs, outputs):
        super().__init__()
        self.base = base
        self.lora_A = torch.nn.Linear(inputs, RANK, bias=False)
        self.lora_B = torch.nn.Linear(RANK, outputs, bias=False)

    def forward(self, x):
        return self.base(x) + (ALPHA / RANK) * self.lora_B(self.lora_A(x))


def numbers(tensor):
    return [float(f"{v:.9g}") for v in tensor.detach().double().reshape(-1).tolist()]


def main():
    generator = torch.Generator().manual_seed(11)
    config = GPT2Config(vocab_size=7, n_positions=6, n_embd=4, n_layer=2, n_head=2,
                        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
    config._attn_implementation = "eager"
    model = GPT2LMHeadModel(config)
    for block in model.transformer.h:
        block.attn.c_attn = Adapted(block.attn.c_attn, 4, 12)
        block.mlp.c_fc = Adapted(block.mlp.c_fc, 4, 16)
    model = model.double().eval()
    parameters = {}
    for key, value in model.named_parameters():
        drawn = torch.randn(value.shape, generator=generator) * 0.3
        is_scale = value.dim() == 1 and key.endswith("weight")
        parameters[key] = (drawn + (1 if is_scale else 0)).float().double()
    adapters = {k: v for k, v in parameters.items() if ".lora_" in k}
    frozen = {k: v for k, v in parameters.items() if ".lora_" not in k}
    inputs = torch.randint(0, 7, (3, 6), generator=generator)

    def logits(trained, x):
        tied = {"lm_head.weight": frozen["transformer.wte.weight"]}
        return functional_call(model, {**frozen, **trained, **tied}, (x,)).logits

    def loss(trained, i):
        logp = torch.log_softmax(logits(trained, inputs[i:i + 1]), -1)
        return -logp[0, :-1].gather(-1, inputs[i, 1:, None]).sum()

    def flat(tree):
        return torch.cat([tree[k].reshape(-1) for k in adapters])

    each = torch.stack([flat(grad(loss)(adapters, i)) for i in range(len(inputs))])
    with open(TARGET, "w") as file:
        json.dump({
            "script": SCRIPT, "rank": RANK, "alpha": ALPHA, "targets": TARGETS,
            "parameters": [{"name": k.replace(".base.", "."), "values": numbers(v)}
                           for k, v in parameters.items()],
            "inputs": inputs.reshape(-1).tolist(),
            "logits": numbers(logits(adapters, inputs)),
            "losses": numbers(torch.stack([loss(adapters, i) for i in range(len(inputs))])),
            "adapters": list(adapters), "exampleGradients": numbers(each),
        }, file)
        file.write("\n")


if __name__ == "__main__":
    main()
