"""What Transformers makes of SmolLM2-135M-Instruct in a GGUF file, its weights widened to float32, for the tokens of llamacpp.json:
python smollm2.py MODEL.gguf ../../internal/ggufmodel/testdata/smollm2"""

import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM

file, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32, attn_implementation="eager").eval()
prompts = []
for tokens in json.load(open(out / "llamacpp.json"))["prompts"]:
    ids = torch.tensor([tokens])
    with torch.no_grad():
        logits = model(ids).logits[0]
        losses = torch.nn.functional.cross_entropy(logits[:-1], ids[0, 1:], reduction="none")
        greedy = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=64, min_new_tokens=64, do_sample=False, eos_token_id=None, pad_token_id=0)[0, ids.shape[1]:]
    prompts.append({"top": logits.argmax(-1).tolist(), "nll": [float(f"{x:.6g}") for x in losses.tolist()], "greedy": greedy.tolist()})
    print(len(prompts), flush=True)
(out / "transformers.json").write_text(json.dumps({"prompts": prompts}).replace('{"top"', '\n{"top"') + "\n")
