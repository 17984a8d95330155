"""A file of torch.save with a value of every kind, for internal/torchfile: python torch_values.py OUT.pt PROTOCOL"""

import collections
import sys

import torch

x = torch.arange(12, dtype=torch.float32).reshape(3, 4) / 4
shared = ["a", "b"]
torch.save({
    "none": None, "true": True, "false": False, "small": 7, "word": 70000, "minus": -3, "long": 1 << 40, "minus_long": -(1 << 40), "huge": 1 << 100, "zero": 0,
    "float": 0.1, "text": "grüße", "list": [1, [2.5, "x"], ()], "tuple": (1, "two"), "long_tuple": (1, 2, 3, 4), "ordered": collections.OrderedDict(b=1, a=2),
    "again": [shared, shared], "set": {1}, "object": collections.Counter("ab"), 5: "number as a key",
    "f32": x, "view": x[1:], "transposed": x.t(), "f16": x.half(), "bf16": x.bfloat16(), "i64": x.long(), "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3),
    "parameter": torch.nn.Parameter(x[0]),
}, sys.argv[1], pickle_protocol=int(sys.argv[2]))
