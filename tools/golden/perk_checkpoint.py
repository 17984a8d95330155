"""A checkpoint in the layout of the PERK authors' released code (github.com/eric11eca/perk), for internal/interchange: python perk_checkpoint.py DIR

Their code saves a LightningModule with the members model.lm_model (a PEFT model with rsLoRA), model.weighting_model (fc1, fc2) and inner_schedular.names_lr_dict (one rate for each inner
step and one more, by LoRA tensor). Here the same members are around the tiny models of peft_models.py, with random values, and Lightning itself writes the file.
"""

import pathlib
import sys

import lightning as pl
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from torch import nn
from transformers import AutoModelForCausalLM

STEPS, RANK, ALPHA = 3, 4, 6


class Weighting(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, 128), nn.Linear(128, 1)

    def forward(self, x):
        return nn.Softplus(beta=3)(self.fc2(nn.GELU()(self.fc1(x))).squeeze(-1))


class Model(nn.Module):
    def __init__(self, base):
        super().__init__()
        targets = ["q_proj", "o_proj", "k_proj", "v_proj", "gate_proj", "up_proj", "down_proj", "c_attn", "c_proj", "c_fc"]
        self.lm_model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", use_rslora=True, r=RANK, lora_alpha=ALPHA, target_modules=targets, lora_dropout=0.1))
        self.weighting_model = Weighting(base.config.hidden_size)


class Rates(nn.Module):
    def __init__(self, names):
        super().__init__()
        self.names_lr_dict = nn.ParameterDict({n.replace(".", "-"): nn.Parameter(torch.rand(STEPS + 1) * 1e-4) for n in names})


class Module(pl.LightningModule):
    def __init__(self, base, arch):
        super().__init__()
        self.hparams.update(dict(model_name_or_path=arch, lora_rank=RANK, lora_alpha=ALPHA, peft_lora=True, n_inner_iter=STEPS, dyna_lr=True, inner_lr=5e-5, inner_opt="adam",
                                 weight_decay=0.01, weighted_loss=True, weight_normalize=False, weight_non_linearity="softplus", learning_rate=1e-5, none=None))
        self.model = Model(base)
        self.inner_schedular = Rates([n for n, p in self.model.named_parameters() if "lora" in n and p.requires_grad])

    def training_step(self, batch, _):
        return sum(p.square().sum() for p in self.parameters() if p.requires_grad)

    def configure_optimizers(self):
        return torch.optim.AdamW([p for p in self.parameters() if p.requires_grad], lr=0.05)


def main(d):
    torch.manual_seed(4)
    base = AutoModelForCausalLM.from_pretrained(d / "base", dtype=torch.float32)
    module = Module(base, "gpt2")
    trainer = pl.Trainer(max_steps=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False, barebones=False)
    trainer.fit(module, torch.utils.data.DataLoader(torch.zeros(4, 1)))  # so that the optimizer has a state, and B is not zero
    with torch.no_grad():
        for n, p in module.model.named_parameters():
            if "lora_B" in n:
                p.add_(torch.randn_like(p) * 0.3)
    trainer.save_checkpoint(d / "perk.ckpt")
    module.eval()
    tokens = torch.randint(0, base.config.vocab_size, (1, 11))
    with torch.no_grad():
        logits = module.model.lm_model(input_ids=tokens).logits[0]
        with module.model.lm_model.disable_adapter():
            hidden = module.model.lm_model(input_ids=tokens, output_hidden_states=True).hidden_states[-1]
        weights = module.model.weighting_model(hidden)[0]
    rates = {"rate." + k.removeprefix("lm_model-").removesuffix("-default-weight"): v.detach() for k, v in module.inner_schedular.names_lr_dict.items()}
    save_file({"tokens": tokens[0].float(), "logits": logits.contiguous(), "weights": weights, **rates}, d / "perk.safetensors")


main(pathlib.Path(sys.argv[1]))
