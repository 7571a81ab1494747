# SPDX-License-Identifier: Apache-2.0
"""Ids and token ends against Hugging Face tokenizers and tiktoken, on real and on hostile text.

Quick by default: a sample of each corpus. PREP_FULL=1 takes every document."""

import json
import random
import unicodedata

import pytest
from conftest import FULL, read_jsonl, run

tokenizers = pytest.importorskip("tokenizers")
from tokenizers import (  # noqa: E402
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)

CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SPACES = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
PREFIX = r"[^\r\n\p{L}\p{N}]?"
SYMBOLS = r"| ?[^\s\p{L}\p{N}]+[\r\n]*"
RULES = {
    "o200k": [
        f"{PREFIX}{UPPER}*{LOWER}+{CONTRACTIONS}?|{PREFIX}{UPPER}+{LOWER}*{CONTRACTIONS}?"
        + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*"
        + SPACES
    ],
    "llama3": [CONTRACTIONS + "|" + PREFIX + r"\p{L}+|\p{N}{1,3}" + SYMBOLS + SPACES],
    "qwen2": [CONTRACTIONS + "|" + PREFIX + r"\p{L}+|\p{N}" + SYMBOLS + SPACES],
    "deepseek": [
        r"\p{N}{1,3}",
        "[一-龥\u3040-ゟ゠-ヿ]+",
        r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
        + r"| ?[\p{P}\p{S}]+[\r\n]*"
        + SPACES,
    ],
}
CLIP = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def byte_level(**options):
    return pre_tokenizers.ByteLevel(**{"add_prefix_space": False, "use_regex": False, **options})


def split(*expressions, behavior="isolated", invert=False, then=None):
    splits = [pre_tokenizers.Split(Regex(e), behavior, invert) for e in expressions]
    return pre_tokenizers.Sequence([*splits, then or byte_level()])


def bpe(pre_tokenizer, normalizer=None, added=(), trainer=None, **model):
    result = Tokenizer(models.BPE(**model))
    result.pre_tokenizer, result.decoder = pre_tokenizer, decoders.ByteLevel()
    if normalizer:
        result.normalizer = normalizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    options = {"vocab_size": 4000, "initial_alphabet": alphabet, "show_progress": False}
    return result, trainers.BpeTrainer(**{**options, **(trainer or {})}), added


def word_piece(normalizer, pre_tokenizer, **model):
    result = Tokenizer(models.WordPiece(unk_token="[UNK]", **model))
    result.normalizer, result.pre_tokenizer = normalizer, pre_tokenizer
    result.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    options = {"vocab_size": 4000, "special_tokens": special, "limit_alphabet": 2000}
    added = [AddedToken("newword"), AddedToken("Ünî", single_word=True)]
    return result, trainers.WordPieceTrainer(show_progress=False, **options), added


BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def characters(normalizer, pre_tokenizer, **model):
    result = Tokenizer(models.BPE(**{"unk_token": "<unk>", "byte_fallback": True, "fuse_unk": True, **model}))
    result.normalizer, result.pre_tokenizer = normalizer, pre_tokenizer
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    result.decoder = decoders.Sequence(steps)
    options = {"vocab_size": 4000, "special_tokens": ["<unk>", "<s>", "</s>", *BYTES], "limit_alphabet": 1500}
    return result, trainers.BpeTrainer(show_progress=False, **options), [AddedToken("newword", rstrip=True)]


def unigram(normalizer, pre_tokenizer, bytes=()):
    result = Tokenizer(models.Unigram())
    result.normalizer, result.pre_tokenizer, result.decoder = normalizer, pre_tokenizer, decoders.Metaspace()
    special = ["<pad>", "<unk>", "</s>", *bytes]
    options = {"vocab_size": 6000, "special_tokens": special, "unk_token": "<unk>"}
    return result, trainers.UnigramTrainer(show_progress=False, **options), [AddedToken("wordy", lstrip=True)]


