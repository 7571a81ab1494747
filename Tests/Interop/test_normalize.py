# SPDX-License-Identifier: Apache-2.0
"""`prep normalize` does what Python's unicodedata does, on real text and on every character."""

import json
import unicodedata

import pyarrow as pa
import pytest
from conftest import read_jsonl, write_jsonl

FORMS = ["NFC", "NFD", "NFKC", "NFKD"]


def normalize(prep, source, *options, **more):
    out = prep("normalize", source, *options, **more).stdout
    return [json.loads(line) for line in out.split(b"\n") if line]


@pytest.mark.parametrize("form", FORMS)
def test_real_text_in_many_scripts(prep, documents, shared, tmp_path, form):
    texts = [document["text"] for document in documents]
    for name in ("udhr_nfc", "udhr_nfd", "udhr_mixed"):
        with pa.input_stream(str(shared(f"multilingual/{name}.txt.zst"))) as stream:
            texts += stream.read().decode("utf-8").split("\n\n")
    texts += [r["text"] for r in read_jsonl(shared("multilingual/hebrew_niqqud.jsonl.zst"))]
    source = write_jsonl(tmp_path / "texts.jsonl", [{"text": t} for t in texts if t])
    found = [r["text"] for r in normalize(prep, source, "--form", form.lower())]
    assert found == [unicodedata.normalize(form, text) for text in texts if text]


@pytest.mark.parametrize("form", FORMS)
def test_every_character_that_python_knows(prep, form):
    """By itself, and after and before marks that would have to change places with it."""
    known = [
        chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")
    ]
    texts = [t for c in known for t in (c, "q\u0345" + c, "q" + c + "\u0334")]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
    options = ["--format", "jsonl", "--form", form.lower()]
    found = [record["text"] for record in normalize(prep, "-", *options, input=lines)]
    expected = [unicodedata.normalize(form, text) for text in texts]
    assert [(t, f) for t, f, e in zip(texts, found, expected, strict=True) if f != e] == []


def test_ids_and_kept_fields_survive(prep, corpus, documents):
    found = normalize(prep, corpus[0], "--keep-field", "lang")
    records = read_jsonl(corpus[0])
    assert [(r["id"], r["lang"]) for r in found] == [(r["id"], r["lang"]) for r in records]


def test_text_comes_out_as_text(prep, corpus):
    path = sorted(corpus[1].iterdir())[0]
    out = prep("normalize", path, "--form", "nfd").stdout.decode("utf-8")
    assert out.rstrip("\n") == unicodedata.normalize("NFD", path.read_text("utf-8")).rstrip("\n")


def test_the_output_is_the_same_for_any_threads(prep, corpus):
    outputs = {prep("normalize", *corpus[:1], "--threads", n).stdout for n in (1, 2, 5)}
    assert len(outputs) == 1 and outputs.pop()


def test_normalizing_twice_changes_nothing(prep, corpus, tmp_path):
    for form in ("nfc", "nfkc", "nfkc-casefold"):
        once = prep("normalize", corpus[0], "--form", form).stdout
        (tmp_path / "once.jsonl").write_bytes(once)
        assert prep("normalize", tmp_path / "once.jsonl", "--form", form).stdout == once


@pytest.mark.parametrize(
    "options,text,expected",
    [
        (["--lowercase"], "ÀÉ Straße ΟΔΟΣ", "àé straße οδος"),
        (["--strip-accents"], "Crème brûlée, Ångström", "Creme brulee, Angstrom"),
        (["--form", "nfkc-casefold"], "Straße ﬁn Ⅷ", "strasse fin viii"),
        (["--clean-whitespace"], "a\r\nb\u00a0\u00a0c   de\x07f", "a\nb c def"),
        (["--form", "none"], "e\u0301", "e\u0301"),
    ],
)
def test_steps(prep, options, text, expected):
    line = (json.dumps({"text": text}) + "\n").encode()
    [record] = normalize(prep, "-", "--format", "jsonl", *options, input=line)
    assert record["text"] == expected
