"""A SentencePiece vocabulary as Llama 2 has one (byte-pair, byte fallback, digits apart), trained on perk's own documents, and what sentencepiece and Hugging Face
tokenizers make of texts with it. Usage: sentencepiece_vectors.py FOLDER"""
import io
import json
import random
import sys
from pathlib import Path

import sentencepiece as spm
import tokenizers as hf

root = Path(__file__).resolve().parents[2]
text = "".join((root / "docs" / n).read_text() for n in ("design.md", "adapter-format.md"))
model = io.BytesIO()
spm.SentencePieceTrainer.train(
    sentence_iterator=iter(text.splitlines()), model_writer=model, vocab_size=700, model_type="bpe", byte_fallback=True, character_coverage=1.0, split_digits=True,
    normalization_rule_name="identity", remove_extra_whitespaces=False, allow_whitespace_only_pieces=True, num_threads=1, minloglevel=2)
sp = spm.SentencePieceProcessor(model_proto=model.getvalue())
size = sp.get_piece_size()
pieces = [sp.id_to_piece(i) for i in range(size)]
scores = [sp.get_score(i) for i in range(size)]
kinds = [2 if sp.is_unknown(i) else 3 if sp.is_control(i) else 6 if sp.is_byte(i) else 1 for i in range(size)]

# The merges that Transformers derived for Llama 2.
ids = {p: i for i, p in enumerate(pieces) if kinds[i] == 1}
merges = []
for p, i in ids.items():
    local = [(p[:k], p[k:]) for k in range(1, len(p)) if p[:k] in ids and p[k:] in ids]
    merges += [(scores[i], m) for m in sorted(local, key=lambda m: (ids[m[0]], ids[m[1]]))]
merges = [m for _, m in sorted(merges, key=lambda m: m[0], reverse=True)]

tok = hf.Tokenizer(hf.models.BPE(vocab={p: i for i, p in enumerate(pieces)}, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
tok.add_special_tokens([hf.AddedToken(pieces[i], normalized=False, special=True) for i in range(3)])
d = hf.decoders
tok.decoder = d.Sequence([d.Replace("▁", " "), d.ByteFallback(), d.Fuse(), d.Strip(" ", 1, 0)])
tok.encode_special_tokens = True
schemes = {}
tok.normalizer = hf.normalizers.Sequence([hf.normalizers.Prepend("▁"), hf.normalizers.Replace(" ", "▁")])
schemes["all"] = json.loads(tok.to_str())

random.seed(1)
texts = ["", "a", " ", "   ", "Hello world", " leading", "two  spaces", "tabs\tand\r\nnewlines\n", "naïve café – “x” 日本語 한국어 🙂", "e\u0301 \u0000\u0007", "1234567890 3.14", "<0x41> </s> <unk>",
         "▁literal", "adapters of documents, and the store's keys", "x" * 100, " " * 40 + "y", "def f(x):\n        return x\n"]
blocks = [(0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x52F), (0x4E00, 0x9FFF), (0x1F300, 0x1FAFF)]
words = text.split()
for _ in range(60):
    s = ""
    for _ in range(random.randint(1, 8)):
        a, b = random.choice(blocks)
        s += random.choice(["", " ", "  ", "\n"]) + random.choice(words) + "".join(chr(random.randint(a, b)) for _ in range(random.randint(0, 4)))
    texts.append(s)
vectors = [{"Text": t, "Sentencepiece": sp.encode(t), "all": tok.encode(t, add_special_tokens=False).ids} for t in texts]
tok.normalizer = None
for scheme in ("always", "first", "never"):
    tok.pre_tokenizer = hf.pre_tokenizers.Metaspace(prepend_scheme=scheme, split=False)
    schemes[scheme] = {"pre_tokenizer": json.loads(tok.to_str())["pre_tokenizer"]}
    for v in vectors:
        v[scheme] = tok.encode(v["Text"], add_special_tokens=False).ids

out = Path(sys.argv[1])
(out / "sentencepiece_tokenizer.json").write_text(json.dumps(schemes["all"], ensure_ascii=False))
(out / "sentencepiece_pieces.json").write_text(json.dumps({"tokens": pieces, "scores": scores, "kinds": kinds}, ensure_ascii=False))
(out / "sentencepiece_vectors.json").write_text(json.dumps({"schemes": {k: v["pre_tokenizer"] for k, v in schemes.items()}, "vectors": vectors}, ensure_ascii=False))
print(size, "tokens", len(merges), "merges", sum(v["Sentencepiece"] != v["all"] for v in vectors), "of", len(vectors), "vectors on which the two differ")