def kinds():
    pre, norm = pre_tokenizers, normalizers
    for name, expressions in RULES.items():
        yield name, bpe(split(*expressions), ignore_merges=name == "llama3")
    blanks = [AddedToken(" " * count, normalized=True) for count in range(24, 1, -1)]
    yield "neox", bpe(byte_level(use_regex=True), norm.NFC(), blanks)
    masks = [
        AddedToken("<mask>", lstrip=True, special=True, normalized=False),
        AddedToken("wordy", single_word=True),
        AddedToken("Été", single_word=True, normalized=True, rstrip=True),
    ]
    yield "roberta", bpe(byte_level(add_prefix_space=True, use_regex=True), None, masks)
    falcon = [pre.Punctuation("contiguous"), pre.Digits(), pre.Split(Regex("[0-9]{3}"), "isolated")]
    yield "falcon", bpe(pre.Sequence([*falcon, byte_level(use_regex=True)]))
    for behavior in ["merged_with_previous", "merged_with_next", "contiguous", "removed"]:
        for invert in [False, True]:
            expression = r"\p{Lu}?\p{Ll}+| ?\p{N}{2,}|[^\s\p{L}\p{N}]"
            pieces = split(expression, behavior=behavior, invert=invert)
            yield f"split-{behavior}-{invert}", bpe(pieces)
    clip = norm.Sequence([norm.NFC(), norm.Replace(Regex(r"\s+"), " "), norm.Lowercase()])
    pieces = split(CLIP, behavior="removed", invert=True, then=byte_level(use_regex=True))
    special = ["<|startoftext|>", "<|endoftext|>"]
    trainer = {"end_of_word_suffix": "</w>", "special_tokens": special}
    model = {"unk_token": "<|endoftext|>", "end_of_word_suffix": "</w>"}
    yield "clip", bpe(pieces, clip, trainer=trainer, **model)
    cased = norm.BertNormalizer(lowercase=False, strip_accents=False)
    yield "bert-cased", word_piece(cased, pre.BertPreTokenizer())
    yield "bert-uncased", word_piece(norm.BertNormalizer(), pre.BertPreTokenizer())
    steps = [norm.NFKD(), norm.StripAccents(), norm.Lowercase(), norm.Replace("``", '"')]
    parts = [pre.Whitespace(), pre.Punctuation("merged_with_next"), pre.Digits(True)]
    yield "words", word_piece(norm.Sequence(steps), pre.Sequence(parts))
    parts = [pre.WhitespaceSplit(), pre.Split("-", "merged_with_previous"), pre.Punctuation("removed")]
    yield "blanks", word_piece(norm.NFKC(), pre.Sequence(parts), max_input_chars_per_word=10**9)
    marks = norm.Sequence([norm.Prepend("▁"), norm.Replace(" ", "▁")])
    yield "llama", characters(marks, pre.Split("▁", "merged_with_next"))
    yield "llama-whole", characters(norm.NFKC(), pre.Metaspace(prepend_scheme="first"), ignore_merges=True)
    yield "gemma", characters(norm.Replace(" ", "▁"), pre.Split(" ", "merged_with_previous"), fuse_unk=False)
    nmt = norm.Sequence([norm.Nmt(), norm.NFKC(), norm.Replace(Regex(" {2,}"), " ")])
    yield "albert", unigram(nmt, pre.Metaspace())
    strip = norm.Sequence([norm.Strip(), norm.NFKD(), norm.StripAccents(), norm.Lowercase()])
    yield "xlm", unigram(strip, pre.Sequence([pre.WhitespaceSplit(), pre.Metaspace()]))
    yield "unigram-bytes", unigram(norm.NFC(), pre.Metaspace(prepend_scheme="never"), BYTES)
KINDS = dict(kinds())

