"""PaDiM and PatchCore with one thing changed at a time on the way from anomalib's to ours, in float: see README. Needs a folder that anomalib_peer.py made."""
import argparse, json, os
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from scipy import ndimage
from sklearn.metrics import roc_auc_score
from anomalib.models.image.padim.torch_model import PadimModel
from anomalib_peer import LAYERS, SIDE, deviations, images, load_weights, tensor, test_images

GRID, CHANNELS, EMBEDDING = SIDE // 8, 100, 64  # EMBEDDING: length of the random projection for the choice of a coreset
THEIRS = {"pool": None, "up": "nearest", "scale": False, "u7": False, "blur": 4}  # PaDiM; PatchCore pools with zeros and takes bilinear


def vectors(l2, l3, row, scale):
    """Patch vectors [n][384][32][32] of both layers."""
    def pool(v):
        if row["pool"] == "zero":
            return F.avg_pool2d(v, 3, 1, 1)
        return F.avg_pool2d(F.pad(v, (1, 1, 1, 1), mode="replicate"), 3, 1) if row["pool"] == "edge" else v
    out = []
    for i in range(0, len(l2), 16):
        a, b = pool(l2[i : i + 16]), pool(l3[i : i + 16])
        if row["scale"]:
            a, b = a * scale["layer2"], b * scale["layer3"]
        b = F.interpolate(b, scale_factor=2, mode=row["up"], align_corners=False if row["up"] == "bilinear" else None)
        x = torch.cat([a, b], 1)
        out.append(torch.floor(x * 16 + 0.5).clamp(0, 127) / 16 if row["u7"] else x)
    return torch.cat(out)


def padim(x, n, channels):
    """Mahalanobis distances [tests][1][32][32] to the Gaussians of the first n images."""
    x = x[:, channels].flatten(2).permute(2, 0, 1).double()
    mean = x[:, :n].mean(1, keepdim=True)
    g = x[:, :n] - mean
    cov = g.transpose(1, 2) @ g / (n - 1) + 0.01 * torch.eye(len(channels), dtype=torch.float64)
    y = torch.linalg.solve_triangular(torch.linalg.cholesky(cov), (x[:, n:] - mean).transpose(1, 2), upper=False)
    return (y * y).sum(1).sqrt().T.reshape(-1, 1, GRID, GRID).float()


