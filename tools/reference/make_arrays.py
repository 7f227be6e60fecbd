"""Writes the array files of Tests/Fixtures/Datasets with numpy and h5py.

    python tools/reference/make_arrays.py

Every kind of number, order and version that the npy reader takes: element (i, j, ...) at row-major
position p has the value p - 3 (unsigned: p, bool: p odd). Zip times are fixed, so the bytes are the
same every time (compressed ones as far as zlib is the same).
"""

import gzip
import io
import struct
import zipfile
from pathlib import Path

import h5py
import numpy

FOLDER = Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "Datasets"
SHAPE = (4, 3)


def values(dtype, order="C"):
    count = int(numpy.prod(SHAPE))
    start = numpy.arange(count)
    kind = numpy.dtype(dtype).kind
    raw = start % 2 == 1 if kind == "b" else start if kind == "u" else start - 3
    return numpy.asarray(raw.astype(dtype).reshape(SHAPE), order=order)


def npy(array, version=None):
    stream = io.BytesIO()
    numpy.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


def write_npz(path, arrays, method):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in arrays.items():
            info = zipfile.ZipInfo(name + ".npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            archive.writestr(info, data)


def idx(code, dtype, array):
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return head + array.astype(dtype).tobytes()


def write_idx():
    images = numpy.arange(5 * 2 * 3).reshape(5, 2, 3) * 8
    labels = numpy.array([3, 1, 3, 0, 1])
    for code, dtype in [(8, "u1"), (9, "i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")]:
        raw = images // 16 - 3 if code != 8 else images
        (FOLDER / f"images-{code:02x}.idx").write_bytes(idx(code, dtype, raw))
    (FOLDER / "labels.idx").write_bytes(idx(8, "u1", labels))
    raw = idx(8, "u1", images)
    (FOLDER / "images.idx.gz").write_bytes(gzip.compress(raw, mtime=0))
    parts = gzip.compress(raw[:20], mtime=0) + gzip.compress(raw[20:], mtime=0)
    (FOLDER / "images-two-members.idx.gz").write_bytes(parts)
    (FOLDER / "labels.idx.gz").write_bytes(gzip.compress(idx(8, "u1", labels), mtime=0))
    # 10 MiB of zeros behind a header that claims 30 numbers.
    bomb = gzip.compress(raw[:16] + bytes(10 << 20), mtime=0)
    (FOLDER / "bomb.idx.gz").write_bytes(bomb)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    kinds = ["?", "u1", "i1"] + [o + k for o in "<>" for k in ("f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8")]
    arrays = {numpy.dtype(k).str.replace("<", "le_").replace(">", "be_").replace("|", ""): npy(values(k)) for k in kinds}
    arrays["column_major"] = npy(values("<f4", order="F"))
    arrays["version_2"] = npy(values("<f4"), version=(2, 0))
    arrays["version_3"] = npy(values("<f4"), version=(3, 0))
    arrays["labels"] = npy(numpy.array([2, 0, 1, 2]))
    arrays["ids"] = npy(numpy.array([30, 10, 20, 40], dtype="u4"))
    write_npz(FOLDER / "kinds.npz", arrays, zipfile.ZIP_STORED)
    write_npz(FOLDER / "kinds-deflated.npz", arrays, zipfile.ZIP_DEFLATED)
    write_idx()
    # As numpy.savez writes it itself: local headers with zip64 sizes.
    numpy.savez(FOLDER / "savez.npz", inputs=values("<f8"), labels=numpy.array([2, 0, 1, 2]))
    with h5py.File(FOLDER / "arrays.h5", "w", track_order=False) as file:
        file["inputs"] = values("<f4").reshape(4, 3, 1)
        file["group/labels"] = numpy.array([2, 0, 1, 2], dtype="i8")
        file.create_dataset("names", data=["d", "b", "a", "c"], dtype=h5py.string_dtype())
        file["numbers"] = numpy.array([7, 5, 6, 8], dtype="i4")
        file["packed"] = h5py.Empty("f4")


if __name__ == "__main__":
    main()
