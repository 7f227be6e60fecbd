"""Makes Tests/Fixtures/PEFT: adapters of the tiny models in Tests/Fixtures/Pretrained, as PEFT saves them.

    pip install peft        (0.21; torch >= 2.1, transformers >= 4.40)
    python tools/reference/peft_adapters.py

Both matrices are drawn at random, so that the adapter is not zero. outputs.json has the logits of
the adapted model on tokens.
"""
import json
import os
import shutil

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

FIXTURES = os.path.join(os.path.dirname(__file__), "..", "..", "Tests", "Fixtures")
CASES = {
    "gpt2": dict(r=2, lora_alpha=8, target_modules=["c_attn", "c_proj"], fan_in_fan_out=True),
    "llama": dict(r=3, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"],
                  use_rslora=True),
}


def main():
    folder = os.path.join(FIXTURES, "PEFT")
    shutil.rmtree(folder, ignore_errors=True)
    outputs = {}
    for name, settings in CASES.items():
        generator = torch.Generator().manual_seed(5)
        base = AutoModelForCausalLM.from_pretrained(os.path.join(FIXTURES, "Pretrained", name))
        model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", **settings))
        with torch.no_grad():
            for key, value in model.named_parameters():
                if "lora_" in key:
                    value.copy_(torch.randn(value.shape, generator=generator) * 0.3)
        model.save_pretrained(os.path.join(folder, name))
        config = os.path.join(folder, name, "adapter_config.json")
        with open(config) as file:
            members = json.load(file)
        members["base_model_name_or_path"] = "Pretrained/" + name
        members["target_modules"] = sorted(members["target_modules"])
        with open(config, "w") as file:
            json.dump(members, file, indent=1, sort_keys=True)
            file.write("\n")
        os.remove(os.path.join(folder, name, "README.md"))
        tokens = torch.randint(0, base.config.vocab_size, (3, 6), generator=generator)
        model = model.double().eval()
        logits = model(tokens).logits
        outputs[name] = {"tokens": tokens.reshape(-1).tolist(), "logits": [
            float(f"{v:.9g}") for v in logits.detach().reshape(-1).tolist()]}
    with open(os.path.join(folder, "outputs.json"), "w") as file:
        json.dump(outputs, file)
        file.write("\n")


if __name__ == "__main__":
    main()
