"""Compares what Ascribe reads with what the reference readers read, over generated files. Run by hand:

    PYTHON tools/reference/readers.py make FOLDER [--count 500] [--seed 0] [READER …]
    ASCRIBE_READ=FOLDER swift test --filter ReadFolderTests
    PYTHON tools/reference/readers.py compare FOLDER

Readers: csv jsonl npy npz hdf5 png jpeg tokenizers (default: all); each gets `count` run files with one file each.
Needs numpy, pandas, pillow, h5py, tokenizers and sentencepiece.

`make` writes the files, the run files and what the reference reader reads (expected.npz by name). `compare` counts, for
each reader: equal, refused (by Ascribe, with a sentence; the commonest are listed), different with a note that says so,
and SILENT: read otherwise without a word. The last must be 0; the exit code is 1 otherwise.
"""
import collections
import gzip
import io
import json
import pathlib
import pickle
import random
import string
import sys

import numpy as np

SCRIPTS = [
    "All human beings are born free and equal.", "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι", "Все люди рождаются свободными",
    "يولد جميع الناس أحرارًا متساوين", "כל בני האדם נולדו בני חורין", "सभी मनुष्यों को गौरव और अधिकारों", "มนุษย์ทั้งหลายเกิดมามีอิสระ",
    "人人生而自由,在尊严和权利上一律平等。", "すべての人間は、生まれながらにして自由", "모든 인간은 태어날 때부터 자유로우며",
]
ODD = ["", " ", "  ", "\n", "\t", "é", "e\u0301", "ﬁ", "Ａ", "①", "\u200b", "\u00a0", "\u3000", "👍🏽", "🇫🇷", "𠀀", "1234", "3.14", "don't", "I'LL", "x=y;", "--", "…"]


def word(r, n=6):
    return "".join(r.choice(string.ascii_letters) for _ in range(r.randint(1, n)))


def text(r, parts=6):
    pieces = []
    for _ in range(r.randint(1, parts)):
        whole = r.choice(SCRIPTS)
        start = r.randrange(len(whole))
        pieces.append(r.choice([whole[start:start + r.randint(1, 12)], r.choice(ODD), word(r)]))
    return r.choice(["", " "]).join(pieces)


# MARK: Tables

def number(r):
    value = r.choice([
        lambda: str(r.randint(-1000, 1000)), lambda: repr(r.uniform(-10, 10)), lambda: repr(r.gauss(0, 1) * 10 ** r.randint(-12, 12)),
        lambda: f"{r.uniform(-1, 1):.3e}", lambda: f"{r.uniform(0, 1):.2f}".lstrip("0"), lambda: f"{r.randint(0, 9)}.",
        lambda: f"+{r.random():.3f}", lambda: "0", lambda: "-0.0", lambda: f"{r.randint(0, 9)}E{r.randint(0, 9)}",
        lambda: f"{r.random():.20f}", lambda: str(r.randint(0, 10 ** 18))])()
    return value