def patchcore(x, n, seed):
    """Distances [tests][1][32][32] to a greedy k-centre of 1 % of the patches, chosen on a random projection from a random first patch."""
    x = x.permute(0, 2, 3, 1).flatten(1, 2)
    good, rng = x[:n].flatten(0, 1), torch.Generator().manual_seed(seed)
    p = good @ torch.randn(good.shape[1], EMBEDDING, generator=rng)
    square, best, bank = (p * p).sum(1), torch.full((len(p),), float("inf")), []
    at = int(torch.randint(len(p), (1,), generator=rng))
    for _ in range(len(p) // 100):
        bank.append(at)
        torch.minimum(best, square + square[at] - 2 * (p @ p[at]), out=best)
        best[at] = -1
        at = int(best.argmax())
    return torch.stack([torch.cdist(t, good[bank]).amin(1) for t in x[n:]]).reshape(-1, 1, GRID, GRID)


def maps(d, blur):
    """Maps at full size: bilinear, then a Gaussian of so many pixels; or [1 2 1]/4 on the grid, then bilinear."""
    k = torch.tensor([1.0, 2, 1]) / 4 if blur == "121" else torch.exp(-torch.arange(-4.0 * blur, 4 * blur + 1) ** 2 / (2 * blur * blur))
    k, up = k / k.sum(), lambda v: F.interpolate(v, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    r = len(k) // 2
    def smooth(v, mode):
        return F.conv2d(F.conv2d(F.pad(v, (r, r, r, r), mode=mode), k[None, None, :, None]), k[None, None, None])
    return (up(smooth(d, "replicate")) if blur == "121" else smooth(up(d), "reflect"))[:, 0].numpy()


def regions(tests):
    """Which images have a mask or are good, and the number of the defective region of each of their pixels, 0 for good ones."""
    keep, tags, count = [], [], 0
    for i, (_, good, mask) in enumerate(tests):
        if good or mask:
            tag, n = (np.zeros((SIDE, SIDE), int), 0) if good else ndimage.label(np.asarray(Image.open(mask)) >= 128, np.ones((3, 3)))
            keep.append(i), tags.append(np.where(tag > 0, tag + count, 0))
            count += n
    return keep, np.stack(tags)


def pixel_figures(m, tags):
    """Pixel AUROC and AUPRO up to 0.3 and 0.05, without regard to ties."""
    tag = tags.reshape(-1)[np.argsort(-m.reshape(-1), kind="stable")]
    before, region, size = np.cumsum(tag == 0), tag > 0, np.bincount(tag)
    fp, weight = before[region], 1 / size[tag[region]]
    pro = [float((np.clip(f * before[-1] - fp, 0, None) * weight).sum() / (f * before[-1]) / (len(size) - 1)) for f in (0.3, 0.05)]
    return {"pixel_auroc": float((before[-1] - fp).mean() / before[-1]), "aupro": pro[0], "aupro_05": pro[1]}


def rows(kind):
    base = THEIRS if kind == "padim" else THEIRS | {"pool": "zero", "up": "bilinear"}
    yield "theirs", base
    steps = [("scale", True), ("up", "bilinear"), ("pool", "edge"), ("u7", True), ("blur", "121")]
    for k, v in steps + [("pool", "zero"), ("blur", 6)]:
        if base[k] != v:
            yield f"theirs but {k}={v}", base | {k: v}
    for k, v in steps:
        if base[k] != v:
            base = base | {k: v}
            yield f"and {k}={v}", base


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True, help="a data set in the work folder of anomalib_peer.py")
    p.add_argument("--weights", required=True)
    p.add_argument("--natural", required=True)
    p.add_argument("--method", default="padim", choices=["padim", "patchcore"])
    p.add_argument("--seeds", type=int, default=5)
    p.add_argument("--channels", default="", help="PaDiM's, with commas, after those of the seeds")
    a = p.parse_args()
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    net = PadimModel(layers=LAYERS, backbone="resnet18", pre_trained=False, n_features=CHANNELS).feature_extractor
    load_weights(net.feature_extractor, a.weights)
    net.eval()
    scale, train, tests = deviations(net, a.natural), images(f"{a.data}/train/good"), test_images(a.data)
    f = [net(tensor(path)) for path in train + [t[0] for t in tests]]
    l2, l3 = (torch.cat([v[layer] for v in f]) for layer in LAYERS)
    keep, tags = regions(tests)
    labels = np.array([not good for _, good, _ in tests])
    torch.manual_seed(0)
    draws = [torch.randperm(384)[:CHANNELS] for _ in range(a.seeds)] + ([torch.tensor([int(c) for c in a.channels.split(",")])] if a.channels else [])
    for name, row in rows(a.method):
        x, each = vectors(l2, l3, row, scale), []
        for seed, channels in enumerate(draws):
            d = padim(x, len(train), channels) if a.method == "padim" else patchcore(x, len(train), seed)
            m, good = maps(d, row["blur"]), d[~torch.from_numpy(labels)].flatten(1)
            border = F.pad(torch.zeros(GRID - 2, GRID - 2), (1, 1, 1, 1), value=1).flatten()
            score = d if a.method == "patchcore" else torch.from_numpy(m)
            each.append({"image_auroc": roc_auc_score(labels, score.flatten(1).amax(1))} | pixel_figures(m[keep], tags) | {"largest_at_border": float(border[good.argmax(1)].mean())})
        print(json.dumps({"data": os.path.basename(a.data), "method": a.method, "row": name} | {k: [round(v[k], 4) for v in each] for k in each[0]}), flush=True)


main()
