"""PyTorch on the CPU making the inner loop of `perk bench encode --shape gpt2`, in turns with it: encode_torch.py PERK [TOKENS] [STEPS] [THREADS] [ROUNDS].

GPT-2 small with random weights, float32: LoRA of rank 16 on every linear layer, chunks of 128 tokens, AdamW on A and B, the base frozen. The chunks are full here, where
perk's end with sentences and carry a label; both rates count the document's tokens. CPU time over threads.
"""
import json, math, os, statistics, subprocess, sys, time

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    if name in os.environ:
        sys.exit(f"unset {name}: it forces another machine's kernels")

import torch
import torch.nn.functional as F

perk = sys.argv[1]
tokens, steps, threads, rounds = (int(sys.argv[i]) if len(sys.argv) > i else d for i, d in ((2, 8192), (3, 4), (4, 1), (5, 5)))
torch.set_num_threads(threads)
torch.manual_seed(1)
DIM, HEADS, LAYERS, VOCAB, T, RANK, BATCH = 768, 12, 12, 50257, 128, 16, 8


class Linear:
    """A frozen linear layer with a low-rank update."""

    def __init__(self, n_in, n_out):
        self.w, self.b = torch.randn(n_out, n_in) * 0.02, torch.zeros(n_out)
        self.A = (torch.randn(RANK, n_in) / math.sqrt(n_in)).requires_grad_()
        self.B = torch.zeros(n_out, RANK).requires_grad_()

    def __call__(self, x):
        return F.linear(x, self.w, self.b) + 4 * F.linear(F.linear(x, self.A), self.B)


class Block:
    def __init__(self):
        self.qkv, self.o, self.up, self.down = Linear(DIM, 3 * DIM), Linear(DIM, DIM), Linear(DIM, 4 * DIM), Linear(4 * DIM, DIM)

    def __call__(self, x):
        q, k, v = (y.view(-1, T, HEADS, DIM // HEADS).transpose(1, 2) for y in self.qkv(F.layer_norm(x, (DIM,))).split(DIM, -1))
        p = (q @ k.transpose(-1, -2) / math.sqrt(DIM // HEADS) + MASK).softmax(-1)
        x = x + self.o((p @ v).transpose(1, 2).reshape(-1, T, DIM))
        return x + self.down(F.gelu(self.up(F.layer_norm(x, (DIM,)))))


MASK = torch.full((T, T), -math.inf).triu(1)
EMBED, POSITIONS, BLOCKS = torch.randn(VOCAB, DIM) * 0.02, torch.randn(T, DIM) * 0.02, [Block() for _ in range(LAYERS)]
PARAMETERS = [p for b in BLOCKS for l in (b.qkv, b.o, b.up, b.down) for p in (l.A, l.B)]


def encode():
    """Tokens a second of one document."""
    ids = torch.randint(0, 2048, (tokens // T, T))
    optimiser = torch.optim.AdamW(PARAMETERS, lr=1e-3)
    start = time.process_time()
    for _ in range(steps):
        optimiser.zero_grad()
        for group in ids.split(BATCH):
            x = EMBED[group] + POSITIONS
            for b in BLOCKS:
                x = b(x)
            logits = F.linear(F.layer_norm(x, (DIM,)), EMBED)[:, :-1]
            (F.cross_entropy(logits.reshape(-1, VOCAB), group[:, 1:].reshape(-1), reduction="sum") / 1024).backward()
        optimiser.step()
    return tokens / ((time.process_time() - start) / threads)


pairs = []
for _ in range(rounds):
    command = [perk, "bench", "encode", "--shape", "gpt2", "--tokens", str(tokens), "--steps", str(steps), "--threads", str(threads), "--runs", "1", "--cpu", "--json"]
    report = json.loads(subprocess.check_output(command))
    pairs.append((encode(), report["lengths"][0]["tokens_per_second"], report["lengths"][0]["bfloat16_share"]))
torch_rate, perk_rate, share = (statistics.median(c) for c in zip(*pairs))
print(report["cpu"], "|", threads, "threads |", "torch", torch.__version__, "|", report["kernel"], report["precision"], "|", tokens, "tokens,", steps, "steps")
print(f"torch {torch_rate:.0f} tokens/s, perk {perk_rate:.0f} tokens/s, ratio {statistics.median(p / t for t, p, _ in pairs):.2f}, perk at {100 * share:.0f}% of its own bfloat16 product")