def csv(folder, name, r):
    import pandas
    delimiter = r.choice([",", ",", ";", "\t", "|"])
    columns, rows = r.randint(2, 6), r.randint(4, 12)
    header = r.random() < 0.7
    kind = r.choice(["word", "int", "quoted", "spaced"])
    classes = {"word": ["cat", "dog", "bird"], "int": ["0", "1", "2"], "quoted": ['a "b"', f"x{delimiter}y", "two\nlines"],
               "spaced": ["a b", "été", "c"]}[kind]
    names = [f"c{i}" if r.random() < .7 else word(r) + str(i) for i in range(columns)]
    label = r.randrange(columns)
    style = r.choice(["plain", "plain", "quoted", "blanks", "bool", "missing"])
    lines = [names] if header else []
    for row in range(rows):
        line = [number(r) for _ in range(columns)]
        if style == "bool":
            line[(label + 1) % columns] = r.choice(["True", "False"])
        if style == "missing" and r.random() < 0.3:
            line[(label + 1) % columns] = r.choice(["", "NA", "nan", "NULL", "N/A", "null"])
        line[label] = classes[row % len(classes)] if row < 3 else r.choice(classes)
        lines.append(line)

    def field(value, always=False):
        if always or any(c in value for c in [delimiter, '"', "\n", "\r"]):
            return '"' + value.replace('"', '""') + '"'
        return value
    end = r.choice(["\n", "\n", "\r\n"])
    space = " " if style == "blanks" and delimiter in ",;" else ""
    body = end.join((delimiter + space).join(field(v, style == "quoted" and r.random() < .5) for v in line) for line in lines)
    body += r.choice([end, "", end + end])
    data = body.encode()
    if r.random() < 0.1:
        data = b"\xef\xbb\xbf" + data
    file = f"{name}.csv" + (".gz" if r.random() < 0.1 else "")
    (folder / file).write_bytes(gzip.compress(data) if file.endswith("gz") else data)
    keys = {"format": "csv", "path": file, "label": names[label] if header and r.random() < .7 else label}
    if r.random() < 0.5:
        keys["delimiter"] = "tab" if delimiter == "\t" else delimiter
    if style == "missing":
        keys["missing"] = r.choice(["drop", "mean", "error"])
    if r.random() < .5:
        keys["header"] = header
    frame = pandas.read_csv(
        io.BytesIO(data), sep=delimiter, header=0 if header else None, skipinitialspace=True,
        dtype={(names[label] if header else label): str}, encoding="utf-8-sig", keep_default_na=True)
    labels = frame.iloc[:, label]
    inputs = frame.drop(columns=frame.columns[label])
    keep = np.ones(len(frame), bool)
    if keys.get("missing") == "drop":
        keep = ~inputs.isna().any(axis=1).to_numpy()
    inputs = inputs.map(lambda x: 1. if x is True else 0. if x is False else float(x)).astype(float)[keep]
    if keys.get("missing") == "mean":
        inputs = inputs.fillna(inputs.mean())
    return keys, dict(inputs=inputs.to_numpy(), labels=[str(x) for x in labels[keep]], refuses=bool(inputs.isna().any().any()))


# MARK: Lines of JSON

def jsonl(folder, name, r):
    lines, texts, labels = [], [], []
    kind = r.choice(["text", "int", "whole", "bool"])
    for row in range(r.randint(4, 10)):
        value = text(r) or "x"
        label = {"text": ["a", "b", "é"], "int": [0, 1, 7], "whole": [0.0, 1.0, 7.0], "bool": [True, False]}[kind][row % 2]
        members = [("text", value), ("label", label)]
        for _ in range(r.randint(0, 3)):
            members.append((word(r) + "_", r.choice([None, 1, -2.5e-3, [1, {"a": "}"}], {"text": "no"}, "other", True])))
        r.shuffle(members)
        lines.append(json.dumps(dict(members), ensure_ascii=r.random() < .5, separators=r.choice([(",", ":"), (", ", ": "), (" , ", " :\t")])))
        texts.append(value)
        labels.append(str(label).lower() if kind == "bool" else str(int(label)) if kind != "text" else label)
    if r.random() < 0.2:
        body = "[" + ",\n ".join(lines) + "]"
    else:
        body = r.choice(["\n", "\r\n", "\n\n"]).join(lines) + r.choice(["", "\n"])
    data = body.encode()
    if r.random() < .1:
        data = b"\xef\xbb\xbf" + data
    file = f"{name}.jsonl" + (".gz" if r.random() < .1 else "")
    (folder / file).write_bytes(gzip.compress(data) if file.endswith("gz") else data)
    width = max(len(t.encode()) for t in texts)
    rows = np.full((len(texts), width), -1.)
    for i, t in enumerate(texts):
        rows[i, :len(t.encode())] = list(t.encode())
    return {"format": "jsonl", "path": file, "label": "label", "tokens": "bytes", "length": max(2, width)}, dict(
        inputs=rows if width > 1 else np.pad(rows, ((0, 0), (0, 1)), constant_values=-1), labels=labels)


# MARK: Arrays

