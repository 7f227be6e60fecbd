"""Writes Tests/Fixtures/Pretrained: tiny models of transformers at random weights, as
`save_pretrained` writes them, with their logits.

Run: /work/venv/bin/python tools/reference/pretrained.py    (needs torch, transformers)
"""
import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file
from transformers import (
    BertConfig, BertForSequenceClassification, GPT2Config, GPT2LMHeadModel, LlamaConfig,
    LlamaForCausalLM, ViTConfig, ViTForImageClassification)

root = pathlib.Path(__file__).resolve().parents[2] / "Tests/Fixtures/Pretrained"
shutil.rmtree(root, ignore_errors=True)
torch.manual_seed(0)
models = {
    "gpt2": GPT2LMHeadModel(
        GPT2Config(vocab_size=11, n_positions=6, n_embd=8, n_layer=2, n_head=2, n_inner=12)),
    "llama": LlamaForCausalLM(
        LlamaConfig(
            vocab_size=13, hidden_size=8, intermediate_size=12, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=6, head_dim=2)),
    "llama-tied": LlamaForCausalLM(
        LlamaConfig(
            vocab_size=13, hidden_size=8, intermediate_size=12, num_hidden_layers=1,
            num_attention_heads=2, max_position_embeddings=6, tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": 500.0})),
}
outputs = {}
# Made after all others, whose random numbers stay as they were.
scaled = {
    "llama-linear": {"rope_type": "linear", "rope_theta": 50.0, "factor": 2.5},
    "llama3": {
        "rope_type": "llama3", "rope_theta": 100.0, "factor": 4.0, "low_freq_factor": 0.25,
        "high_freq_factor": 1.5, "original_max_position_embeddings": 12},
}


def save(name, model):
    model.eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    model.save_pretrained(root / name)


def language(name, model):
    save(name, model)
    tokens = torch.randint(0, model.config.vocab_size, (3, 6))
    with torch.no_grad():
        logits = model(tokens).logits
    outputs[name] = {"tokens": tokens.flatten().tolist(), "logits": logits.flatten().tolist()}
    (root / name / "generation_config.json").unlink(missing_ok=True)


for name, model in models.items():
    language(name, model)

# Shards, a little at a time; and the whole state dictionary, head and causal masks included.
models["llama"].save_pretrained(root / "llama-sharded", max_shard_size="2KB")
(root / "llama-sharded/generation_config.json").unlink(missing_ok=True)
outputs["llama-sharded"] = outputs["llama"]
state = {key: value.clone().contiguous() for key, value in models["gpt2"].state_dict().items()}
assert "lm_head.weight" in state
bare = {key.removeprefix("transformer."): value for key, value in state.items()}
for layer in range(2):
    bare[f"h.{layer}.attn.bias"] = torch.tril(torch.ones(6, 6)).view(1, 1, 6, 6)
(root / "gpt2-state").mkdir()
save_file(bare, root / "gpt2-state/model.safetensors")
shutil.copy(root / "gpt2/config.json", root / "gpt2-state/config.json")
outputs["gpt2-state"] = outputs["gpt2"]

# Classifiers; of four tokens and more the rest is padding.
bert = BertForSequenceClassification(
    BertConfig(
        vocab_size=13, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=12, max_position_embeddings=7, num_labels=3, hidden_act="gelu_new",
        layer_norm_eps=1e-6))
save("bert", bert)
tokens = torch.randint(1, 13, (4, 6))
for row, end in enumerate([6, 4, 5, 6]):
    tokens[row, end:] = 0
with torch.no_grad():
    logits = bert(tokens, attention_mask=(tokens != 0).long()).logits
outputs["bert"] = {
    "tokens": tokens.flatten().tolist(), "shape": list(tokens.shape),
    "logits": logits.flatten().tolist()}
small = dict(hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12)
for name, config in {
    "vit": ViTConfig(image_size=6, patch_size=3, num_channels=2, num_labels=3, **small),
    "vit-plain": ViTConfig(
        image_size=(6, 4), patch_size=2, num_channels=1, num_labels=2, qkv_bias=False,
        hidden_act="relu", layer_norm_eps=1e-5, **small),
}.items():
    vit = ViTForImageClassification(config)
    save(name, vit)
    height, width = config.image_size if name == "vit-plain" else (6, 6)
    images = torch.randn(3, config.num_channels, height, width)
    with torch.no_grad():
        logits = vit(images).logits
    outputs[name] = {
        "tokens": images.flatten().tolist(), "shape": list(images.shape),
        "logits": logits.flatten().tolist()}
    if name == "vit":
        vit.save_pretrained(root / "vit-sharded", max_shard_size="4KB")
        outputs["vit-sharded"] = outputs["vit"]
for name, rope in scaled.items():
    language(
        name, LlamaForCausalLM(
            LlamaConfig(
                vocab_size=13, hidden_size=16, intermediate_size=8, num_hidden_layers=1,
                num_attention_heads=2, max_position_embeddings=24, rope_parameters=rope)))
(root / "outputs.json").write_text(json.dumps(outputs))
