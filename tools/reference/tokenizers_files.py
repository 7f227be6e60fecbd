"""Writes Tests/Fixtures/Tokenizers: small tokenizer.json files of each kind, and what `tokenizers` makes of texts.

Run: /work/venv/bin/python tools/reference/tokenizers_files.py TEXT    (needs tokenizers; TEXT: a text to train on)

The files were made from the first 200,000 characters of Tiny Shakespeare. `cases.json` has the texts once and,
for each file, their ids without and with special tokens around them, the decoded texts without and with special
tokens, and the byte of the text at which each token begins.
"""
import json
import pathlib
import shutil
import sys

from tokenizers import (
    AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers,
)

ROOT = pathlib.Path(__file__).resolve().parents[2] / "Tests/Fixtures/Tokenizers"
CORPUS = pathlib.Path(sys.argv[1]).read_text()[:200_000].splitlines(keepends=True)
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+"
)
CL100K = (
    r"(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|"
    r"\s+(?!\S)|\s+$|\s+"
)

TEXTS = [
    "", " ", "  ", "\n", "\n\n\n", "a", " a", "a ", "Hello, World!", "First Citizen:\nWe know't, we know't.",
    "don't can't I'LL we've they'd IT'S 'tis o'er it\u2019s", "I\u017f he'\u017f", "  two  spaces   three    ",
    "tabs\tand\t\ttabs \t mixed\r\nCRLF\r\n\r\nend", "trailing newline\n", "\n leading", " \n \n x \n",
    "12345 1234 123 12 1 3.14 1,000,000 \u0661\u0662\u0663 \u00bd \u2167", "price: $5.00 (50% off!) -- \"now\"...",
    "caf\u00e9 cafe\u0301 \u00c5 \u212b A\u030a \u1e9b\u0323 \ufb01nd", "na\u00efve r\u00e9sum\u00e9 \u00df STRASSE \u0130stanbul",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002 \u3053\u3093\u306b\u3061\u306f \uc548\ub155", "\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440 \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "emoji \U0001f600\U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1eb\U0001f1f7!", "zero\u200bwidth\u00a0nbsp\u3000wide\u2028line",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u0928\u092e\u0938\u094d\u0924\u0947 \u1100\u1161\u11a8", "\u0000nul \u0007bell \ufffd\ufeff bom",
    "\u2581already \u2581\u2581meta", "a\u0301\u0302\u0303bc\u0327", "<|endoftext|>", "one<|endoftext|>two <|endoftext|> three",
    "<s>in</s> text <unk> [MASK] [mask] x[MASK]y", "keep <nf> nf<nf>nf", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * 4,
    "thethethethethe the the", "supercalifragilisticexpialidocious", "under_score camelCase kebab-case x=y+z; a<b>c|d~e^f`g",
    "\u0120\u010a\u0100\u0143 \u00ad\u00a0\u00ae", "I have . a ? space ! before , marks ' n't do not 's 've 're",
    "ROMEO:\nBut, soft! what light through yonder window breaks?\nIt is the east, and Juliet is the sun.\n",
    "\U00020000\U0002a6df \U0001d4d0\U0001d7d8", "\u1680\u2003\u205f\u0085x\u000by\u000cz", "e\u0301\u200d", "\u0345\u03b1 \u03a3\u03a3\u03a3 \u03c3\u03c2",
]


def byte_level(prefix):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    train(tokenizer, 500, ["<|endoftext|>"], pre_tokenizers.ByteLevel.alphabet())
    return tokenizer


def train(tokenizer, size, special, alphabet=(), trainer=trainers.BpeTrainer, **more):
    tokenizer.train_from_iterator(CORPUS, trainer(
        vocab_size=size, special_tokens=special, initial_alphabet=list(alphabet), show_progress=False, **more))


def llama3(pattern, ignores):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignores))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    train(tokenizer, 500, ["<|begin|>", "<|endoftext|>"], pre_tokenizers.ByteLevel.alphabet())
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(
            single="<|begin|> $A", pair="<|begin|> $A <|begin|> $B", special_tokens=[("<|begin|>", 0)])])
    return tokenizer


