# SPDX-License-Identifier: Apache-2.0
"""Tokenizer files that are damaged, or lie, give an error that names the fault: no trap, little memory.

Quick by default: some hundred mutations. PREP_FULL=1 tries twenty times as many."""

import base64
import json
import random
import subprocess
import sys
import tempfile
from copy import deepcopy

import pytest
from conftest import FULL, binary
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

ROUNDS = 20 if FULL else 1
TEXTS = ["", "a b the The é 漢字 <s> </s>", "ab" * 200, "\x00\u0301 \ufdfa 12 345!?"]
LIMIT = 400 << 20  # bytes of memory, for files of a few kilobytes
# A process inherits the peak of the one that forks it, so a small one in between has to measure.
LAUNCHER = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def attempt(path, *options):
    """Encodes with a tokenizer; gives the exit status, the message and the most memory in use."""
    lines = "".join(json.dumps(text) + "\n" for text in TEXTS).encode()
    command = [str(binary()), "tokenizer", "encode", "--ends", "--tokenizer", str(path), *options]
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as errors:
        source.write(lines)
        source.seek(0)
        result = subprocess.run(
            [sys.executable, "-S", "-c", LAUNCHER, *command],
            stdin=source, stdout=subprocess.PIPE, stderr=errors, check=True,
        )  # fmt: skip
        errors.seek(0)
        status, memory = map(int, result.stdout.split())
        return status, errors.read().decode(), memory << 10


def check(path, *options, what=None, good=True):
    status, message, memory = attempt(path, *options)
    assert status == 65 or (good and status == 0), (what, status, message)
    assert memory < LIMIT, (what, memory)
    if status == 65:
        assert message.startswith(f"prep: error: {path}"), (what, message[:2000])
        assert len(message) < 1500 and message.count("\n") <= 2, (what, message[:2000])
    return message


def trained(model, trainer, normalizer, pre_tokenizer, decoder):
    result = Tokenizer(model)
    result.normalizer, result.pre_tokenizer, result.decoder = normalizer, pre_tokenizer, decoder
    result.train_from_iterator(["the cat and the hat", "ab abab é 漢字 12"] * 9, trainer)
    return json.loads(result.to_str())


def documents():
    options = {"vocab_size": 340, "show_progress": False}
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    yield "bytes", trained(
        models.BPE(),
        trainers.BpeTrainer(initial_alphabet=alphabet, special_tokens=["<s>"], **options),
        normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()]),
        pre_tokenizers.Sequence([pre_tokenizers.Digits(), pre_tokenizers.ByteLevel()]),
        decoders.ByteLevel(),
    )
    spelled = [f"<0x{byte:02X}>" for byte in range(256)]
    yield "characters", trained(
        models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True),
        trainers.BpeTrainer(special_tokens=["<unk>", "<s>", *spelled], **options),
        normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
        pre_tokenizers.Split("▁", "merged_with_next"),
        decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]),
    )
    yield "pieces", trained(
        models.WordPiece(unk_token="[UNK]"),
        trainers.WordPieceTrainer(special_tokens=["[UNK]", "[CLS]"], **options),
        normalizers.BertNormalizer(),
        pre_tokenizers.BertPreTokenizer(),
        decoders.WordPiece(),
    )
    yield "unigram", trained(
        models.Unigram(),
        trainers.UnigramTrainer(special_tokens=["<unk>", "</s>"], unk_token="<unk>", **options),
        normalizers.NFKC(),
        pre_tokenizers.Metaspace(),
        decoders.Metaspace(),
    )


DOCUMENTS = dict(documents())
VALUES = [None, True, -1, 0, 2**31, 2**63, 1e308, "", "a", " ", "▁" * 3, "x" * 70_000, [], [[]], {}]
VALUES += [{"type": "NFC"}, {"type": "Sequence"}, {"Regex": "(a*)*b"}, {"Regex": "["}, ["a", "b"]]


def places(value, path=()):
    """Paths to all values, few of long lists."""
    yield path
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    else:
        return
    for key, inner in entries[:8] + entries[-3:]:
        yield from places(inner, (*path, key))


def changed(document, path, value):
    result = deepcopy(document)
    if not path:
        return value
    parent = result
    for key in path[:-1]:
        parent = parent[key]
    if value is Ellipsis:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return result


@pytest.mark.parametrize("name", DOCUMENTS)
def test_values_of_another_kind(name, tmp_path):
    draw = random.Random(name)
    document = DOCUMENTS[name]
    everywhere = list(places(document))
    path = tmp_path / "tokenizer.json"
    for _ in range(60 * ROUNDS):
        place, value = draw.choice(everywhere), draw.choice([*VALUES, Ellipsis])
        path.write_text(json.dumps(changed(document, place, value)))
        check(path, what=(place, value))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_bytes_that_are_lost_or_changed(name, tmp_path):
    draw = random.Random(name)
    whole = json.dumps(DOCUMENTS[name]).encode()
    path = tmp_path / "tokenizer.json"
    for _ in range(10 * ROUNDS):
        path.write_bytes(whole[: draw.randrange(len(whole))])
        check(path, good=False)
        damaged = bytearray(whole)
        for _ in range(draw.choice([1, 3, 20])):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        path.write_bytes(damaged)
        check(path)


def set_model(**members):
    def change(document):
        document["model"].update(members)

    return change


def two_tokens_with_one_id(document):
    vocabulary = document["model"]["vocab"]
    first, second = list(vocabulary)[-2:]
    vocabulary[first] = vocabulary[second]


def merges(*pairs):
    def change(document):
        document["model"]["merges"] = [list(pair) for pair in pairs]

    return change


