"""anomalib's AUPRO on the random maps of core/metrics/testdata/golden.json, whose figures our metrics meet to 1e-9 (core/metrics, TestPixelGolden)."""
import json, sys
import torch
from anomalib.metrics.aupro import _AUPRO

worst, cases = 0.0, 0
for case in json.load(open(sys.argv[1]))["pixels"]:
    if len(set(case["w"])) > 1 or len(set(case["h"])) > 1 or min(case["w"] + case["h"]) < 2:
        continue  # anomalib stacks maps, so all must have one size; it fails on maps of one row or column
    w, h = case["w"][0], case["h"][0]
    maps = torch.tensor(case["maps"], dtype=torch.float32).reshape(-1, h, w)
    masks = torch.tensor([[c == "#" for c in m] for m in case["masks"]]).reshape(-1, h, w).int()
    for limit, want in case["aupro"]:
        a = _AUPRO(fpr_limit=limit)
        a.update(maps, masks)
        got = float(a.compute())
        worst, cases = max(worst, abs(got - want)), cases + 1
        if abs(got - want) > 1e-3:
            print(f"{len(maps)} maps of {w} x {h}, up to {limit}: anomalib {got:.6f}, ours {want:.6f}")
print(f"{cases} cases, largest difference {worst:.2g}")
