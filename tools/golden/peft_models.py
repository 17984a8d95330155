"""Tiny random base models, PEFT adapters of them, and what PyTorch computes with both: golden files of internal/interchange.

    python peft_models.py ../../internal/interchange/testdata           # base models, PEFT's adapters, their logits, GPT-2's gradients
    python peft_models.py ../../internal/interchange/testdata --ours    # logits with the adapters that `go test -update` wrote
"""

import argparse
import pathlib

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

VOCAB, DIM, LAYERS, HEADS, KV, FF, WINDOW = 272, 16, 2, 4, 2, 24, 64


def models():
    decoder = dict(vocab_size=VOCAB, hidden_size=DIM, num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=KV,
                   intermediate_size=FF, max_position_embeddings=WINDOW, initializer_range=0.25, tie_word_embeddings=True)
    yield "llama", LlamaForCausalLM, LlamaConfig(**decoder, rms_norm_eps=1e-5)
    yield "qwen2", Qwen2ForCausalLM, Qwen2Config(**decoder, rms_norm_eps=1e-6)
    yield "gpt2", GPT2LMHeadModel, GPT2Config(vocab_size=VOCAB, n_embd=DIM, n_layer=LAYERS, n_head=HEADS, n_positions=WINDOW, n_inner=FF,
                                              initializer_range=0.25, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0)


def lora(arch):
    """Every setting that changes the factor: rsLoRA, and modules with a rank and an alpha of their own; for GPT-2 one factor, so that its gradients are ours."""
    if arch == "gpt2":
        return LoraConfig(task_type="CAUSAL_LM", r=3, lora_alpha=5, use_rslora=True, target_modules=["c_attn", "c_proj", "c_fc"], fan_in_fan_out=True)
    return LoraConfig(task_type="CAUSAL_LM", r=3, lora_alpha=5, use_rslora=arch == "llama", rank_pattern={"layers.1.self_attn.q_proj": 2}, alpha_pattern={"up_proj": 9},
                      target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"])


def randomise(model, names):
    """Weights that matter: also those that a fresh model or adapter has at 0 or 1."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if names in name and (p.dim() == 1 or "lora_B" in name):
                p.add_(torch.randn_like(p) * 0.3)


def logits(model, tokens):
    with torch.no_grad():
        return model(input_ids=tokens).logits[0].float().contiguous()


def gradients(model, out):
    """The gradient of one inner step, the weighted sum of token losses, by adapter tensor. One sequence is padded at its end."""
    batch = torch.randint(0, VOCAB, (3, 9))
    targets, weights = batch.clone()[:, 1:], torch.rand(3, 8) + 0.5
    targets[1, 5:] = -100
    losses = torch.nn.functional.cross_entropy(model(input_ids=batch).logits[:, :-1].transpose(1, 2), targets, reduction="none", ignore_index=-100)
    loss = (losses * weights).sum()
    loss.backward()
    file = {"tokens": batch.float(), "targets": targets.float(), "weights": weights, "loss": loss.detach().reshape(1)}
    for name, p in model.named_parameters():
        if p.grad is not None:
            file[name.replace(".default", "")] = p.grad.contiguous()
    save_file(file, out)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("dir", type=pathlib.Path)
    a.add_argument("--ours", action="store_true")
    o = a.parse_args()
    torch.set_num_threads(1)
    for arch, cls, config in models():
        d = o.dir / arch
        torch.manual_seed(1)
        base = cls(config).eval()
        randomise(base, "")
        tokens = torch.randint(0, VOCAB, (1, 14))
        if o.ours:
            model = PeftModel.from_pretrained(base, d / "ours").eval()
            save_file({"logits": logits(model, tokens)}, d / "ours_peft.safetensors")
            continue
        base.save_pretrained(d / "base")
        plain = logits(base, tokens)
        model = get_peft_model(base, lora(arch)).eval()
        randomise(model, "lora_")
        model.save_pretrained(d / "theirs")
        save_file({"tokens": tokens[0].float(), "base": plain, "theirs": logits(model, tokens)}, d / "golden.safetensors")
        if arch == "gpt2":
            gradients(model, d / "gradient.safetensors")


main()
