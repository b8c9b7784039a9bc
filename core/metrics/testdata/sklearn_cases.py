"""scikit-learn's side of `make diff`: for each line of JSON on stdin, an image case {scores, labels} or a pixel case {maps, masks}, the figures as JSON.
AUPRO is written down from its definition: regions by scipy, and at every threshold each region's covered share and the share of good pixels called."""
import json, sys
import numpy as np
import scipy, scipy.ndimage, sklearn
try:
    import torch
    from anomalib import __version__ as by
    from anomalib.metrics.aupro import _AUPRO
except ImportError:
    by = None
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve


def image(scores, labels):
    s, y = np.array(scores, np.float32), np.array(labels, bool)
    p, r, t = precision_recall_curve(y, s)
    f1 = 2 * p * r / np.maximum(p + r, 1e-300)
    fpr, tpr, _ = roc_curve(y, s, drop_intermediate=False)
    return dict(auroc=roc_auc_score(y, s), ap=average_precision_score(y, s), f1=f1[:-1].max(),
                recall=[float(tpr[fpr <= x].max()) for x in (0, 0.01, 0.1, 0.5, 1)], fpr=fpr.tolist(), tpr=tpr.tolist())


def aupro(maps, masks, limit):
    regions, good = [], 0
    for a, m in zip(maps, masks):
        lab, k = scipy.ndimage.label(m, structure=np.ones((3, 3)))
        regions += [np.sort(a[lab == j]) for j in range(1, k + 1)]
    good = np.sort(np.concatenate([a[~m] for a, m in zip(maps, masks)]))
    over = lambda v, t: (len(v) - np.searchsorted(v, t, "left")) / len(v)  # share of v that is at least t
    t = np.unique(np.concatenate([a.ravel() for a in maps]))[::-1]
    x = np.concatenate([[0.0], over(good, t)])
    y = np.concatenate([[0.0], np.mean([over(v, t) for v in regions], 0)])
    keep = x <= limit
    if x[keep][-1] < limit:  # cut the segment that crosses the limit
        i = int(keep.sum())
        cut = y[i - 1] + (y[i] - y[i - 1]) * (limit - x[i - 1]) / (x[i] - x[i - 1])
        x, y = np.append(x[:i], limit), np.append(y[:i], cut)
    else:
        x, y = x[keep], y[keep]
    return float(np.trapezoid(y, x) / limit)


def anomalib_aupro(maps, masks, limit):
    metric = _AUPRO(fpr_limit=limit)
    metric.update(torch.tensor(np.stack(maps)), torch.tensor(np.stack(masks).astype(np.float32)))
    return float(metric.compute())


def pixels(maps, masks):
    maps, masks = [np.array(m, np.float32) for m in maps], [np.array(m, bool) for m in masks]
    flat = lambda v: np.concatenate([a.ravel() for a in v])
    limits = (0.05, 0.3, 1.0)
    # anomalib takes maps of one size, and a mask that is defective everywhere for one without a region (2.7.0, connected_components_cpu)
    alike = by and len({m.shape for m in maps}) == 1 and not any(m.all() for m in masks)
    return dict(auroc=roc_auc_score(flat(masks), flat(maps)), aupro=[aupro(maps, masks, x) for x in limits],
                anomalib=[anomalib_aupro(maps, masks, x) for x in limits] if alike else [])


print(f"scikit-learn {sklearn.__version__}, scipy {scipy.__version__}, numpy {np.__version__}, anomalib {by or 'not installed'}", flush=True)
for line in sys.stdin:
    case = json.loads(line)
    print(json.dumps(image(**case) if "scores" in case else pixels(**case)), flush=True)
