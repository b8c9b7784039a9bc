"""Draws a picture and writes it as JPEG files of many kinds with cjpeg (libjpeg-turbo 2.1.5). Run in this folder."""
import math
import random
import subprocess

W, H = 75, 53
rnd = random.Random(4)
pix = bytearray()
for y in range(H):
    for x in range(W):
        d = math.hypot(x - 30, y - 25)
        n = rnd.randrange(40) if x > 50 else 0
        pix += bytes(int(v) & 255 if 0 <= v < 256 else 255 for v in (
            128 + 100 * math.sin(d / 3), 3 * x + n, 200 if 10 < d < 14 else 2 * y + n))
open("picture.ppm", "wb").write(b"P6\n%d %d\n255\n" % (W, H) + pix)
open("planes.txt", "w").write("0; 1; 2;\n")
open("script.txt", "w").write(
    "0,1,2: 0-0, 0, 2;\n0: 1-5, 0, 3;\n2: 1-63, 0, 1;\n1: 1-63, 0, 1;\n0: 6-63, 0, 3;\n0,1,2: 0-0, 2, 1;\n"
    "0: 1-63, 3, 2;\n0: 1-63, 2, 1;\n0: 0-0, 1, 0;\n1,2: 0-0, 1, 0;\n2: 1-63, 1, 0;\n1: 1-63, 1, 0;\n0: 1-20, 1, 0;\n0: 21-63, 1, 0;\n")

SAMPLES = {"444": "1x1", "422": "2x1", "440": "1x2", "420": "2x2", "411": "4x1", "410": "4x2", "odd440": "2x2,2x1,2x1", "odd422": "2x2,1x2,1x2"}
KINDS = {
    "baseline": [], "optimised": ["-optimize", "-quality", "96"], "coarse": ["-quality", "8"], "restart": ["-restart", "3B"],
    "planes": ["-scans", "planes.txt"], "progressive": ["-progressive"], "script": ["-scans", "script.txt", "-quality", "90"],
    "progressive_restart": ["-progressive", "-restart", "5B"],
}


def cjpeg(name, *args):
    subprocess.run(["cjpeg", *args, "-outfile", name + ".jpeg", "picture.ppm"], check=True)


for s, factors in SAMPLES.items():
    for kind, args in KINDS.items():
        if s in ("444", "420", "410") or kind in ("baseline", "progressive"):
            cjpeg(f"{s}_{kind}", "-sample", factors, *args)
for kind in ("baseline", "progressive", "restart", "optimised"):
    cjpeg(f"gray_{kind}", "-grayscale", *KINDS[kind])
cjpeg("rgb", "-rgb")
cjpeg("arithmetic", "-arithmetic")
for f in ("picture.ppm", "planes.txt", "script.txt"):
    subprocess.run(["rm", f], check=True)