POOLS = [
    list("aZ09 '\n\r\t.,-_/`\"sdmtrevlSDMTREVL"),
    [" ", "  ", "\n\n", "\r\n", " \n", "\xa0", "\u3000", "\u2028", "\x85", "\u200b", "\ufeff", "\u180e"],
    list("éÉñßſİıΣςǅǆµªºʰ"),
    ["\u0301", "\u0323", "\u0345", "\u20dd", "\u093f", "\u094d", "\u0300\u0323"],
    list("漢字かなカナー゛・一龥龦한글각"),
    list("กขฯะาำเ ແລ"),
    list("٣४Ⅷ²½①〇№™ﬁﬀＡ１！～ￄ"),
    list("👍🏽👨\u200d👩🇫🇮"),
    ["'s", "'S", "'ſ", "'ll", "'LL", "'Ve", "don't", "##ing", "</w>", "Ġ"],
    ["\x00", "\x01", "\x7f", "\x85", "\xad", "\ufffd", "\ue000", "\U000e0001"],
    list("АаЁёЙйאָבּनमस्ते"),
    ["newword", "wordy", "[MASK]", "<mask>", "Été", "Ünî", "<|endoftext|>"],
    ["ABC", "Abc", "aBc", "iPhone", "漢A", "A漢a", "Aʰb"],
]


