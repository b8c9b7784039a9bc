"""Runs anomalib's PatchCore and PaDiM and ours on the same images and the same ResNet-18 weights: see README."""
import argparse, glob, importlib.metadata, json, os, platform, shutil, subprocess, sys, time
import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from sklearn.metrics import roc_auc_score
from anomalib.metrics.aupro import _AUPRO
from anomalib.models.image.padim.torch_model import PadimModel
from anomalib.models.image.patchcore.torch_model import PatchcoreModel

SIDE, LAYERS = 256, ["layer2", "layer3"]
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def images(folder):
    return sorted(f for f in glob.glob(os.path.join(folder, "*")) if f.lower().endswith((".png", ".jpg", ".jpeg", ".bmp")))


def shrink(source, out, good):
    """Copies a data set at 256 x 256, so that no tool resizes: images with antialiased bilinear, masks by their half. good: so many good images, spread evenly; 0 for all."""
    shutil.rmtree(out, ignore_errors=True)
    jobs = [("train/good", False), *((f"test/{d}", False) for d in sorted(os.listdir(f"{source}/test"))),
            *((f"ground_truth/{d}", True) for d in sorted(os.listdir(f"{source}/ground_truth")))]
    for sub, mask in jobs:
        os.makedirs(f"{out}/{sub}", exist_ok=True)
        files = images(f"{source}/{sub}")
        if sub == "train/good" and 0 < good < len(files):
            files = [files[i * len(files) // good] for i in range(good)]
        for f in files:
            m = Image.open(f).convert("L" if mask else "RGB").resize((SIDE, SIDE), Image.BILINEAR)
            if mask:
                m = m.point(lambda v: 255 if v >= 128 else 0)
            m.save(f"{out}/{sub}/{os.path.splitext(os.path.basename(f))[0]}.png")


def tensor(path):
    x = torch.from_numpy(np.asarray(Image.open(path).convert("RGB"), dtype=np.float32).copy() / 255)
    return ((x - MEAN) / STD).permute(2, 0, 1)[None]


def load_weights(model, path):
    """Batch norm is folded into the file, so norms become y = x + bias: mean 0, variance 1 - eps, weight 1."""
    w, state = load_file(path), model.state_dict()
    for name in state:
        conv = name.replace("downsample.1", "downsample.0").replace("bn", "conv").rsplit(".", 1)[0]
        if name.endswith("num_batches_tracked"):
            continue
        if "bn" in name or "downsample.1" in name:
            v = {"weight": torch.ones(1), "bias": w[conv + ".bias"], "running_mean": torch.zeros(1), "running_var": torch.ones(1) - 1e-5}[name.rsplit(".", 1)[1]]
            state[name] = v.expand_as(state[name]).clone()
        elif name in w:
            state[name] = w[name]
        else:
            sys.exit(f"{name} is not in {path}")
    model.load_state_dict(state)
    model.eval()


class Kept(torch.nn.Module):
    """A feature extractor that keeps what it gave for an image, so that features are computed once for all methods; a scale divides channels."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.out_dims, self.kept, self.scale, self.seconds = inner, inner.out_dims, {}, None, 0.0

    def at(self, path):
        self.path = path
        return torch.zeros(1, 3, SIDE, SIDE) if path in self.kept else tensor(path)

    def forward(self, x):
        if self.path not in self.kept:
            t = time.process_time()
            self.kept[self.path] = self.inner(x)
            self.seconds += time.process_time() - t
        return {l: v * self.scale[l] if self.scale else v for l, v in self.kept[self.path].items()}


def deviations(extractor, folder):
    """1 / deviation of each channel's local mean over 25 natural photographs, which is how our patch vectors are scaled."""
    pool, seen = torch.nn.AvgPool2d(3, 1, 1), {l: [] for l in LAYERS}
    files = [f for f in sorted(glob.glob(f"{folder}/**/*", recursive=True)) if f.lower().endswith((".png", ".jpg", ".jpeg"))]
    with torch.no_grad():
        for f in files[:: max(1, len(files) // 25)][:25]:
            m = Image.open(f).convert("RGB")
            side = min(m.size)
            m = m.crop(((m.width - side) // 2, (m.height - side) // 2, (m.width + side) // 2, (m.height + side) // 2)).resize((SIDE, SIDE), Image.BILINEAR)
            x = torch.from_numpy(np.asarray(m, dtype=np.float32).copy() / 255)
            for l, v in extractor(((x - MEAN) / STD).permute(2, 0, 1)[None]).items():
                seen[l].append(pool(v)[0].flatten(1))
    return {l: 1 / torch.cat(v, 1).std(1).clamp_min(1e-6)[None, :, None, None] for l, v in seen.items()}


def figures(work, name, scores, maps, tests):
    """Image and pixel figures by scikit-learn and anomalib's AUPRO; the maps are kept for our metrics."""
    labels = np.array([not good for _, good, _ in tests])
    keep = [i for i, (_, good, mask) in enumerate(tests) if good or mask]
    masks = np.stack([np.zeros((SIDE, SIDE), np.uint8) if tests[i][1] else (np.asarray(Image.open(tests[i][2])) >= 128).astype(np.uint8) for i in keep])
    m = np.stack([maps[i] for i in keep])
    out = {"image_auroc": roc_auc_score(labels, scores), "pixel_auroc": roc_auc_score(masks.ravel(), m.ravel())}
    for key, limit in (("aupro", 0.3), ("aupro_05", 0.05)):
        a = _AUPRO(fpr_limit=limit)
        a.update(torch.from_numpy(m), torch.from_numpy(masks).int())
        out[key] = float(a.compute())
    save_file({"maps": torch.from_numpy(m), "masks": torch.from_numpy(masks)}, f"{work}/maps-{name}.safetensors", {k: repr(float(v)) for k, v in out.items()})
    return out


def test_images(folder):
    """(image, whether it is good, mask or None) of each test image."""
    out = []
    for label in sorted(os.listdir(f"{folder}/test")):
        for f in images(f"{folder}/test/{label}"):
            stem = os.path.splitext(os.path.basename(f))[0]
            masks = (f"{folder}/ground_truth/{label}/{stem}_mask.png", f"{folder}/ground_truth/{label}/{stem}.png")
            out.append((f, label == "good", next((p for p in masks if os.path.exists(p)), None)))
    return out


def theirs(kind, a, folder, kept, scale, edge=False):
    """edge: anomalib's 3 x 3 mean repeats the border, as core did until November 2026, where it takes zeros."""
    torch.manual_seed(a.seed)
    if kind == "patchcore":
        model = PatchcoreModel(layers=LAYERS, backbone="resnet18", pre_trained=False, num_neighbors=9)
        if edge:
            model.feature_pooler = torch.nn.Sequential(torch.nn.ReplicationPad2d(1), torch.nn.AvgPool2d(3, 1))
    else:
        model = PadimModel(layers=LAYERS, backbone="resnet18", pre_trained=False, n_features=100)
    model.feature_extractor, kept.scale = kept, scale
    model.train()
    kept.eval()
    spent, t0 = kept.seconds, time.process_time()
    with torch.no_grad():
        for f in images(f"{folder}/train/good"):
            model(kept.at(f))
        if kind == "patchcore":
            model.subsample_embedding(a.ratio)
        else:
            model.fit()
        t1 = time.process_time()
        fit = t1 - t0 - (kept.seconds - spent)
        model.eval()
        spent, tests, scores, maps = kept.seconds, test_images(folder), [], []
        for f, _, _ in tests:
            r = model(kept.at(f))
            scores.append(float(r.pred_score.reshape(-1)[0]))
            maps.append(r.anomaly_map.reshape(SIDE, SIDE).numpy())
        test = time.process_time() - t1 - (kept.seconds - spent)
    out = {"who": "anomalib", "method": kind, "scaled": scale is not None, "edge": edge, "members": len(model.memory_bank) if kind == "patchcore" else None,
           "features_s": kept.seconds, "fit_s": fit, "test_s": test, "cpu_s": kept.seconds + fit + test}
    return out | figures(a.work, f"{os.path.basename(folder)}-{kind}{'-scaled' if scale else ''}{'-edge' if edge else ''}", scores, maps, tests)


def ours(kind, a, folder, members):
    cmd = [a.anomnet, "compare", "--data", folder, "--backbone", a.backbone, "--methods", kind, "--head-kb", str(-(-members * 384 // 1000)), "--json"]
    if a.channels:
        cmd += a.channels.split()
    t0 = os.times()
    r = json.loads(subprocess.run(cmd, check=True, stdout=subprocess.PIPE, env=os.environ | {"GOMAXPROCS": "1"}).stdout)
    t1 = os.times()
    cpu = t1.children_user - t0.children_user + t1.children_system - t0.children_system
    f = {k: v["mean"] for k, v in r["rows"][0]["figures"].items()}
    return {"who": "anomnet", "method": kind, "scaled": True, "cpu_s": cpu} | {k: f[k] for k in ("image_auroc", "image_auroc_top", "pixel_auroc", "aupro", "aupro_05")}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True, help="folder of data sets in MVTec layout")
    p.add_argument("--sets", default="fabric,screw,magnetic_tile")
    p.add_argument("--methods", default="padim,patchcore")
    p.add_argument("--scaled", default="padim,patchcore", help="methods that also run with anomalib's channels scaled as ours")
    p.add_argument("--edge", action="store_true", help="anomalib's PatchCore also with a border that repeats")
    p.add_argument("--weights", required=True)
    p.add_argument("--natural", required=True)
    p.add_argument("--anomnet", required=True)
    p.add_argument("--backbone", required=True)
    p.add_argument("--work", required=True)
    p.add_argument("--ratio", type=float, default=0.01)
    p.add_argument("--good", type=int, default=0, help="learn from so many good images; 0 for all")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--channels", default="", help="further flags of anomnet compare")
    a = p.parse_args()
    os.makedirs(a.work, exist_ok=True)
    torch.set_num_threads(1)  # and one for ours: CPU seconds are comparable on a busy machine
    print(json.dumps({k: importlib.metadata.version(k) for k in ("anomalib", "torch", "timm", "scikit-learn", "numpy")} | {"cores": os.cpu_count(), "machine": platform.machine()}), flush=True)
    extractor = PadimModel(layers=LAYERS, backbone="resnet18", pre_trained=False, n_features=100).feature_extractor
    load_weights(extractor.feature_extractor, a.weights)
    scale = None
    for name in a.sets.split(","):
        folder = f"{a.work}/{name}"
        shrink(f"{a.data}/{name}", folder, a.good)
        members, kept = int(len(images(f"{folder}/train/good")) * (SIDE // 8) ** 2 * a.ratio), Kept(extractor)
        say = lambda r: print(json.dumps({"data": name, "good": len(images(f"{folder}/train/good")), "load": os.getloadavg()[0]} | r), flush=True)
        for kind in a.methods.split(","):
            say(theirs(kind, a, folder, kept, None))
            say(ours(kind, a, folder, members))
            if kind in a.scaled.split(","):
                scale = scale or deviations(extractor, a.natural)
                say(theirs(kind, a, folder, kept, scale))
            if kind == "patchcore" and a.edge:
                say(theirs(kind, a, folder, kept, None, edge=True))


if __name__ == "__main__":
    main()
