"""Writes golden.json: quantiles of the Beta distribution by scipy, rows [p, a, b, quantile]. See README."""
import json, os
from scipy.stats import beta
rows = [[p, a, b, float(beta.ppf(p, a, b))]
        for a, b in [(1, 1), (1, 2), (2, 1), (1, 10), (1, 50), (3, 4), (2, 40), (5, 196), (10, 11), (30, 171), (200, 1),
                     (656, 64881), (1, 65536), (32768, 32769)]
        for p in (0.005, 0.025, 0.05, 0.5, 0.95, 0.975, 0.995)]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json"), "w") as f:
    json.dump(rows, f, separators=(",", ":"))
    f.write("\n")
