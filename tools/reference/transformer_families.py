"""Makes Tests/Fixtures/Families: tiny models of transformers as `save_pretrained` writes them, each
with what Hugging Face's code says of it.

    /work/venv/bin/python tools/reference/transformer_families.py   (torch >= 2.1, transformers >= 5)

Everything is computed in float64 at random parameters that are float32 numbers. `expected.json`
names parameters as the saved file does; losses are sums over the next tokens of an example,
cross-entropies, or ½(z − t)². Per-example gradients stand as their Gram matrix and their products
with the direction.
"""
import json
import pathlib
import shutil

import torch
from safetensors.torch import load_file
from torch.func import functional_call, grad, jvp
import transformers as hf

from nanogpt import GPT
from transformers_cases import _Call

ROOT = pathlib.Path(__file__).resolve().parents[2] / "Tests/Fixtures/Families"
EAGER = {"attn_implementation": "eager"}


def numbers(tensor, digits=8):
    return [float(f"{v:.{digits}g}") for v in tensor.detach().double().reshape(-1).tolist()]


def family(name, model, inputs, call, seed, classes=None, values=None):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, value in model.named_parameters():
            drawn = torch.randn(value.shape, generator=generator) * 0.3
            value.copy_(drawn + (1 if value.dim() == 1 and key.endswith("weight") else 0))
    folder = ROOT / name
    model.float().save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    saved = load_file(folder / "model.safetensors")
    # The file's names, where the modules of recent versions have others.
    names = {}
    for key, value in model.named_parameters():
        fits = [k for k, v in saved.items() if v.shape == value.shape and torch.equal(v, value)]
        assert len(fits) == 1, (key, fits)
        names[key] = fits[0]
    assert sorted(names.values()) == sorted(saved), set(saved) - set(names.values())
    model = model.double().eval()
    parameters = {k: v.detach().clone() for k, v in model.named_parameters()}
    direction = {k: (torch.randn(v.shape, generator=generator) * 8).round().double() / 8
                 for k, v in parameters.items()}

    def logits(params, x):
        return functional_call(_Call(model, call), {"model." + k: v for k, v in params.items()}, (x,))

    def example_loss(params, i):
        z = logits(params, inputs[i:i + 1])
        if values is not None:
            return 0.5 * ((z[0] - values[i]) ** 2).sum()
        logp = torch.log_softmax(z, -1)
        if classes is not None:
            return -logp[0, classes[i]]
        return -logp[0, :-1].gather(-1, inputs[i, 1:, None]).sum()

    def total_loss(params):
        return sum(example_loss(params, i) for i in range(len(inputs)))

    def flat(tree):
        return torch.cat([tree[k].reshape(-1) for k in parameters])

    each = torch.stack([flat(grad(example_loss)(parameters, i)) for i in range(len(inputs))])
    gradient, hessian_vector = jvp(grad(total_loss), (parameters,), (direction,))
    z, tangent = jvp(lambda p: logits(p, inputs), (parameters,), (direction,))
    expected = {
        "parameters": [{"name": names[k], "shape": list(v.shape)} for k, v in parameters.items()],
        "inputShape": list(inputs.shape), "inputs": numbers(inputs),
        "classes": classes, "values": None if values is None else numbers(values),
        "logits": numbers(z),
        "losses": numbers(torch.stack([example_loss(parameters, i) for i in range(len(inputs))])),
        "gradient": numbers(flat(gradient)), "exampleGram": numbers(each @ each.T),
        "exampleProducts": numbers(each @ flat(direction)), "direction": numbers(flat(direction)),
        "tangent": numbers(tangent), "hessianVector": numbers(flat(hessian_vector)),
    }
    (folder / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
    print(name, sum(v.numel() for v in parameters.values()), sorted(saved))


def tokens(seed):
    return torch.randint(0, 11, (3, 6), generator=torch.Generator().manual_seed(seed))


def language(name, model, seed):
    family(name, model, tokens(seed), lambda m, x: m(input_ids=x).logits, seed)


SEPARATOR = 3


def texts(seed, padding, pairs=False):
    """4 × 6 ids from 4 on, the rest padding; of pairs [CLS] a [SEP] b [SEP]."""
    tokens = torch.randint(4, 11, (4, 6), generator=torch.Generator().manual_seed(seed))
    ends = [6, 4, 5, 6]
    for row, end in enumerate(ends):
        if pairs:
            tokens[row, [1 + row % 2, end - 1]] = SEPARATOR
        tokens[row, end:] = padding
    return tokens


def encoder(name, model, seed, padding, pairs=False, values=None):
    def call(m, x):
        more = {}
        if pairs:
            # 1 behind the first separator.
            before = torch.cumsum((x == SEPARATOR).long(), 1) - (x == SEPARATOR).long()
            more["token_type_ids"] = (before > 0).long()
        return m(input_ids=x, attention_mask=(x != padding).long(), **more).logits

    family(
        name, model, texts(seed, padding, pairs), call, seed,
        classes=None if values is not None else [0, 2, 1, 1], values=values)


def main():
    shutil.rmtree(ROOT, ignore_errors=True)
    # PyTorch has no gradient for a padding token's vector: language models have none here.
    small = dict(
        vocab_size=11, hidden_size=8, intermediate_size=10, num_hidden_layers=1,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=12, **EAGER)
    language("mistral", hf.MistralForCausalLM(hf.MistralConfig(sliding_window=8, **small)), 1)
    language("qwen2", hf.Qwen2ForCausalLM(hf.Qwen2Config(tie_word_embeddings=True, **small)), 2)
    language("qwen3", hf.Qwen3ForCausalLM(hf.Qwen3Config(head_dim=6, **small)), 3)
    language("olmo2", hf.Olmo2ForCausalLM(hf.Olmo2Config(pad_token_id=None, eos_token_id=2, **small)), 4)
    language("gemma2", hf.Gemma2ForCausalLM(hf.Gemma2Config(
        pad_token_id=None, head_dim=6, query_pre_attn_scalar=9, final_logit_softcapping=3.0,
        attn_logit_softcapping=2.0, sliding_window=8, **small)), 5)
    neox = {k: v for k, v in small.items() if k != "num_key_value_heads"}
    neox["num_attention_heads"] = 2
    for name, parallel, seed in [("gpt_neox", True, 6), ("gpt_neox-serial", False, 7)]:
        language(name, hf.GPTNeoXForCausalLM(hf.GPTNeoXConfig(
            use_parallel_residual=parallel, rotary_pct=0.5, **neox)), seed)
    language("llama-biases", hf.LlamaForCausalLM(hf.LlamaConfig(
        attention_bias=True, mlp_bias=True, **small)), 13)
    language("qwen3-biases", hf.Qwen3ForCausalLM(hf.Qwen3Config(
        attention_bias=True, head_dim=6, **small)), 14)
    nano = dict(n_layer=2, n_head=2, n_embd=8, block_size=9, vocab_size=11, dropout=0.0)
    for name, bias, seed in [("nanogpt", True, 15), ("nanogpt-bare", False, 16)]:
        family(name, GPT(bias=bias, **nano), tokens(seed), lambda m, x: m(x), seed)
    bert = dict(
        vocab_size=11, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=10, hidden_dropout_prob=0, attention_probs_dropout_prob=0, **EAGER)
    encoder("roberta", hf.RobertaForSequenceClassification(hf.RobertaConfig(
        max_position_embeddings=10, type_vocab_size=1, num_labels=3, pad_token_id=1,
        layer_norm_eps=1e-5, **bert)), 8, 1)
    encoder("distilbert", hf.DistilBertForSequenceClassification(hf.DistilBertConfig(
        vocab_size=11, dim=8, n_layers=1, n_heads=2, hidden_dim=10, max_position_embeddings=9,
        num_labels=3, dropout=0, attention_dropout=0, seq_classif_dropout=0, **EAGER)), 9, 0)
    encoder("bert-pairs", hf.BertForSequenceClassification(hf.BertConfig(
        max_position_embeddings=9, num_labels=3, sep_token_id=SEPARATOR, **bert)), 10, 0, pairs=True)
    encoder("bert-regression", hf.BertForSequenceClassification(hf.BertConfig(
        max_position_embeddings=9, num_labels=1, **bert)), 11, 0,
        values=torch.tensor([[0.5], [2.0], [-1.0], [3.25]], dtype=torch.float64))
    # A plain encoder, as sentence embedders are saved.
    torch.manual_seed(12)
    hf.BertModel(hf.BertConfig(max_position_embeddings=9, **bert)).save_pretrained(
        ROOT / "bert-encoder")


if __name__ == "__main__":
    main()
