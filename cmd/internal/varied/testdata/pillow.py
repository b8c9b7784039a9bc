"""Pillow's side of `make diff`.

pillow.py write DIR SEED N   writes N files of the kinds that Go has no encoder for, and prints versions
pillow.py read               for each path on stdin: a line of JSON {kind, w, h} or {error}, then w*h*3 bytes: the upright picture over white
"""
import json, os, sys

import numpy as np
import PIL
from PIL import Image, ImageOps, JpegImagePlugin


def over_white(rgb, alpha):
    a = alpha.astype(np.uint32)[..., None]
    return ((rgb.astype(np.uint32) * a + 255 * (255 - a) + 127) // 255).astype(np.uint8)


def kind(img, data):
    if img.format == "JPEG":
        if img.mode == "L":
            return "jpeg gray"
        if img.mode == "CMYK":
            return "jpeg cmyk"
        return "jpeg " + {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}.get(JpegImagePlugin.get_sampling(img), "other sampling")
    if img.format == "WEBP":
        return "webp lossless" if b"VP8L" in data[:400] else "webp lossy"
    if img.format == "TIFF" and img.tag_v2.get(338) == (1,):
        return "tiff premultiplied"
    return img.format.lower()


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    img = Image.open(path)
    what, key = kind(img, data), img.info.get("transparency")
    if img.mode.startswith("I"):  # 16-bit gray: the high byte
        a = np.asarray(ImageOps.exif_transpose(img)).astype(np.uint32)
        if img.format == "TIFF" and img.tag_v2.get(262) == 0:  # white is zero: Pillow inverts 8 bits, but not 16
            a = 65535 - a
        gray = (a >> 8).astype(np.uint8)
        clear = a == key if key is not None else np.zeros(a.shape, bool)
        return what, np.repeat(np.where(clear, 255, gray)[..., None], 3, -1).astype(np.uint8)
    if key is not None and img.format == "PNG" and img.mode == "L":  # Pillow holds the key of 2 or 4 bits against 8-bit values
        img.info["transparency"] = key * 255 // ((1 << data[24]) - 1)
    alpha = img.mode in ("RGBA", "LA", "PA") or key is not None
    img = ImageOps.exif_transpose(img)
    if alpha:
        a = np.asarray(img.convert("RGBA"))
        return what, over_white(a[..., :3], a[..., 3])
    return what, np.asarray(img.convert("RGB"))


def serve():
    for line in sys.stdin:
        try:
            what, a = read(line.rstrip("\n"))
            head, body = {"kind": what, "h": a.shape[0], "w": a.shape[1]}, np.ascontiguousarray(a).tobytes()
        except Exception as e:
            head, body = {"error": f"{type(e).__name__}: {e}"}, b""
        sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + body)
        sys.stdout.buffer.flush()


def picture(rng):
    w, h = (int(v) for v in rng.choice([1, 2, 3, 7, 8, 15, 16, 17, 33, 64, 97, 150, 257, 400], 2))
    y, x = np.mgrid[0:h, 0:w]
    c = rng.uniform(-1, 1, (3, 2)) * 255 / max(w, h)
    a = np.stack([128 + c[k, 0] * (x - w / 2) + c[k, 1] * (y - h / 2) for k in range(3)], -1)
    style = rng.integers(0, 4)
    if style:  # soft texture, an edge, or noise over the gradient
        n = rng.normal(size=(h, w, 3)) * (4, 10, 80)[style - 1]
        a = a + n
    if style >= 2:
        a[(x - w / 2) ** 2 + (y - h / 2) ** 2 < (min(w, h) / 3) ** 2] = rng.integers(0, 256, 3)
    return Image.fromarray(np.clip(a, 0, 255).astype(np.uint8))


def write(folder, seed, n):
    rng = np.random.default_rng(seed)
    os.makedirs(folder, exist_ok=True)
    for i in range(n):
        img = picture(rng)
        exif = Image.Exif()
        if rng.random() < 0.5:
            exif[274] = int(rng.integers(1, 9))
        icc = {"icc_profile": bytes(rng.integers(0, 256, 128, dtype=np.uint8))} if rng.random() < 0.3 else {}
        quality = int(rng.integers(1, 101))
        alpha = img.copy()
        alpha.putalpha(Image.fromarray(rng.integers(0, 256, (img.height, img.width), dtype=np.uint8)))
        jpeg = dict(quality=quality, progressive=bool(rng.random() < 0.4), optimize=bool(rng.random() < 0.4), exif=exif, **icc)
        name, pic, kw = [
            ("444.jpg", img, dict(subsampling=0, **jpeg)),
            ("422.jpg", img, dict(subsampling=1, **jpeg)),
            ("420.jpg", img, dict(subsampling=2, **jpeg)),
            ("gray.jpg", img.convert("L"), jpeg),
            ("cmyk.jpg", img.convert("CMYK"), jpeg),
            ("restart.jpg", img, dict(subsampling=2, restart_marker_blocks=3, **jpeg)),
            ("lossy.webp", img, dict(quality=quality, exif=exif, **icc)),
            ("lossyalpha.webp", alpha, dict(quality=quality, exif=exif)),
            ("lossless.webp", img, dict(lossless=True, exif=exif, **icc)),
            ("alpha.webp", alpha, dict(lossless=True, exact=True, exif=exif)),
            ("lzw.tif", img, dict(compression="tiff_lzw", tiffinfo={317: int(rng.integers(1, 3))}, exif=exif)),
            ("deflate.tif", img, dict(compression="tiff_adobe_deflate", tiffinfo={317: int(rng.integers(1, 3))}, exif=exif)),
            ("packbits.tif", img.convert("L"), dict(compression="packbits", exif=exif)),
            ("group4.tif", img.convert("1"), dict(compression="group4", tiffinfo={262: 0}, exif=exif)),
            ("lzwalpha.tif", alpha, dict(compression="tiff_lzw", exif=exif)),
            ("palette.png", img.quantize(int(rng.integers(2, 257))), dict(exif=exif, **icc)),
            ("rgba.png", alpha, dict(exif=exif, **icc)),
            ("palette.bmp", img.quantize(256), {}),
            ("rgb.bmp", img, {}),
            ("animated.webp", img, dict(save_all=True, append_images=[img.rotate(90, expand=False), img.rotate(180)])),
        ][i % 20]
        pic.save(os.path.join(folder, f"p{i:04d}-{name}"), **kw)
    print(f"Pillow {PIL.__version__}, numpy {np.__version__}")


if sys.argv[1] == "write":
    write(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
else:
    serve()
