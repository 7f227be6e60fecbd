"""Makes Tests/Fixtures/transformers.json: what Hugging Face's transformers say of tiny models.

    /work/venv/bin/python tools/reference/transformers_cases.py     (torch >= 2.1, transformers >= 4.40)

Everything is computed in float64 at random parameters that are float32 numbers, and written with
nine significant digits: what differs from it is the engine's own rounding. Language models: losses
are sums over the T - 1 next tokens of an example. Classifiers: cross-entropy of one class.
Per-example gradients stand as their Gram matrix and their products with the direction.
"""
import json
import os

import torch
from torch.func import functional_call, grad, jvp
from transformers import (
    BertConfig, BertForSequenceClassification, GPT2Config, GPT2LMHeadModel, LlamaConfig,
    LlamaForCausalLM, ViTConfig, ViTForImageClassification)

SCRIPT = "tools/reference/transformers_cases.py"
TARGET = os.path.join(
    os.path.dirname(__file__), "..", "..", "Tests", "Fixtures", "transformers.json")


def numbers(tensor):
    return [float(f"{v:.9g}") for v in tensor.detach().double().reshape(-1).tolist()]


def case(name, model, inputs, targets, call, generator, sizes, lengths=None):
    """All that is asked of one model. `call(model, x)` gives logits of one batch."""
    model = model.double().eval()
    parameters = {}
    for key, value in model.named_parameters():  # a tied head is not there a second time
        drawn = torch.randn(value.shape, generator=generator) * 0.3
        is_scale = value.dim() == 1 and key.endswith("weight")
        parameters[key] = (drawn + (1 if is_scale else 0)).float().double()
    direction = {k: torch.randn(v.shape, generator=generator).float().double()
                 for k, v in parameters.items()}

    def logits(params, x):
        return functional_call(_Call(model, call), {"model." + k: v for k, v in params.items()}, (x,))

    def example_loss(params, i):
        z = logits(params, inputs[i:i + 1])
        logp = torch.log_softmax(z, -1)
        if targets is not None:
            return -logp[0, targets[i]]
        end = lengths[i] if lengths else inputs.shape[1]
        return -logp[0, :end - 1].gather(-1, inputs[i, 1:end, None]).sum()

    def total_loss(params):
        return sum(example_loss(params, i) for i in range(len(inputs)))

    def flat(tree):
        return torch.cat([tree[k].reshape(-1) for k in parameters])

    each = torch.stack([flat(grad(example_loss)(parameters, i)) for i in range(len(inputs))])
    gradient, hessian_vector = jvp(grad(total_loss), (parameters,), (direction,))
    z, tangent = jvp(lambda p: logits(p, inputs), (parameters,), (direction,))
    # Twenty steps on all examples at once.
    moving = {k: v.clone().requires_grad_() for k, v in parameters.items()}
    optimizer = torch.optim.AdamW(moving.values(), lr=0.01)
    curve = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = total_loss(moving) / len(inputs)
        loss.backward()
        optimizer.step()
        curve.append(loss.item())
    return {
        "name": name,
        "sizes": sizes,
        "parameters": [
            {"name": checkpoint_name(k), "shape": list(v.shape), "values": numbers(v)}
            for k, v in parameters.items()
        ],
        "inputShape": list(inputs.shape),
        "inputs": numbers(inputs),
        "lengths": lengths,
        "classes": None if targets is None else targets.tolist(),
        "logits": numbers(z),
        "losses": numbers(torch.stack(
            [example_loss(parameters, i) for i in range(len(inputs))])),
        "gradient": numbers(flat(gradient)),
        "exampleGram": numbers(each @ each.T),
        "exampleProducts": numbers(each @ flat(direction)),
        "direction": numbers(flat(direction)),
        "tangent": numbers(tangent),
        "curve": curve,
        "hessianVector": numbers(flat(hessian_vector)),
    }


# Names as in checkpoint files, where the modules of recent versions have others.
CHECKPOINT_NAMES = [
    ("vit.layers.", "vit.encoder.layer."), ("attention.q_proj", "attention.attention.query"),
    ("attention.k_proj", "attention.attention.key"),
    ("attention.v_proj", "attention.attention.value"),
    ("attention.o_proj", "attention.output.dense"), ("mlp.fc1", "intermediate.dense"),
    ("mlp.fc2", "output.dense")]


