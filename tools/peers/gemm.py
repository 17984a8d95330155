"""Float32 products of OpenBLAS in turns with perk's: gemm.py PERK [LIBRARY] [THREADS] [ROUNDS].

CPU time over threads, so that other programs on the machine weigh on neither. perk's weights are packed beforehand, as in an encode; OpenBLAS packs in every call.
"""
import ctypes, json, os, statistics, subprocess, sys, time

import numpy as np

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    if name in os.environ:
        sys.exit(f"unset {name}: it forces another machine's kernels")

perk = sys.argv[1]
library = ctypes.CDLL(sys.argv[2] if len(sys.argv) > 2 else "libopenblas.so.0")
threads = int(sys.argv[3]) if len(sys.argv) > 3 else 1
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 5
prefix = "scipy_" if hasattr(library, "scipy_openblas_get_config") else ""
config = getattr(library, prefix + "openblas_get_config")
config.restype = ctypes.c_char_p
getattr(library, prefix + "openblas_set_num_threads")(threads)
sgemm = getattr(library, prefix + "cblas_sgemm")
pointer = np.ctypeslib.ndpointer(np.float32)
sgemm.argtypes = [ctypes.c_int] * 6 + [ctypes.c_float, pointer, ctypes.c_int, pointer, ctypes.c_int, ctypes.c_float, pointer, ctypes.c_int]
ROWS, NO, YES = 101, 111, 112


def openblas(m, n, k):
    """GFLOPS of C = A Wᵀ with W (n, k)."""
    r = np.random.default_rng(1)
    a, w, c = (r.standard_normal(s, np.float32) for s in ((m, k), (n, k), (m, n)))
    times, seconds = 1, 0.0
    while True:
        start = time.process_time()
        for _ in range(times):
            sgemm(ROWS, NO, YES, m, n, k, 1, a, k, w, k, 0, c, n)
        seconds = time.process_time() - start
        if seconds >= 0.2 * threads:
            return 2 * m * n * k * times / seconds * threads / 1e9
        times *= 2


found = {}
for _ in range(rounds):
    report = json.loads(subprocess.check_output([perk, "bench", "kernel", "--cpu", "--json", "--runs", "1", "--threads", str(threads)]))
    for p in report["products"]:
        if p["M"] > 1:
            blas = openblas(p["M"], p["N"], p["K"])
            found.setdefault((p["use"], p["M"], p["N"], p["K"]), []).append((blas, p["float32"], p["bfloat16"]))
print(report["cpu"], "|", threads, "threads |", config().decode(), "|", report["kernel"])
print(f"{'GFLOPS':16} {'m':>5} {'n':>5} {'k':>5} {'OpenBLAS':>9} {'float32':>8} {'bfloat16':>9} {'ratios':>12}")
for (use, m, n, k), rows in found.items():
    blas, f32, bf16 = (statistics.median(c) for c in zip(*rows))
    print(f"{use:16} {m:5} {n:5} {k:5} {blas:9.0f} {f32:8.0f} {bf16:9.0f} {statistics.median(r[1] / r[0] for r in rows):6.2f} {statistics.median(r[2] / r[0] for r in rows):5.2f}")
