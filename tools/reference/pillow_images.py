"""Writes Tests/Fixtures/Images/pillow: PNG and JPEG files of the kinds that people have, and the values
that Pillow's `convert("RGB")` makes of them (of 16 bits those of the file over 257).

Run: python tools/reference/pillow_images.py    (needs pillow and numpy)
"""
import json
import pathlib
import shutil
import struct
import zlib

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2] / "Tests/Fixtures/Images/pillow"
shutil.rmtree(ROOT, ignore_errors=True)
ROOT.mkdir(parents=True)
H, W = 5, 7
TRANSPARENT, INKS, TURNED = 1, 2, 4
random = np.random.default_rng(3)
cases = []


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(values, depth, colour, more=b""):
    """A PNG file byte by byte: rows of big-endian samples, packed where they are less than a byte."""
    rows = b""
    for row in values.reshape(H, -1):
        if depth == 16:
            packed = row.astype(">u2").tobytes()
        elif depth == 8:
            packed = row.astype(np.uint8).tobytes()
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in row)
            bits += "0" * (-len(bits) % 8)
            packed = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
        rows += b"\0" + packed
    head = struct.pack(">IIBBBBB", W, H, depth, colour, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def note(name, data, values=None, traits=0):
    path = ROOT / name
    if data is not None:
        path.write_bytes(data)
    if values is None:
        values = np.asarray(Image.open(path).convert("RGB")).astype(float)
    planes = np.moveaxis(values, 2, 0)
    cases.append({"file": name, "size": list(planes.shape[1:]), "traits": traits,
                  "values": [round(float(v), 5) for v in planes.flatten()]})


def gray16(v):
    return np.repeat(v[:, :, None] / 257, 3, axis=2)


gamma = chunk(b"gAMA", struct.pack(">I", 45455))
linear = chunk(b"gAMA", struct.pack(">I", 100000))
srgb = chunk(b"sRGB", b"\0")
deep = random.integers(0, 65536, (H, W))
deep[0, 0] = 32896
deep3 = random.integers(0, 65536, (H, W, 3))
for name, more in [("", b""), ("-gamma", gamma), ("-linear", linear), ("-srgb", srgb)]:
    note(f"gray16{name}.png", png(deep, 16, 0, more), gray16(deep))
note("rgb16.png", png(deep3, 16, 2), deep3 / 257)
note("rgb16-gamma.png", png(deep3, 16, 2, gamma), deep3 / 257)
shallow = random.integers(0, 256, (H, W))
colour = random.integers(0, 256, (H, W, 3))
note("gray8-linear.png", png(shallow, 8, 0, linear))
note("rgb8-linear.png", png(colour, 8, 2, linear))
for depth in (1, 2, 4):
    note(f"gray{depth}.png", png(random.integers(0, 2 ** depth, (H, W)), depth, 0))
palette = chunk(b"PLTE", random.integers(0, 256, 16 * 3).astype(np.uint8).tobytes())
index = random.integers(0, 16, (H, W))
note("palette4.png", png(index, 4, 3, palette))
alphas = chunk(b"tRNS", bytes([0, 128, 255, 3] * 4))
note("palette-alpha.png", png(index, 8, 3, palette + alphas), traits=TRANSPARENT)
note("rgba8.png", png(random.integers(0, 256, (H, W, 4)), 8, 6), traits=TRANSPARENT)
note("la8-linear.png", png(random.integers(0, 256, (H, W, 2)), 8, 4, linear), traits=TRANSPARENT)
note("key8.png", png(colour, 8, 2, chunk(b"tRNS", struct.pack(">HHH", *map(int, colour[0, 0])))),
     traits=TRANSPARENT)
note("stray.png", png(shallow, 8, 0) + b"stray bytes")
smooth = np.linspace(20, 230, H * W).reshape(H, W)
inks = np.stack([smooth, 255 - smooth, smooth[::-1], smooth / 3], axis=2).astype(np.uint8)
Image.fromarray(inks, "CMYK").save(ROOT / "inks.jpg", quality=95)
note("inks.jpg", None, traits=INKS)
picture = Image.fromarray(np.stack([smooth, smooth[::-1], 255 - smooth], axis=2).astype(np.uint8))
exif = Image.Exif()
exif[0x112] = 6
picture.save(ROOT / "turned.jpg", quality=95, subsampling=0, exif=exif)
note("turned.jpg", None, traits=TURNED)
exif[0x112] = 1
picture.save(ROOT / "upright.jpg", quality=95, subsampling=0, exif=exif)
note("upright.jpg", None)
(ROOT / "values.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")
