"""Writes Tests/Fixtures/Unigram: small tokenizer.json files of unigram models, and what `tokenizers` makes of texts.

Run: PYTHON tools/reference/unigram_files.py    (needs tokenizers and sentencepiece)

The models are trained on the sentences of ten scripts below; the table of `Precompiled` is one that sentencepiece
compiles from a few rules. `cases.json` has the texts once and, for each file, their ids, the decoded texts and the
byte of the text at which each token begins.
"""
import base64
import json
import pathlib
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto
from tokenizers import Tokenizer, Regex, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parents[2] / "Tests/Fixtures/Unigram"
SCRIPTS = {
    "Latin": "All human beings are born free and equal in dignity and rights. Tous les êtres humains naissent libres et égaux.",
    "Greek": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "Cyrillic": "Все люди рождаются свободными и равными в своем достоинстве и правах.",
    "Arabic": "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق.",
    "Hebrew": "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם.",
    "Devanagari": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    "Thai": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
    "Han": "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心。",
    "Kana": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "Hangul": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
}
TEXTS = list(SCRIPTS.values()) + [
    "", " ", "  ", "\n", "a", " a ", "free  and   free", "freefreefree", "xyzzy", "qqq free qqq", "ＦＲＥＥ ｈｕｍａｎ",
    "ﬁne ﬂow", "e\u0301galite\u0301 égalité", "①②③ ½", "<unk>", "<unk> free<unk>", "▁free ▁▁ human", "</s>", "free</s>born",
    "\u3000free\u00a0human\u2003born", "tab\tnew\nline\r\nend", "zero\u200bwidth\u200d \ufeffbom", "한국어 \u1112\u1161\u11ab\u1100\u116e\u11a8",
    "क्षत्रिय", "กำ\u0e33", "👨\u200d👩\u200d👧 👍🏽 🇫🇷", "\u0000nul", "𠀀𪛖 𝓐𝟘", "naissent, libres; et... égaux!", "людиpeople人人",
    "e\u0301\u0302\u0303", "a" * 100, "自由" * 40, "A\u030a Å \u212b", "ﷺ free", "ｶﾞﾊﾟ がぱ",
]
RULES = [
    ("ＦＲＥＥ"[0], "F"), ("ｈ", "h"), ("ﬁ", "fi"), ("ﬂ", "fl"), ("e\u0301", "é"), ("①", "1"), ("½", "1/2"), ("\u3000", " "), ("\u00a0", " "),
    ("\u2003", " "), ("\t", " "), ("\n", " "), ("\r", " "), ("\u200b", ""), ("\ufeff", ""), ("\u1112\u1161\u11ab", "한"), ("A\u030a", "Å"),
    ("\u212b", "Å"), ("ﷺ", "صلى الله عليه وسلم"), ("ｶ", "カ"), ("ｶﾞ", "ガ"), ("A", "a"), ("\u0345", ""),
]


def charsmap(folder):
    rules = pathlib.Path(folder, "rules.tsv")
    rules.write_text("".join(
        " ".join(f"{ord(c):X}" for c in old) + "\t" + " ".join(f"{ord(c):X}" for c in new) + "\n" for old, new in sorted(set(RULES)) if old != new))
    text = pathlib.Path(folder, "text")
    text.write_text("".join(line + "\n" for line in SCRIPTS.values()) * 20)
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=f"{folder}/m", vocab_size=320, normalization_rule_tsv=str(rules), hard_vocab_limit=False,
        minloglevel=2)
    model = proto.ModelProto()
    model.ParseFromString(pathlib.Path(folder, "m.model").read_bytes())
    return base64.b64encode(model.normalizer_spec.precompiled_charsmap).decode()


def trained(normalizer, pre, size, byte_fallback=False):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, pre
    special = ["<pad>", "</s>", "<unk>"]
    tokenizer.train_from_iterator(list(SCRIPTS.values()) * 20, trainers.UnigramTrainer(
        vocab_size=size, special_tokens=special, unk_token="<unk>", show_progress=False))
    if byte_fallback:
        state = json.loads(tokenizer.to_str())
        state["model"]["byte_fallback"] = True
        state["model"]["vocab"] += [[f"<0x{value:02X}>", -20.0] for value in range(256)]
        tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return tokenizer


ROOT.mkdir(parents=True, exist_ok=True)
with tempfile.TemporaryDirectory() as folder:
    table = charsmap(folder)
precompiled = normalizers.Precompiled(base64.b64decode(table))
metaspace = pre_tokenizers.Metaspace(prepend_scheme="always")
FILES = {
    "t5": trained(precompiled, pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace]), 400),
    "xlmr": trained(
        normalizers.Sequence([precompiled, normalizers.Replace(Regex(" {2,}"), " ")]), metaspace, 300),
    "albert": trained(
        normalizers.Sequence([
            normalizers.Replace("``", '"'), normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), precompiled]),
        metaspace, 300),
    "bytes": trained(precompiled, pre_tokenizers.Metaspace(prepend_scheme="first", split=False), 300, byte_fallback=True),
}
cases = []
for name, tokenizer in FILES.items():
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()]) if name == "bytes" else decoders.Metaspace()
    path = ROOT / f"{name}.json"
    tokenizer.save(str(path), pretty=False)
    tokenizer = Tokenizer.from_file(str(path))
    results = []
    for text in TEXTS:
        plain = tokenizer.encode(text, add_special_tokens=False)
        results.append({
            "ids": plain.ids, "whole": tokenizer.encode(text).ids, "decoded": tokenizer.decode(plain.ids, skip_special_tokens=True),
            "kept": tokenizer.decode(plain.ids, skip_special_tokens=False),
            "bytes": [len(text[:start].encode()) for start, _ in plain.offsets]})
    cases.append({"name": name, "size": tokenizer.get_vocab_size(), "results": results})
(ROOT / "cases.json").write_text(json.dumps({"texts": TEXTS, "cases": cases}, separators=(",", ":")))
print({path.name: path.stat().st_size for path in sorted(ROOT.iterdir())})
