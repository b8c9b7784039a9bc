#!/usr/bin/env python3
"""Writes the goldens of core/imaging with Pillow. Run inside core/imaging/testdata: python3 golden.py"""
import os
import shutil

import numpy as np
from PIL import Image, ImageOps

rng = np.random.default_rng(7)


def smooth(w, h):
    """A picture without steps, so that chroma interpolation changes it little."""
    y, x = np.mgrid[0:h, 0:w]
    a = np.stack([60 + 2 * x, 200 - 2 * y, 90 + x + y], -1)
    return Image.fromarray(np.clip(a, 0, 255).astype(np.uint8))


def noise(w, h):
    return Image.fromarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8))


def part(w, h):
    """Noise on a gradient with a sharp disc: edges, texture and flat parts."""
    y, x = np.mgrid[0:h, 0:w]
    a = np.stack([x * 255 // w, y * 255 // h, (x + y) * 255 // (w + h)], -1)
    a[(x - w / 2) ** 2 + (y - h / 2) ** 2 < (min(w, h) / 3) ** 2] = (250, 5, 128)
    return Image.fromarray(np.clip(a + rng.integers(-12, 13, a.shape), 0, 255).astype(np.uint8))


def fresh(d):
    shutil.rmtree(d, ignore_errors=True)
    os.mkdir(d)


def over_white(img):
    a = np.asarray(img.convert("RGBA")).astype(np.uint32)
    rgb, al = a[..., :3], a[..., 3:]
    return Image.fromarray(((rgb * al + 255 * (255 - al) + 127) // 255).astype(np.uint8))


def formats():
    fresh("formats")

    def put(name, img, expect=None, **kw):
        path = os.path.join("formats", name)
        img.save(path, **kw)
        if expect is None:
            expect = Image.open(path)
            expect = over_white(expect) if expect.mode in ("RGBA", "LA", "PA") or "transparency" in expect.info else expect.convert("RGB")
        expect.save(os.path.join("formats", name + ".expected.png"))

    s, n = smooth(37, 21), noise(19, 11)
    gray = n.convert("L")
    g16 = rng.integers(0, 65536, (11, 19), dtype=np.uint16)
    high = Image.fromarray((g16 >> 8).astype(np.uint8)).convert("RGB")
    alpha = Image.fromarray(rng.integers(0, 256, (11, 19, 4), dtype=np.uint8))
    pal = n.quantize(16)

    put("rgb.png", n)
    put("gray.png", gray)
    put("gray1.png", gray.convert("1"))
    put("gray16.png", Image.fromarray(g16), high)
    put("palette4.png", pal, bits=4)
    put("palette_clear.png", pal, transparency=3)
    put("rgba.png", alpha)
    put("gray_alpha.png", alpha.convert("LA"))
    put("rgb.bmp", n)
    put("palette.bmp", n.quantize(256))
    put("one_bit.bmp", gray.convert("1"))
    put("rgb.tiff", n)
    put("lzw.tiff", n, compression="tiff_lzw")
    put("deflate.tiff", n, compression="tiff_adobe_deflate")
    put("packbits.tiff", n, compression="packbits")
    put("gray16.tiff", Image.fromarray(g16), high)
    put("palette.tiff", pal)
    put("group4.tiff", gray.convert("1"), compression="group4", tiffinfo={262: 0})
    gray.convert("1").save("formats/black_is_zero.tiff", compression="group4")
    put("444.jpeg", s, quality=95, subsampling=0)
    put("422.jpeg", s, quality=95, subsampling=1)
    put("420.jpeg", s, quality=95, subsampling=2)
    put("progressive.jpeg", s, quality=95, subsampling=0, progressive=True)
    put("gray.jpeg", s.convert("L"), quality=95)
    put("cmyk.jpeg", s.convert("CMYK"), quality=95)
    put("lossless.webp", n, lossless=True)
    put("lossy.webp", s, quality=95)
    put("alpha.webp", alpha, lossless=True, exact=True)


def orientation():
    fresh("orientation")
    img = Image.fromarray(rng.integers(0, 256, (3, 5, 3), dtype=np.uint8))
    for o in range(1, 9):
        exif = Image.Exif()
        exif[274] = o
        for ext, kw in (("png", {}), ("tiff", {}), ("webp", {"lossless": True})):
            path = f"orientation/{o}.{ext}"
            img.save(path, exif=exif, **kw)
            ImageOps.exif_transpose(Image.open(path)).convert("RGB").save(path + ".expected.png")


def resize():
    fresh("resize")
    sources = {"part": part(97, 61), "noise": noise(40, 33), "line": noise(301, 1)}
    sizes = [(97, 61), (32, 32), (64, 96), (13, 7), (1, 1), (160, 61), (97, 20), (96, 60)]
    for name, img in sources.items():
        img.save(f"resize/{name}.png")
        for w, h in sizes:
            img.resize((w, h), Image.BILINEAR).save(f"resize/{name}_{w}x{h}.png")


formats()
orientation()
resize()
