"""Writes Tests/Fixtures/Images: small PNG and JPEG files by class, and what PyTorch makes of them.

Run: /work/venv/bin/python tools/reference/images.py    (needs torch; libturbojpeg for the JPEG files)

PNG files are written here byte by byte; `pixels.json` has their pixels, the smooth pictures that the
JPEG files were made from, and images resized by torch.nn.functional.interpolate.
"""
import ctypes
import ctypes.util
import json
import pathlib
import shutil
import struct
import zlib

import torch

ROOT = pathlib.Path(__file__).resolve().parents[2] / "Tests/Fixtures/Images"
shutil.rmtree(ROOT, ignore_errors=True)
HEIGHT, WIDTH = 6, 8


def png(pixels, channels, depth=8):
    """A PNG file of height × width × channels values."""
    height, width = pixels.shape[0], pixels.shape[1]

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, depth, 0 if channels == 1 else 2, 0, 0, 0)
    rows = b"".join(b"\0" + bytes(pixels[y].flatten().tolist()) for y in range(height))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def jpeg(pixels, channels):
    """A JPEG file of quality 95 without subsampling, by libjpeg-turbo."""
    turbo = ctypes.CDLL(ctypes.util.find_library("turbojpeg"))
    turbo.tjInitCompress.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(turbo.tjInitCompress())
    raw = bytes(pixels.flatten().tolist())
    buffer, size = ctypes.c_void_p(), ctypes.c_ulong()
    height, width = pixels.shape[0], pixels.shape[1]
    code = turbo.tjCompress2(
        handle, raw, width, 0, height, 6 if channels == 1 else 0, ctypes.byref(buffer),
        ctypes.byref(size), 3 if channels == 1 else 0, 95, 4096)
    assert code == 0
    return ctypes.string_at(buffer, size.value)


def smooth(channels):
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    planes = [40 + 12 * x + 8 * y, 200 - 10 * x, 60 + 20 * y]
    return torch.stack(planes[:channels], dim=2)


def save(name, data):
    path = ROOT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def planes(pixels):
    return pixels.permute(2, 0, 1).flatten().tolist()


torch.manual_seed(0)
expected = {}
for index, name in enumerate(["cat/a.png", "cat/b.png", "dog/a.png"]):
    pixels = torch.randint(0, 256, (HEIGHT, WIDTH, 3))
    save("colour/" + name, png(pixels, 3))
    expected["colour/" + name] = planes(pixels)
save("colour/dog/z.jpg", jpeg(smooth(3), 3))
expected["colour/dog/z.jpg"] = planes(smooth(3))
gray = torch.randint(0, 256, (HEIGHT, WIDTH, 1))
save("gray/cat/a.png", png(gray, 1))
save("gray/dog/b.JPEG", jpeg(smooth(1), 1))
expected["gray/cat/a.png"] = planes(gray)
expected["gray/dog/b.JPEG"] = planes(smooth(1))
# Of several sizes, gray among colour.
odd = torch.randint(0, 256, (5, 3, 3))
save("sizes/cat/a.png", png(odd, 3))
save("sizes/dog/b.png", png(gray, 1))
resized = {}
for height, width in [(6, 8), (10, 7), (2, 2)]:
    for name, image in [("cat/a.png", odd), ("dog/b.png", gray.expand(-1, -1, 3))]:
        result = torch.nn.functional.interpolate(
            image.permute(2, 0, 1)[None].float(), size=(height, width), mode="bilinear",
            align_corners=False)
        resized[f"{height}x{width} {name}"] = result.flatten().tolist()
(ROOT / "pixels.json").write_text(json.dumps({"pixels": expected, "resized": resized}))