def id_out_of_range(number):
    def change(document):
        document["model"]["vocab"]["zzz"] = number

    return change


def added(**members):
    def change(document):
        token = {"id": 5, "content": "zzz", "special": True, **members}
        document["added_tokens"] = [token, {**token, "content": "yyy"}]

    return change


@pytest.mark.parametrize("name", ["bytes", "characters"])
@pytest.mark.parametrize(
    "change",
    [
        two_tokens_with_one_id,
        merges(("a", "b"), ("ab", "a"), ("a", "ba"), ("aba", "aba")),  # spells what is not there
        merges(("t", "h"), ("t", "h")),
        merges(("", "h")),
        merges(("t", "h", "e")),
        id_out_of_range(2**31),
        id_out_of_range(2**32 + 1),
        id_out_of_range(2**62),
        id_out_of_range(-7),
        id_out_of_range(1.5),
        id_out_of_range("7"),
        added(),
        added(id=-1),
        added(id=2**40),
        added(content=""),
        set_model(type="BPE2"),
        set_model(vocab=[]),
        set_model(merges={}),
        set_model(dropout=0.1),
    ],
)
def test_models_that_contradict_themselves(name, change, tmp_path):
    document = deepcopy(DOCUMENTS[name])
    change(document)
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(document))
    check(path, good=False)


def test_an_id_far_away_takes_no_memory_for_those_between(tmp_path):
    for name in ["bytes", "characters", "pieces"]:
        document = deepcopy(DOCUMENTS[name])
        id_out_of_range(2**31 - 10)(document)
        (tmp_path / "tokenizer.json").write_text(json.dumps(document))
        check(tmp_path / "tokenizer.json", what=name)


@pytest.mark.parametrize("text", ["[" * 3_000_000, '{"model":' * 500_000, '{"a":[' * 500_000])
def test_deep_nesting(text, tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(text)
    assert "nest" in check(path, good=False)


def test_sequences_within_sequences(tmp_path):
    for key, inner in [("normalizer", "normalizers"), ("pre_tokenizer", "pretokenizers"), ("decoder", "decoders")]:
        value = "{}"
        for _ in range(20_000):
            value = f'{{"type":"Sequence","{inner}":[{value}]}}'
        document = json.dumps({**DOCUMENTS["bytes"], key: "HERE"}).replace('"HERE"', value)
        (tmp_path / "tokenizer.json").write_text(document)
        check(tmp_path / "tokenizer.json", good=False)


def test_charsmaps_that_lie(tmp_path):
    draw = random.Random(4)
    for _ in range(20 * ROUNDS):
        units = draw.choice([0, 1, 255, 256, 1000])
        blob = (4 * units).to_bytes(4, "little") if draw.random() < 0.8 else draw.randbytes(4)
        blob += draw.randbytes(4 * units + draw.choice([0, 1, 9]))
        step = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(blob).decode()}
        document = {**DOCUMENTS["unigram"], "normalizer": step}
        (tmp_path / "tokenizer.json").write_text(json.dumps(document))
        check(tmp_path / "tokenizer.json")


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_sentencepiece_files(kind, tmp_path):
    sentencepiece = pytest.importorskip("sentencepiece")
    lines = ["the cat and the hat sat", "ab abab é 漢字 12 345"] * 20
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_prefix=str(tmp_path / "made"),
        model_type=kind,
        vocab_size=320,
        byte_fallback=True,
        minloglevel=2,
        hard_vocab_limit=False,
    )
    whole = (tmp_path / "made.model").read_bytes()
    path = tmp_path / "damaged.model"
    draw = random.Random(kind)
    for _ in range(40 * ROUNDS):
        damaged = bytearray(whole)
        # The pieces stand at the beginning, the settings at the end.
        reach = draw.choice([200, len(damaged)])
        for _ in range(draw.choice([1, 1, 2, 10])):
            at = draw.randrange(reach) if draw.random() < 0.5 else len(damaged) - 1 - draw.randrange(200)
            damaged[at] = draw.choice([0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)])
        path.write_bytes(damaged)
        check(path)
        path.write_bytes(whole[: draw.randrange(len(whole))])
        check(path)
    for claim in [b"\x0a\xff\xff\xff\xff\x03", b"\x0a\x80\x80\x80\x80\x04" + b"a" * 99, b"\xff" * 20, b""]:
        path.write_bytes(claim)
        check(path, good=False)


def test_rank_files_and_vocabulary_files(tmp_path):
    draw = random.Random(6)
    ranks = [bytes([byte]) for byte in range(256)] + [b"th", b"the", b"an", b"and"]
    lines = [f"{base64.b64encode(token).decode()} {rank}" for rank, token in enumerate(ranks)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "##e", "a", "b", "##b", "é"]
    for name, whole, options in [
        ("a.tiktoken", "\n".join(lines).encode(), ["--pre-tokenizer", "gpt2"]),
        ("vocab.txt", "\n".join(words).encode(), []),
    ]:
        path = tmp_path / name
        for _ in range(40 * ROUNDS):
            damaged = bytearray(whole)
            for _ in range(draw.choice([1, 1, 3, 30])):
                damaged[draw.randrange(len(damaged))] = draw.choice([0, 10, 13, 32, 61, 255, draw.randrange(256)])
            path.write_bytes(damaged[: draw.choice([len(damaged), draw.randrange(len(damaged))])])
            check(path, *options)
    (tmp_path / "a.tiktoken").write_text("\n".join(lines) + "\nYWI= 999999999999\n")
    check(tmp_path / "a.tiktoken", "--pre-tokenizer", "gpt2", good=False)
    (tmp_path / "vocab.txt").write_text("a\nb\n")  # without a token for unknown words
    check(tmp_path / "vocab.txt", good=False)
