"""Writes golden.json: see README. The figures come from scikit-learn; AUPRO from the plain definition below, which labels
regions with scipy and rescans every map at every threshold."""
import json, os, sys
import numpy as np
import scipy, scipy.ndimage, sklearn
from sklearn.metrics import (average_precision_score, precision_recall_curve, roc_auc_score, roc_curve)

rng = np.random.default_rng(7)
FPRS = [0.0, 0.01, 0.05, 0.1, 0.3, 1.0]


def scores_of(n, levels, shift):
    """n float32 scores; levels > 0 puts them on that many values (ties), some negative."""
    s = rng.normal(size=n) + shift
    if levels:
        s = np.round(s * levels / 6) / 4
    return s.astype(np.float32)


def text(a):
    return [float(np.format_float_positional(v, unique=True)) for v in a]


def image_case(n, levels):
    y = np.zeros(n, bool)
    while y.all() or not y.any():
        y = rng.random(n) < rng.uniform(0.1, 0.9)
    s = scores_of(n, levels, y * rng.uniform(-0.5, 2.5))
    p, r, t = precision_recall_curve(y, s)
    tp = np.array([(s[y] >= v).sum() for v in t])  # F1 from counts: the same value, ties between thresholds exact
    fp = np.array([(s[~y] >= v).sum() for v in t])
    f1 = 2 * tp / (tp + fp + y.sum())
    ok = p[:-1] + r[:-1] > 0
    assert np.allclose(f1[ok], (2 * p * r)[:-1][ok] / (p + r)[:-1][ok], atol=1e-15)
    fpr, tpr, _ = roc_curve(y, s, drop_intermediate=False)
    return dict(scores=text(s), labels=y.astype(int).tolist(), auroc=roc_auc_score(y, s),
                ap=average_precision_score(y, s), f1=f1.max(), threshold=float(t[f1 == f1.max()].max()),
                recall=[tpr[fpr <= x].max() for x in FPRS], roc_fpr=fpr.tolist(), roc_tpr=tpr.tolist())


def brute_aupro(maps, masks, limit):
    regions = []
    for i, m in enumerate(masks):
        lab, k = scipy.ndimage.label(m, structure=np.ones((3, 3)))
        regions += [(i, lab == j) for j in range(1, k + 1)]
    good = sum(int((~m).sum()) for m in masks)
    xs, ys = [0.0], [0.0]
    for t in sorted({v for m in maps for v in m.ravel().tolist()}, reverse=True):
        called = [m >= t for m in maps]
        xs.append(sum(int((c & ~m).sum()) for c, m in zip(called, masks)) / good)
        ys.append(float(np.mean([(called[i] & r).sum() / r.sum() for i, r in regions])))
    area = 0.0
    for x0, x1, y0, y1 in zip(xs, xs[1:], ys, ys[1:]):
        if x0 >= limit or x1 == x0:
            continue
        if x1 > limit:
            y1 = y0 + (y1 - y0) * (limit - x0) / (x1 - x0)
            x1 = limit
        area += (x1 - x0) * (y0 + y1) / 2
    return area / limit, len(regions)


def pixel_case(sizes, levels, density):
    while True:
        masks = [rng.random((h, w)) < density * rng.integers(0, 2) for w, h in sizes]
        flat = np.concatenate([m.ravel() for m in masks])
        if flat.any() and not flat.all():
            break
    maps = [scores_of(m.size, levels, m.ravel() * rng.uniform(0, 2)).reshape(m.shape) for m in masks]
    aupro = []
    for limit in (0.05, 0.3, 1.0):
        v, k = brute_aupro(maps, masks, limit)
        aupro.append([limit, v])
    return dict(w=[w for w, _ in sizes], h=[h for _, h in sizes], maps=[text(m.ravel()) for m in maps],
                masks=["".join("#" if v else "." for v in m.ravel()) for m in masks], regions=k,
                auroc=roc_auc_score(flat, np.concatenate([m.ravel() for m in maps])), aupro=aupro)


images = [image_case(n, lv) for n in (2, 3, 4, 5, 8, 13, 30, 61) for lv in (0, 1, 4)]
pixels = [pixel_case(s, lv, d) for s in ([(1, 2)], [(2, 1)], [(2, 2)], [(3, 5), (1, 1)], [(7, 4), (4, 7)], [(16, 12)] * 3)
          for lv, d in ((0, 0.5), (1, 0.5), (6, 0.2))]
out = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json")
with open(out, "w") as f:
    json.dump(dict(by=f"scikit-learn {sklearn.__version__}, scipy {scipy.__version__}, numpy {np.__version__}",
                   fprs=FPRS, images=images, pixels=pixels), f, separators=(",", ":"))
    f.write("\n")
print(len(images), "image cases,", len(pixels), "pixel cases,", os.path.getsize(out), "bytes", file=sys.stderr)
