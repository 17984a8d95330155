"""The tiny base models of peft_models.py as GGUF files, for llama.cpp: python base_gguf.py ../../internal/interchange/testdata OUT"""

import json
import pathlib
import sys

import gguf
import numpy as np
from safetensors.numpy import load_file

LLAMA = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
         "post_attention_layernorm": "ffn_norm"}
GPT2 = {"attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down", "ln_1": "attn_norm", "ln_2": "ffn_norm"}


def neighbours(w, heads):
    """llama.cpp turns elements 2i and 2i+1 of a Llama head, Transformers i and i + d/2."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def letters():
    """GPT-2's spelling of bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    extra = iter(range(256, 512))
    return [chr(b) if b in plain else chr(next(extra)) for b in range(256)]


def main(src, dst):
    for arch in ("llama", "qwen2", "gpt2"):
        c = json.load(open(src / arch / "base" / "config.json"))
        w = gguf.GGUFWriter(dst / f"{arch}.gguf", arch)
        heads, kv = (c["n_head"], c["n_head"]) if arch == "gpt2" else (c["num_attention_heads"], c["num_key_value_heads"])
        w.add_context_length(c.get("n_positions") or c["max_position_embeddings"])
        w.add_embedding_length(c.get("n_embd") or c["hidden_size"])
        w.add_block_count(c.get("n_layer") or c["num_hidden_layers"])
        w.add_feed_forward_length(c.get("n_inner") or c["intermediate_size"])
        w.add_head_count(heads)
        w.add_head_count_kv(kv)
        if arch == "gpt2":
            w.add_layer_norm_eps(c["layer_norm_epsilon"])
        else:
            w.add_layer_norm_rms_eps(c["rms_norm_eps"])
            w.add_rope_freq_base(c.get("rope_theta") or c["rope_parameters"]["rope_theta"])
        tokens = letters() + [f"<extra{i}>" for i in range(c["vocab_size"] - 256)]
        w.add_tokenizer_model("gpt2")
        w.add_tokenizer_pre("gpt-2")
        w.add_token_list(tokens)
        w.add_token_types([1] * 256 + [3] * (len(tokens) - 256))
        w.add_token_merges(["a b"])
        w.add_bos_token_id(256)
        w.add_eos_token_id(257)
        w.add_add_bos_token(False)
        for name, t in load_file(src / arch / "base" / "model.safetensors").items():
            name = name.removeprefix("model.").removeprefix("transformer.")
            names = GPT2 if arch == "gpt2" else LLAMA
            stem, kind = name.rsplit(".", 1)
            if stem.startswith(("h.", "layers.")):
                _, i, part = stem.split(".", 2)
                if arch == "gpt2" and t.ndim == 2:
                    t = t.T
                if arch == "llama" and part.endswith(("q_proj", "k_proj")):
                    t = neighbours(t, heads if part.endswith("q_proj") else kv)
                out = f"blk.{i}.{names[part]}.{kind}"
            else:
                out = {"embed_tokens": "token_embd", "wte": "token_embd", "wpe": "position_embd", "norm": "output_norm", "ln_f": "output_norm"}[stem] + "." + kind
            w.add_tensor(out, np.ascontiguousarray(t.astype(np.float32)))
        w.write_header_to_file()
        w.write_kv_data_to_file()
        w.write_tensors_to_file()
        w.close()


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
