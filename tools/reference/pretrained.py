"""Writes Tests/Fixtures/Pretrained: tiny language models of transformers at random weights, as
`save_pretrained` writes them, with their logits.

Run: /work/venv/bin/python tools/reference/pretrained.py    (needs torch, transformers)
"""
import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file
from transformers import BertConfig, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

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
for name, model in models.items():
    model.eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    model.save_pretrained(root / name)
    tokens = torch.randint(0, model.config.vocab_size, (3, 6))
    with torch.no_grad():
        logits = model(tokens).logits
    outputs[name] = {"tokens": tokens.flatten().tolist(), "logits": logits.flatten().tolist()}
    (root / name / "generation_config.json").unlink(missing_ok=True)

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
(root / "outputs.json").write_text(json.dumps(outputs))
