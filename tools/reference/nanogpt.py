"""nanoGPT's model (github.com/karpathy/nanoGPT, model.py) by its names, shapes and formulas, written
anew: norms and linear layers with or without biases, exact GELU, a head tied to the embedding."""
import json

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional


class LayerNorm(nn.Module):
    def __init__(self, width, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x):
        return functional.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)


class Attention(nn.Module):
    def __init__(self, width, heads, bias):
        super().__init__()
        self.c_attn = nn.Linear(width, 3 * width, bias=bias)
        self.c_proj = nn.Linear(width, width, bias=bias)
        self.heads = heads

    def forward(self, x):
        b, t, w = x.shape
        q, k, v = (p.view(b, t, self.heads, w // self.heads).transpose(1, 2)
                   for p in self.c_attn(x).split(w, 2))
        scores = q @ k.transpose(-2, -1) * (w // self.heads) ** -0.5
        mask = torch.ones(t, t, dtype=torch.bool).tril()
        scores = scores.masked_fill(~mask, float("-inf"))
        return self.c_proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, t, w))


class MLP(nn.Module):
    def __init__(self, width, bias):
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width, bias=bias)
        self.c_proj = nn.Linear(4 * width, width, bias=bias)

    def forward(self, x):
        return self.c_proj(functional.gelu(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, width, heads, bias):
        super().__init__()
        self.ln_1, self.attn = LayerNorm(width, bias), Attention(width, heads, bias)
        self.ln_2, self.mlp = LayerNorm(width, bias), MLP(width, bias)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    def __init__(self, **model_args):
        super().__init__()
        self.model_args = model_args
        width, bias = model_args["n_embd"], model_args["bias"]
        self.transformer = nn.ModuleDict(dict(
            wte=nn.Embedding(model_args["vocab_size"], width),
            wpe=nn.Embedding(model_args["block_size"], width),
            h=nn.ModuleList(Block(width, model_args["n_head"], bias)
                            for _ in range(model_args["n_layer"])),
            ln_f=LayerNorm(width, bias)))
        self.lm_head = nn.Linear(width, model_args["vocab_size"], bias=False)
        self.transformer.wte.weight = self.lm_head.weight

    def forward(self, idx):
        x = self.transformer.wte(idx) + self.transformer.wpe(torch.arange(idx.shape[1]))
        for block in self.transformer.h:
            x = block(x)
        return self.lm_head(self.transformer.ln_f(x))

    def checkpoint(self, path):
        """ckpt.pt as nanoGPT's train.py writes it, of a compiled model."""
        torch.save({"model": {"_orig_mod." + k: v for k, v in self.state_dict().items()},
                    "optimizer": {}, "model_args": self.model_args, "iter_num": 1,
                    "best_val_loss": 1.0, "config": {}}, path)

    def save_pretrained(self, folder):
        """What transformer_families.py takes: the parameters once each."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file({k: v.detach().clone() for k, v in self.named_parameters()},
                  folder / "model.safetensors")
        values = {"model_type": "nanogpt", **self.model_args}
        (folder / "config.json").write_text(json.dumps(values, indent=2) + "\n")
