"""The GPT-2 of the timing scripts: pre-norm blocks, tanh GELU, head tied to the token embedding."""
import torch
from torch import nn
from torch.nn import functional


def fused_attention(q, k, v):
    return functional.scaled_dot_product_attention(q, k, v, is_causal=True)


class Block(nn.Module):
    def __init__(self, width, heads, attend):
        super().__init__()
        self.heads, self.attend = heads, attend
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.c_attn, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.c_fc, self.out = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        width = x.shape[-1]
        q, k, v = (p.view(*x.shape[:-1], self.heads, width // self.heads).transpose(-2, -3)
                   for p in self.c_attn(self.ln_1(x)).split(width, -1))
        o = self.attend(q, k, v)
        x = x + self.c_proj(o.transpose(-2, -3).reshape(x.shape))
        return x + self.out(functional.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))


class SmallGPT2(nn.Module):
    """B x T ids to B x T x vocabulary logits, T the context."""

    def __init__(self, vocabulary, context, width, heads, layers, attend=fused_attention):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*[Block(width, heads, attend) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(width)

    def forward(self, x):
        return self.ln_f(self.blocks(self.wte(x) + self.wpe.weight)) @ self.wte.weight.T