def grown(seed, count):
    """Random strings around the boundaries of classes, then over all scalars that Python knows."""
    draw = random.Random(seed)
    for _ in range(count):
        pools = draw.sample(POOLS, draw.choice([1, 2, 3, 5]))
        length = draw.choice([1, 2, 3, 5, 8, 13, 30])
        yield "".join(draw.choice(draw.choice(pools)) for _ in range(length))
    planes = [(0x20, 0x3000), (0x3000, 0xD800), (0xE000, 0x20000), (0x1F000, 0x1FB00)]
    for _ in range(count // 2):
        text = "".join(chr(draw.randrange(*draw.choice(planes))) for _ in range(draw.randrange(1, 12)))
        if all(unicodedata.category(scalar) != "Cn" for scalar in text):
            yield text


@pytest.fixture(scope="session")
def texts(documents, shared):
    result = [record["text"] for record in documents]
    result += list(grown(1, 20_000 if FULL else 2_000))
    result += json.loads(shared("hostile/blns.json").read_text("utf-8"))
    for name in ["english/inaugural", "code/code", "multilingual/udhr", "multilingual/tldr"]:
        records = read_jsonl(shared(f"{name}.jsonl.zst"))
        result += [record["text"] for record in records[:: 1 if FULL else len(records) // 8]]
    return [text for text in result if text]


@pytest.fixture(scope="session")
def built(documents, tmp_path_factory):
    """Makes tokenizers with the library, each once, and saves them."""
    parent, known = tmp_path_factory.mktemp("built"), {}

    def build(name):
        if name not in known:
            result, trainer, added = KINDS[name]
            result.train_from_iterator((record["text"] for record in documents), trainer)
            result.add_tokens(list(added))
            result.save(str(parent / f"{name}.json"))
            known[name] = parent / f"{name}.json"
        return known[name]

    return build


def encode(path, texts, mode, *options):
    lines = "\n".join(json.dumps(text) for text in texts) + "\n"
    arguments = ["--tokenizer", path, "--ends", "--added-tokens", mode, *options]
    out = run("tokenizer", "encode", *arguments, input=lines.encode()).stdout
    return [json.loads(line) for line in out.splitlines()]


def library(path, mode):
    document = json.loads(path.read_bytes())
    document["post_processor"] = None  # trims what it reports
    if mode == "never":
        document["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(document))


def rounded(text, ends):
    """Ends inside a character, at the character's end: the library counts characters."""
    data = text.encode()
    for end in ends:
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end += 1
        yield end


def byte_ends(text, encoding):
    places = [0]
    for scalar in text:
        places.append(places[-1] + len(scalar.encode()))
    return [places[end] for _, end in encoding.offsets]


def unigram_specials(path):
    """The special tokens of a Unigram, which are pieces like any other to the library's, never to ours."""
    document = json.loads(path.read_bytes())
    tokens = document["added_tokens"] if isinstance(document["model"]["vocab"], list) else []
    return {token["content"]: token["id"] for token in tokens if token["special"]}


def compare(path, texts, mode):
    specials = unigram_specials(path) if mode == "never" else {}
    theirs = library(path, mode).encode_batch(texts, add_special_tokens=False)
    for text, ours, encoding in zip(texts, encode(path, texts, mode), theirs):
        if any(special in text for special in specials):
            written = {id for special, id in specials.items() if special in text and special != "<unk>"}
            assert not written & set(ours["ids"]), ascii(text[:80])
            continue
        assert ours["ids"] == encoding.ids, ascii(text[:80])
        assert list(rounded(text, ours["ends"])) == byte_ends(text, encoding), ascii(text[:80])


@pytest.mark.parametrize("mode", ["never", "matched"])
@pytest.mark.parametrize("name", KINDS)
def test_ids_and_ends_are_those_of_tokenizers(name, mode, texts, built):
    path = built(name)
    compare(path, texts, mode)


@pytest.mark.parametrize("mode", ["never", "matched"])
@pytest.mark.parametrize("name", ["bert-base-uncased/bert-base-uncased.", "t5-small/", "gpt2/"])
def test_published_tokenizers(name, mode, texts, shared):
    compare(shared(f"tokenizers/{name}tokenizer.json"), texts, mode)


def test_a_vocabulary_file_is_the_tokenizer_that_it_belongs_to(texts, shared):
    folder = "tokenizers/bert-base-uncased/bert-base-uncased"
    text, file = shared(f"{folder}-vocab.txt"), shared(f"{folder}.tokenizer.json")
    assert encode(text, texts, "never") == encode(file, texts, "never")


@pytest.mark.parametrize("name, rule", [("gpt2/r50k_base", "gpt2"), ("cl100k/cl100k_base", "cl100k")])
def test_tiktoken_vocabularies(name, rule, texts, shared):
    tiktoken = pytest.importorskip("tiktoken")
    from tiktoken.load import load_tiktoken_bpe

    path = shared(f"tokenizers/{name}.tiktoken")
    expression = {
        "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        "cl100k": RULES["llama3"][0],
    }[rule]
    ranks = load_tiktoken_bpe(str(path))
    theirs = tiktoken.Encoding(name=rule, pat_str=expression, mergeable_ranks=ranks, special_tokens={})
    for text, ours in zip(texts, encode(path, texts, "never", "--pre-tokenizer", rule)):
        assert ours["ids"] == theirs.encode_ordinary(text), ascii(text[:80])


def long_words(size):
    draw = random.Random(5)
    words = ["a" * size, " " * size, "\n" * size, "漢" * (size // 3), "1" * size, "\u0301" * (size // 2)]
    return [*words, "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=size))]


LONG = ["o200k", "clip", "falcon", "bert-cased", "blanks", "llama-whole", "albert"]


@pytest.mark.parametrize("name", LONG)
def test_long_words_are_those_of_tokenizers(name, built):
    words = long_words(2_000)
    theirs = library(built(name), "never").encode_batch(words, add_special_tokens=False)
    for word, ours, encoding in zip(words, encode(built(name), words, "never"), theirs):
        assert ours["ids"] == encoding.ids, word[:10]


@pytest.mark.parametrize("name", LONG)
def test_a_long_word_takes_no_quadratic_time(name, built):
    """The library would take hours for some; the first tokens are the same for a shorter word."""
    sizes = 30_000, 1_000_000
    for short, long in zip(*map(long_words, sizes)):
        ids, more = (
            json.loads(run("tokenizer", "encode", "--tokenizer", built(name), input=json.dumps(word).encode()).stdout)
            for word in (short, long)
        )
        assert len(ids) <= 2 or len(more) > 30 * len(ids) and ids[:20] == more[:20], short[:10]