def arrays(r):
    rows = r.randint(4, 8)
    shape = (rows,) + r.choice([(3,), (5,), (1,), (2, 3), (3, 4, 5), (1, 4, 4), (4, 4, 3), (6, 5, 1), (4, 4, 4)])
    dtype = r.choice(["f4", "f8", "f2", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?", ">f4", ">f8", ">i2", ">i4", ">u8"])
    state = np.random.default_rng(r.randrange(1 << 30))
    if "f" in dtype:
        x = state.normal(size=shape) * 10. ** r.randint(-3, 3)
    elif dtype == "?":
        x = state.integers(0, 2, shape)
    else:
        info = np.iinfo(np.dtype(dtype))
        x = state.integers(max(info.min, -1 << 40), min(info.max, 1 << 40), shape, dtype="i8", endpoint=True)
    x = np.asarray(x.astype(dtype), order=r.choice("CF"))
    kind = r.choice(["i8", "u1", "U", "S", "f8", "n1", "hot"])
    y = np.array([i % 3 for i in range(rows)])
    labels = [str(v) for v in y]
    if kind in ("U", "S"):
        y = np.array(["cat", "dog", "été" if kind == "U" else "e"])[y].astype(kind)
        labels = [v.decode() if isinstance(v, bytes) else str(v) for v in y]
    elif kind == "hot":
        y = np.eye(3, dtype=r.choice(["i8", "f4", "?"]))[y]
    elif kind == "n1":
        y = y.reshape(-1, 1)
    else:
        y = y.astype(kind)
    return x, y, labels


def expected_arrays(x, labels, keys, r):
    value = x.astype(np.float64) if x.dtype.kind != "f" or x.dtype.itemsize > 4 else x.astype(np.float32).astype(np.float64)
    if r.random() < .3:
        keys["scale"] = False
    return dict(inputs=value, labels=labels, bytes=x.dtype.kind == "u" and x.dtype.itemsize == 1, scale=keys.get("scale", True))


def npy(folder, name, r):
    x, y, labels = arrays(r)
    np.save(folder / f"{name}-x.npy", x)
    np.save(folder / f"{name}-y.npy", y)
    keys = {"format": "npy", "inputs": f"{name}-x.npy", "labels": f"{name}-y.npy"}
    return keys, expected_arrays(x, labels, keys, r)


def npz(folder, name, r):
    x, y, labels = arrays(r)
    (np.savez if r.random() < .5 else np.savez_compressed)(folder / f"{name}.npz", inputs=x, labels=y, other=np.arange(3))
    keys = {"format": "npz", "path": f"{name}.npz"}
    return keys, expected_arrays(x, labels, keys, r)


def hdf5(folder, name, r):
    import h5py
    x, y, labels = arrays(r)
    if y.dtype.kind == "U":
        y = np.array([str(v) for v in y], dtype=h5py.string_dtype())
    options = r.choice([{}, {}, dict(compression="gzip"), dict(compression="gzip", shuffle=True, fletcher32=True), dict(chunks=True)])
    with h5py.File(folder / f"{name}.h5", "w", libver=r.choice(["earliest", "latest"])) as file:
        file.create_dataset("train/x", data=x, **options)
        file.create_dataset("labels", data=y)
    keys = {"format": "hdf5", "path": f"{name}.h5", "inputs": "train/x"}
    return keys, expected_arrays(x, labels, keys, r)


# MARK: Pictures

def picture(r, mode):
    from PIL import Image
    height, width = r.randint(1, 9), r.randint(1, 9)
    state = np.random.default_rng(r.randrange(1 << 30))
    def draw(channels):
        return state.integers(0, 256, (height, width) + ((channels,) if channels > 1 else ()), dtype="u1")
    if mode == "1":
        return Image.fromarray(draw(1) > 128)
    if mode == "I;16":
        return Image.fromarray(state.integers(0, 65536, (height, width), dtype="u2"))
    if mode in ("P", "PA"):
        image = Image.fromarray(state.integers(0, 5, (height, width), dtype="u1"), "P")
        image.putpalette(list(state.integers(0, 256, 15)))
        return image
    return Image.fromarray(draw({"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]), mode)


def pictures(folder, name, r, ending, modes):
    from PIL import Image, PngImagePlugin
    image = picture(r, r.choice(modes))
    options = {}
    if ending == "png":
        info = PngImagePlugin.PngInfo()
        if r.random() < .3:
            info.add(b"gAMA", (r.choice([45455, 100000, 22222])).to_bytes(4, "big"))
        if r.random() < .2:
            info.add_text("Comment", "x")
        options = dict(pnginfo=info, compress_level=r.randint(0, 9), optimize=r.random() < .3)
        if image.mode in ("P", "L", "RGB") and r.random() < .3:
            options["transparency"] = 0 if image.mode != "RGB" else (1, 2, 3)
    else:
        options = dict(quality=r.randint(20, 100), progressive=r.random() < .3, optimize=r.random() < .3)
        if image.mode == "RGB":
            options["subsampling"] = r.choice([0, 1, 2])
        if r.random() < .2:
            exif = Image.Exif()
            exif[0x0112] = r.randint(1, 8)
            options["exif"] = exif
    for place in ("a", "b"):
        (folder / name / place).mkdir(parents=True)
        image.save(folder / name / place / f"1.{ending}", **options)
    back = Image.open(folder / name / "a" / f"1.{ending}")
    if back.mode.startswith("I"):
        value = np.asarray(back).astype(np.float64) / 65535
        value = np.stack([value] * 3)
    else:
        value = np.asarray(back.convert("RGB")).transpose(2, 0, 1) / 255
    return {"format": "images", "path": name, "channels": 3}, dict(
        inputs=np.stack([value, value]), labels=["a", "b"], tolerance=1e-6 if ending == "png" else 1.01 / 255)


def png(folder, name, r):
    return pictures(folder, name, r, "png", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])


def jpeg(folder, name, r):
    return pictures(folder, name, r, r.choice(["jpg", "jpeg"]), ["L", "RGB", "RGB", "CMYK"])


# MARK: Tokenizers

def make_tokenizers(folder):
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as proto
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    corpus = SCRIPTS * 20
    found = []

    def add(model, normalizer, pre, trainer, decoder):
        tokenizer = Tokenizer(model)
        if normalizer:
            tokenizer.normalizer = normalizer
        tokenizer.pre_tokenizer, tokenizer.decoder = pre, decoder
        tokenizer.train_from_iterator(corpus, trainer)
        path = folder / f"tokenizer{len(found)}.json"
        tokenizer.save(str(path))
        found.append(path.name)
    add(models.BPE(), None, pre_tokenizers.ByteLevel(add_prefix_space=False), trainers.BpeTrainer(
        vocab_size=500, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False), decoders.ByteLevel())
    add(models.WordPiece(unk_token="[UNK]"), normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), trainers.WordPieceTrainer(
        vocab_size=400, special_tokens=["[UNK]", "[CLS]", "[SEP]"], show_progress=False), decoders.WordPiece())
    (folder / "corpus.txt").write_text("\n".join(corpus))
    for rule in ("nmt_nfkc", "nmt_nfkc_cf"):
        sentencepiece.SentencePieceTrainer.train(
            input=str(folder / "corpus.txt"), model_prefix=str(folder / rule), vocab_size=320, normalization_rule_name=rule,
            hard_vocab_limit=False, minloglevel=2)
        model = proto.ModelProto()
        model.ParseFromString((folder / f"{rule}.model").read_bytes())
        for scheme, split in (("always", True), ("first", False)):
            add(models.Unigram(), normalizers.Sequence([normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap)]),
                pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split), trainers.UnigramTrainer(
                    vocab_size=300, special_tokens=["<pad>", "<unk>"], unk_token="<unk>", show_progress=False), decoders.Metaspace())
    return found


def tokenizers(folder, name, r):
    from tokenizers import Tokenizer
    if not hasattr(tokenizers, "files"):
        tokenizers.files = make_tokenizers(folder)
        tokenizers.known = {file: Tokenizer.from_file(str(folder / file)) for file in tokenizers.files}
    file = r.choice(tokenizers.files)
    known = tokenizers.known[file]
    rows = []
    while len(rows) < 4:
        value = text(r, 10)
        if known.encode(value).ids:
            rows.append(value)
    ids = [known.encode(value).ids for value in rows]
    width = max(2, max(map(len, ids)))
    inputs = np.full((len(rows), width), -1.)
    for i, row in enumerate(ids):
        inputs[i, :len(row)] = row
    labels = [str(i % 2) for i in range(len(rows))]
    (folder / f"{name}.jsonl").write_text("".join(json.dumps({"text": t, "label": l}) + "\n" for t, l in zip(rows, labels)))
    return {"format": "jsonl", "path": f"{name}.jsonl", "label": "label", "tokens": file, "length": width}, dict(
        inputs=inputs, labels=labels, texts=rows, tokenizer=file)


READERS = dict(csv=csv, jsonl=jsonl, npy=npy, npz=npz, hdf5=hdf5, png=png, jpeg=jpeg, tokenizers=tokenizers)


def make(folder, count, seed, names):
    folder.mkdir(parents=True)
    expected = {}
    for reader in names:
        for index in range(count):
            name = f"{reader}-{index:05}"
            keys, value = READERS[reader](folder, name, random.Random(f"{seed} {name}"))
            scale = keys.pop("scale", None)
            source = ", ".join(f"{k}: {json.dumps(v)}" for k, v in keys.items())
            (folder / f"{name}.yaml").write_text(f"train: {{{source}}}\n" + ("" if scale is None else "scale: false\n"))
            expected[name] = value
    (folder / "expected.pickle").write_bytes(pickle.dumps(expected))


def class_name(label):
    """How Ascribe spells classes: whole numbers by their value."""
    try:
        return str(int(float(label))) if float(label) == int(float(label)) else label
    except ValueError:
        return label


def compare_one(want, found):
    if found.get("error") is not None:
        return "refused", found["error"]
    got = np.array(found["inputs"], np.float32).reshape(found["shape"])
    notes = " | ".join(found["notes"])
    inputs = np.asarray(want["inputs"])
    if want.get("refuses"):
        return "SILENT", "missing cells were read"
    if "channels last" in notes or "channels are last" in notes:
        inputs = np.moveaxis(inputs, -1, 1)
    if want.get("bytes") and inputs.ndim > 2 and want["scale"]:
        inputs = inputs / 255
    if got.size != inputs.size:
        return ("noted" if notes else "SILENT"), f"shape {got.shape}, expected {inputs.shape}; {notes}"
    with np.errstate(over="ignore"):
        exact = inputs.astype(np.float32).reshape(got.shape)
    tolerance = want.get("tolerance", 0)
    # The scale of bytes may round once more.
    steps = 1 if want.get("bytes") else 0
    if tolerance:
        bad = np.abs(got - exact) > tolerance
    else:
        bad = np.abs(got - exact) > np.spacing(np.abs(exact)) * steps
    if bad.any():
        place = np.argwhere(bad)[0]
        return "SILENT", f"{got[tuple(place)]} at {place.tolist()}, expected {exact[tuple(place)]}; {notes}"
    if found["labels"] != want["labels"] and found["labels"] != [class_name(x) for x in want["labels"]]:
        return "SILENT", f"labels {found['labels']}, expected {want['labels']}; {notes}"
    return "equal", ""


def compare(folder):
    expected = pickle.loads((folder / "expected.pickle").read_bytes())
    counts, reasons, silent = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter), []
    for name, want in expected.items():
        reader = name.split("-")[0]
        path = folder / f"{name}.json"
        kind, reason = compare_one(want, json.loads(path.read_text())) if path.exists() else ("SILENT", "not read at all")
        counts[reader][kind] += 1
        if kind == "refused":
            key = "".join("#" if c.isdigit() else c for c in reason)[:100]
            reasons[reader][key] += 1
        elif kind != "equal":
            silent.append((kind, name, reason))
    for reader, found in counts.items():
        print(f"{reader:11} {sum(found.values()):5} files: " + ", ".join(f"{n} {kind}" for kind, n in sorted(found.items())))
        for reason, n in reasons[reader].most_common(6):
            print(f"              {n:4} × {reason}")
    for kind, name, reason in silent[:30]:
        print(kind, name, reason[:300])
    sys.exit(any(kind == "SILENT" for kind, _, _ in silent))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    options = {"--count": 500, "--seed": 0}
    for key in options:
        if key in arguments:
            place = arguments.index(key)
            options[key] = int(arguments[place + 1])
            del arguments[place:place + 2]
    command, folder, *names = arguments
    if command == "make":
        make(pathlib.Path(folder), options["--count"], options["--seed"], names or list(READERS))
    else:
        compare(pathlib.Path(folder))