def checkpoint_name(key):
    if key.startswith("vit."):
        for new, old in CHECKPOINT_NAMES:
            key = key.replace(new, old)
    return key


class _Call(torch.nn.Module):
    def __init__(self, model, call):
        super().__init__()
        self.model, self.call = model, call

    def forward(self, x):
        return self.call(self.model, x)


def main():
    generator = torch.Generator().manual_seed(5)
    cases = []

    def tokens(count, length, vocabulary):
        return torch.randint(0, vocabulary, (count, length), generator=generator)

    def language(name, model, sizes, count=3, length=7):
        x = tokens(count, length, sizes["vocabulary"])
        cases.append(case(name, model, x, None, lambda m, x: m(input_ids=x).logits, generator, sizes))

    eager = {"attn_implementation": "eager"}
    sizes = dict(kind="gpt2", vocabulary=11, context=9, layers=2, heads=2, width=8, mlpWidth=12,
                 isTied=True)
    language("gpt2", GPT2LMHeadModel(GPT2Config(
        vocab_size=11, n_positions=9, n_embd=8, n_layer=2, n_head=2, n_inner=12,
        resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, **eager)), sizes)
    sizes = dict(kind="llama", vocabulary=11, context=16, layers=2, heads=4, keyHeads=2, width=8,
                 headWidth=2, mlpWidth=10, isTied=False)
    llama = dict(vocab_size=11, hidden_size=8, intermediate_size=10, num_hidden_layers=2,
                 num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=16, **eager)
    language("llama", LlamaForCausalLM(LlamaConfig(tie_word_embeddings=False, **llama)), sizes)
    language("llama, tied", LlamaForCausalLM(LlamaConfig(tie_word_embeddings=True, **llama)),
             dict(sizes, isTied=True))
    sizes = dict(kind="bert", vocabulary=11, context=9, layers=2, heads=2, width=8, mlpWidth=12,
                 classes=3)
    x = tokens(4, 7, 11)
    lengths = [7, 4, 6, 7]
    for i, end in enumerate(lengths):
        x[i, end:] = -1

    def bert(padding):
        """PyTorch has no gradient for the padding token's vector, even where it is a token."""
        return BertForSequenceClassification(BertConfig(
            vocab_size=11, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=12, max_position_embeddings=9, type_vocab_size=2, num_labels=3,
            pad_token_id=padding, hidden_dropout_prob=0, attention_probs_dropout_prob=0, **eager))

    cases.append(case(
        "bert, padded", bert(None), x, torch.tensor([0, 2, 1, 1]),
        lambda m, x: m(input_ids=x.clamp(min=0), attention_mask=(x >= 0).long()).logits,
        generator, sizes))
    # The same with the padding token of the vocabulary; what is attended to follows from it.
    filled = x.clamp(min=0)
    for i, end in enumerate(lengths):
        filled[i, :end].clamp_(min=1)
    cases.append(case(
        "bert, padding token", bert(0), filled, torch.tensor([0, 2, 1, 1]),
        lambda m, x: m(input_ids=x, attention_mask=(x != 0).long()).logits,
        generator, dict(sizes, padding=0)))
    sizes = dict(kind="vit", layers=2, heads=2, width=8, mlpWidth=12, image=6, patch=3, channels=2,
                 classes=3)
    vit = ViTForImageClassification(ViTConfig(
        hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12,
        image_size=6, patch_size=3, num_channels=2, num_labels=3, hidden_dropout_prob=0,
        attention_probs_dropout_prob=0, **eager))
    images = torch.randn(3, 2, 6, 6, generator=generator).float().double()
    cases.append(case("vit", vit, images, torch.tensor([0, 2, 1]),
                      lambda m, x: m(pixel_values=x).logits, generator, sizes))
    with open(TARGET, "w") as file:
        json.dump({"script": SCRIPT, "torch": torch.__version__, "cases": cases}, file,
                  separators=(",", ":"))
        file.write("\n")
    print(os.path.normpath(TARGET), os.path.getsize(TARGET), "bytes")
    for entry in cases:
        print(entry["name"], [p["name"] for p in entry["parameters"]])


if __name__ == "__main__":
    main()
