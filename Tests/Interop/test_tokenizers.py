# SPDX-License-Identifier: Apache-2.0
"""Tokenizers made here are those of `tokenizers`; others encode as they do elsewhere."""

import json
import random
import unicodedata
from itertools import product

import pyarrow as pa
import pytest
import tiktoken
import tiktoken.load
from conftest import FULL, manifest, read_jsonl, table, write_jsonl
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer

GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*"
    r"|\s*[\r\n]|\s+(?!\S)|\s+"
)


def encode(prep, tokenizer, texts, *options):
    lines = "".join(json.dumps(text) + "\n" for text in texts).encode()
    out = prep("tokenizer", "encode", "--tokenizer", tokenizer, *options, input=lines).stdout
    encoded = [json.loads(line) for line in out.splitlines()]
    assert len(encoded) == len(texts)
    return encoded


@pytest.fixture(scope="module")
def texts(documents, shared):
    """The fixtures and real text in many scripts, composed and decomposed."""
    real = []
    for name in ("udhr_nfd", "udhr_mixed"):
        with pa.input_stream(str(shared(f"multilingual/{name}.txt.zst"))) as stream:
            real += stream.read().decode("utf-8").split("\n\n")
    hebrew = read_jsonl(shared("multilingual/hebrew_niqqud.jsonl.zst"))[:40]
    return [d["text"] for d in documents] + real + [d["text"] for d in hebrew] + ["", " ", "\n\n "]


# Training


def merges_of_peer(texts, rule, vocabulary, frequency=2):
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if rule == "cl100k":
        split = pre_tokenizers.Split(Regex(CL100K), behavior="isolated")
        after = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        byte_level = pre_tokenizers.Sequence([split, after])
    peer = Tokenizer(models.BPE())
    peer.pre_tokenizer = byte_level
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=frequency,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    peer.train_from_iterator(texts, trainer)
    return json.loads(peer.to_str())["model"]["merges"]


QUICK = [
    ("english/books.jsonl.zst", None, "gpt2", 32000),
    ("multilingual/pud_cc-by-sa.jsonl.zst", None, "gpt2", 12000),
    ("multilingual/tldr.jsonl.zst", 6000, "cl100k", 8000),
]
WHOLE = [
    (f"{name}.jsonl.zst", None, rule, 32000)
    for name in (
        "multilingual/udhr",
        "multilingual/bible_cc0",
        "multilingual/aozora_ja",
        "multilingual/hebrew_niqqud",
        "multilingual/chinese_poetry",
        "code/code",
    )
    for rule in ("gpt2", "cl100k")
]


@pytest.mark.parametrize("name,count,rule,vocabulary", QUICK + (WHOLE if FULL else []))
def test_training_makes_the_merges_of_tokenizers(
    prep, shared, tmp_path, name, count, rule, vocabulary
):
    """Ties included; each JSON text is one sequence, the alphabet is full."""
    source = shared(name)
    texts = [record["text"] for record in read_jsonl(source)[:count]]
    if count:
        source = write_jsonl(tmp_path / "texts.jsonl", [{"text": text} for text in texts])
    options = ["--pre-tokenizer", rule, "--form", "none", "--special-tokens", "none"]
    made = tmp_path / "tokenizer.json"
    prep("tokenizer", "train", source, "--vocab-size", vocabulary, *options, "-o", made)
    model = json.loads(made.read_bytes())["model"]
    merges = [m if isinstance(m, list) else m.split(" ") for m in model["merges"]]
    assert merges == merges_of_peer(texts, rule, vocabulary)
    assert len(merges) == len(model["vocab"]) - 256
    # Marked Hebrew falls into pieces too short to fill a vocabulary.
    assert len(model["vocab"]) == vocabulary or "hebrew" in name


@pytest.mark.parametrize("frequency", [2, 3, 5])
def test_training_stops_at_the_smallest_frequency(prep, corpus, documents, frequency, tmp_path):
    texts = [document["text"] for document in documents]
    options = ["--form", "none", "--special-tokens", "none", "--min-frequency", frequency]
    made = tmp_path / "tokenizer.json"
    prep("tokenizer", "train", *corpus, "--vocab-size", 60_000, *options, "-o", made)
    merges = json.loads(made.read_bytes())["model"]["merges"]
    merges = [m if isinstance(m, list) else m.split(" ") for m in merges]
    assert merges == merges_of_peer(texts, "gpt2", 60_000, frequency)
    assert 1000 < len(merges) < 20_000