def roberta():
    tokenizer = byte_level(True)
    tokenizer.add_special_tokens([AddedToken("[MASK]", lstrip=True, normalized=False, special=True)])
    tokenizer.post_processor = processors.RobertaProcessing(("<|endoftext|>", 0), ("<|endoftext|>", 0))
    return tokenizer


def llama2(metaspace):
    """SentencePiece's byte pairs: the first step cuts at spaces to learn merges, then the real steps come."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    bytes_ = [f"<0x{value:02X}>" for value in range(256)]
    train(tokenizer, 700, ["<unk>", "<s>", "</s>"] + bytes_, limit_alphabet=60)
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [token for token in state["added_tokens"] if token["id"] < 3]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    if metaspace:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        tokenizer.pre_tokenizer = None
        tokenizer.normalizer = normalizers.Sequence([
            normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def bert(lowercase):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=None)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(cleanup=lowercase)
    train(tokenizer, 500, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], trainer=trainers.WordPieceTrainer)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def words(steps, normalizer, **model):
    """Byte pairs without bytes, for the steps that are seldom."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", **model))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    more = {"end_of_word_suffix": "</w>"} if "end_of_word_suffix" in model else {}
    if "continuing_subword_prefix" in model:
        more["continuing_subword_prefix"] = "##"
    train(tokenizer, 300, ["<unk>"], **more)
    tokenizer.add_tokens([AddedToken("nf", single_word=True, normalized=True)])
    tokenizer.add_tokens([AddedToken("<nf>", lstrip=True, rstrip=True, normalized=False)])
    return tokenizer


FILES = {
    "gpt2": byte_level(False),
    "roberta": roberta(),
    "llama3": llama3(LLAMA3, True),
    "cl100k": llama3(CL100K, False),
    "llama2": llama2(False),
    "metaspace": llama2(True),
    "bert": bert(True),
    "bert-cased": bert(False),
    "words": words(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("merged_with_previous"),
         pre_tokenizers.Digits(individual_digits=True)],
        normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()]), end_of_word_suffix="</w>"),
    "whitespace": words(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Split("e", "merged_with_next"),
         pre_tokenizers.Split(Regex("[aou]"), "contiguous"), pre_tokenizers.Digits()],
        normalizers.Sequence([
            normalizers.Strip(), normalizers.NFD(), normalizers.StripAccents(),
            normalizers.Replace(Regex(r"o{2,}|\p{Sc}"), "0")]),
        continuing_subword_prefix="##", fuse_unk=True),
}
FILES["words"].decoder = decoders.BPEDecoder(suffix="</w>")
FILES["metaspace"].decoder = decoders.Sequence([
    decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first"), decoders.Fuse()])

shutil.rmtree(ROOT, ignore_errors=True)
ROOT.mkdir(parents=True)
cases = []
for name, tokenizer in FILES.items():
    path = ROOT / f"{name}.json"
    tokenizer.save(str(path), pretty=False)
    tokenizer = Tokenizer.from_file(str(path))
    results = []
    for text in TEXTS:
        plain = tokenizer.encode(text, add_special_tokens=False)
        whole = tokenizer.encode(text, add_special_tokens=True)
        results.append({
            "ids": plain.ids, "whole": whole.ids,
            "decoded": tokenizer.decode(plain.ids, skip_special_tokens=True),
            "kept": tokenizer.decode(plain.ids, skip_special_tokens=False),
            "bytes": [len(text[:start].encode()) for start, _ in plain.offsets],
        })
    cases.append({"name": name, "size": tokenizer.get_vocab_size(), "results": results})
(ROOT / "cases.json").write_text(json.dumps({"texts": TEXTS, "cases": cases}, separators=(",", ":")))
print({path.name: path.stat().st_size for path in sorted(ROOT.iterdir())})