def test_training_gives_the_same_file_for_any_threads(prep, corpus, tokenizer, tmp_path):
    for threads in (1, 2, 5):
        made = tmp_path / f"{threads}.json"
        options = ["--vocab-size", 2000, "--threads", threads]
        prep("tokenizer", "train", *corpus, *options, "-o", made)
        assert made.read_bytes() == tokenizer.read_bytes()


# Other people's tokenizers


@pytest.mark.parametrize(
    "name,file,options",
    [
        ("r50k_base (gpt2)", "gpt2/tokenizer.json", []),
        ("r50k_base (gpt2)", "gpt2/r50k_base.tiktoken", ["--pre-tokenizer", "gpt2"]),
        ("cl100k_base", "cl100k/cl100k_base.tiktoken", ["--pre-tokenizer", "cl100k"]),
    ],
)
def test_published_encodings_come_out(prep, shared, name, file, options):
    golden = read_jsonl(shared("tokenizers/goldens/encodings.jsonl.zst"))
    assert len(golden) == 1050
    path = shared(f"tokenizers/{file}")
    encoded = encode(prep, path, [record["text"] for record in golden], *options)
    wrong = [r["id"] for r, ids in zip(golden, encoded) if ids != r["ids"][name]]
    assert wrong == []


@pytest.mark.parametrize(
    "file,rule,pattern",
    [("gpt2/r50k_base", "gpt2", GPT2), ("cl100k/cl100k_base", "cl100k", CL100K)],
)
def test_tiktoken_gives_the_same_ids(prep, shared, texts, file, rule, pattern):
    path = shared(f"tokenizers/{file}.tiktoken")
    ranks = tiktoken.load.load_tiktoken_bpe(str(path))
    peer = tiktoken.Encoding(file, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    encoded = encode(prep, path, texts, "--pre-tokenizer", rule)
    expected = peer.encode_ordinary_batch(texts)
    assert [t[:80] for t, a, b in zip(texts, encoded, expected) if a != b] == []


# tokenizer.json in other libraries


FORMS = ["nfc", "nfd", "nfkc", "nfkd", "none"]
RULES = ["gpt2", "cl100k", "whitespace"]
SOME = [
    ("nfc", "gpt2"),
    ("nfc", "cl100k"),
    ("nfkc", "gpt2"),
    ("nfd", "whitespace"),
    ("none", "gpt2"),
]


@pytest.mark.parametrize("form,rule", list(product(FORMS, RULES)) if FULL else SOME)
def test_tokenizers_gives_the_same_ids(prep, corpus, texts, form, rule, tmp_path):
    made = tmp_path / "tokenizer.json"
    options = ["--vocab-size", 3000, "--form", form, "--pre-tokenizer", rule]
    prep("tokenizer", "train", *corpus, *options, "-o", made)
    peer = Tokenizer.from_file(str(made))
    expected = [e.ids for e in peer.encode_batch(texts, add_special_tokens=False)]
    encoded = encode(prep, made, texts)
    assert [t[:80] for t, a, b in zip(texts, encoded, expected) if a != b] == []
    assert sum(map(len, encoded)) > 100_000


def test_auto_tokenizer_gives_the_same_ids_and_roles(prep, tokens, texts):
    peer = AutoTokenizer.from_pretrained(str(tokens))
    encoded = encode(prep, tokens, texts)
    assert peer(texts, add_special_tokens=False)["input_ids"] == encoded
    named = [peer.pad_token, peer.eos_token, peer.unk_token, peer.bos_token]
    named += [peer.cls_token, peer.sep_token, peer.mask_token]
    assert named == ["<pad>", "</s>", "<unk>", "<s>", "[CLS]", "[SEP]", "[MASK]"]
    assert peer.convert_tokens_to_ids(named) == [0, 1, 2, 3, 4, 5, 6]
    size = len(peer)
    sentinels = [f"<extra_id_{k}>" for k in range(256)]
    assert peer.convert_tokens_to_ids(sentinels) == [size - 1 - k for k in range(256)]


def test_special_tokens_in_text_are_text_unless_asked_for(prep, tokenizer):
    texts = ["a [MASK] b</s>", "<extra_id_0><extra_id_255>", "[CLS][SEP] x", "<pad>"]
    peer = Tokenizer.from_file(str(tokenizer))
    matched = encode(prep, tokenizer, texts, "--added-tokens", "matched")
    assert matched == [peer.encode(text, add_special_tokens=False).ids for text in texts]
    never = encode(prep, tokenizer, texts)
    special = set(peer.get_added_tokens_decoder())
    assert not special & {i for ids in never for i in ids}
    assert peer.decode_batch(never, skip_special_tokens=False) == texts


def test_auto_tokenizer_decodes_rows_to_their_texts(tokens, documents):
    peer = AutoTokenizer.from_pretrained(str(tokens))
    texts = {document["id"]: document["text"] for document in documents}
    rows = table(tokens).select(["id", "input_ids"]).to_pylist()
    assert sorted(row["id"] for row in rows) == sorted(texts)
    for row in rows:
        assert peer.decode(row["input_ids"]) == unicodedata.normalize("NFC", texts[row["id"]])


@pytest.mark.parametrize(
    "file", ["bert-base-uncased/bert-base-uncased.tokenizer.json", "t5-small/tokenizer.json", "gpt2/tokenizer.json"]
)
def test_datasets_of_published_tokenizers_load_with_them(prep, shared, corpus, documents, file, tmp_path):
    """A row is what transformers makes of the text, and gives back the text, as that tokenizer leaves it."""
    prep("tokenize", *corpus, "--tokenizer", shared(f"tokenizers/{file}"), "-o", tmp_path / "tokens")
    peer = AutoTokenizer.from_pretrained(str(tmp_path / "tokens"))
    texts = {document["id"]: document["text"] for document in documents}
    rows = table(tmp_path / "tokens").select(["id", "input_ids"]).to_pylist()
    assert sorted(row["id"] for row in rows) == sorted(texts)
    for row in rows:
        text = texts[row["id"]]
        ids = peer(text, add_special_tokens=False)["input_ids"]
        assert row["input_ids"] == ids
        decoded = peer.decode(row["input_ids"])
        if "gpt2" in file:
            assert decoded == text
        elif text.isascii() and peer.unk_token_id not in ids:
            squeeze = str.maketrans("", "", " \n\t")
            expected = text.lower() if "uncased" in file else text
            assert decoded.translate(squeeze) == expected.translate(squeeze)


def test_ends_are_bytes_of_the_original_text(prep, tokenizer, documents):
    """Where normalization changes nothing, ends add up the bytes of the tokens."""
    alphabet = {c: b for b, c in enumerate_alphabet()}
    peer = Tokenizer.from_file(str(tokenizer))
    texts = [document["text"] for document in documents]
    for text, found in zip(texts, encode(prep, tokenizer, texts, "--ends")):
        lengths = [len(bytes(alphabet[c] for c in peer.id_to_token(i))) for i in found["ids"]]
        assert found["ends"] == [sum(lengths[: k + 1]) for k in range(len(lengths))]
    decomposed = "A\u030angstro\u0308m e\u0301"
    [found] = encode(prep, tokenizer, [decomposed], "--ends")
    # As in `tokenizers`, a mark that became part of a letter lies between tokens.
    offsets = peer.encode(decomposed, add_special_tokens=False).offsets
    assert found["ends"] == [len(decomposed[:end].encode()) for _, end in offsets]


def enumerate_alphabet():
    """Bytes and the characters that stand for them in byte-level vocabularies (GPT-2)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    pairs = [(byte, chr(byte)) for byte in printable]
    return pairs + [(byte, chr(256 + k)) for k, byte in enumerate(others)]


# Bytes


@pytest.mark.parametrize(
    "kind,form",
    product(["random", "utf8-like", "empty", "all-bytes", "text"], ["none", "nfc"]),
)
def test_raw_bytes_survive(prep, corpus, kind, form, tmp_path):
    draw = random.Random(7)
    lead = [0x20, 0x41, 0xC3, 0xE2, 0xED, 0xA0, 0x80, 0xF0, 0x9F, 0xFF, 0x0A, 0xCC, 0x81]
    content = {
        "random": draw.randbytes(100_000),
        "utf8-like": bytes(draw.choices(lead, k=100_000)),
        "empty": b"",
        "all-bytes": bytes(range(256)) * 3,
        "text": corpus[0].read_bytes(),
    }[kind]
    made = tmp_path / "tokenizer.json"
    options = ["--vocab-size", 2000, "--form", form]
    prep("tokenizer", "train", *corpus, *options, "-o", made)
    ids = prep("tokenizer", "encode", "--raw", "--tokenizer", made, input=content).stdout
    back = prep("tokenizer", "decode", "--raw", "--tokenizer", made, input=ids).stdout
    assert back == content


# Where their Unicode and ours part


def expand(ranges):
    pairs = [r.split("-") for r in ranges.split()]
    return [c for pair in pairs for c in range(int(pair[0], 16), int(pair[-1], 16) + 1)]


# `tokenizers` composes by Unicode 9: marks that are newer do not move there, and 11938 is not
# composed. ICU 72 knows Unicode 15.
NEWER_MARKS = expand(
    "07FD 0898-089F 08CA-08D3 09FE 0C3C 0D3B-0D3C 0EBA 1715 1ABF-1ACE 1DF6-1DFA A82C 10D24-10D27"
    " 10EAB-10EAC 10EFD-10EFF 10F46-10F50 10F82-10F85 11070 1133B 1145E 11839-1183A 11938"
    " 1193D-1193E 11943 119E0 11A34 11A47 11A99 11D42 11D44-11D45 11D97 11F41-11F42 16FF0-16FF1"
    " 1E08F 1E130-1E136 1E2AE 1E2EC-1E2EF 1E4EC-1E4EF"
)
PLANES = [*range(0, 0xD800), *range(0xE000, 0x32400), *range(0xE0000, 0xE1000)]


@pytest.fixture(scope="module")
def unicode_15(tokens):
    version = manifest(tokens)["versions"]["unicode"]
    if version != "15.0":
        pytest.skip(f"ICU here knows Unicode {version}, the lists are for 15.0")


@pytest.mark.usefixtures("unicode_15")
def test_normal_forms_agree_but_for_newer_marks(prep):
    """Alone, decomposed, after a mark of class 240, before one of class 1: seen if it moves."""
    contexts = [
        lambda c: c,
        lambda c: unicodedata.normalize("NFD", c),
        lambda c: "q\u0345" + c,
        lambda c: "q" + c + "\u0334",
    ]
    peer = normalizers.NFC()
    different = set()
    for context in contexts:
        texts = [context(chr(code)) for code in PLANES]
        lines = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
        out = prep("normalize", "--format", "jsonl", "--form", "nfc", "-", input=lines).stdout
        found = [json.loads(line)["text"] for line in out.split(b"\n") if line]
        assert len(found) == len(texts)
        expected = map(peer.normalize_str, texts)
        different |= {code for code, a, b in zip(PLANES, found, expected) if a != b}
    assert sorted(different) == NEWER_MARKS


@pytest.mark.parametrize("rule", ["gpt2", "cl100k", "whitespace"])
def test_splits_agree_about_every_character(prep, rule, tmp_path):
    """Each character before a letter, a digit and a mark: which of them does it join?"""
    (tmp_path / "text").write_text("a b")
    made = tmp_path / "tokenizer.json"
    options = ["--pre-tokenizer", rule, "--form", "none", "--special-tokens", "none"]
    prep("tokenizer", "train", tmp_path / "text", "--vocab-size", 256, *options, "-o", made)
    chunks = [PLANES[start : start + 2000] for start in range(0, len(PLANES), 2000)]
    texts = [
        "".join(f"{chr(code)}a\n{chr(code)}1\n{chr(code)}!\n" for code in chunk) for chunk in chunks
    ]
    source = write_jsonl(tmp_path / "texts.jsonl", [{"text": text} for text in texts])
    prep("tokenize", source, "--tokenizer", made, "-o", tmp_path / "tokens")
    peer = Tokenizer.from_file(str(made)).pre_tokenizer
    different = set()
    rows = table(tmp_path / "tokens")["word_starts"].to_pylist()
    for chunk, text, word_starts in zip(chunks, texts, rows, strict=True):
        assert len(word_starts) == len(text.encode())
        starts = {start for _, (start, _) in peer.pre_tokenize_str(text)}
        place = byte = 0
        for code in chunk:
            width = len(chr(code).encode())
            for _ in "a1!":
                if (place + 1 in starts) != word_starts[byte + width]:
                    different.add(code)
                place += 3
                byte += width + 2
    assert sorted(different) == []
