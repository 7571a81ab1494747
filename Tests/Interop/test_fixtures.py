# SPDX-License-Identifier: Apache-2.0
"""The fixtures are what Fixtures/README.md says they are."""

import hashlib
import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

FIXTURES = Path(__file__).resolve().parents[2] / "Fixtures"
CORPUS = FIXTURES / "corpus"
MICROWORLD = FIXTURES / "microworld.py"


def records(name):
    lines = (CORPUS / name).read_bytes().split(b"\n")
    assert lines.pop() == b"", "the last line ends with a newline"
    return [json.loads(line.decode("utf-8")) for line in lines]


def microworld(*arguments):
    return subprocess.run([sys.executable, str(MICROWORLD), *arguments], capture_output=True)


@pytest.fixture
def episodes():
    out = microworld("--seed", "7", "--documents", "200").stdout
    return [json.loads(line) for line in out.decode("utf-8").splitlines()]


def test_documents_are_complete():
    documents = records("documents.jsonl")
    assert len(documents) == 70
    assert len({document["id"] for document in documents}) == 70
    assert len({document["text"] for document in documents}) == 70
    for document in documents:
        assert document["text"] == unicodedata.normalize("NFC", document["text"]).strip()
        assert document["meta"]["title"] and document["meta"]["kind"]
        assert document["meta"]["collection"]["name"] == "prep fixtures"


def test_documents_span_languages_and_scripts():
    documents = records("documents.jsonl")
    languages = [document["lang"] for document in documents]
    assert len(set(languages)) == 34
    assert languages.count("en") == 31
    letters = {unicodedata.name(c).split()[0] for d in documents for c in d["text"] if c.isalpha()}
    assert letters >= {
        "LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW", "DEVANAGARI", "BENGALI", "TAMIL", "THAI", "GEORGIAN",
        "HIRAGANA", "KATAKANA", "CJK", "HANGUL",
    }  # fmt: skip


def test_the_corpus_is_small_but_not_tiny():
    size = sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file())
    assert 150_000 <= size <= 250_000


def test_one_note_is_hard_wrapped():
    lines = (CORPUS / "notes" / "canal-walk.txt").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 72
    assert sum(60 <= len(line) for line in lines) > len(lines) // 2
    for path in (CORPUS / "notes").glob("*.txt"):
        path.read_bytes().decode("utf-8")


def test_hostile_documents_are_valid_and_hostile():
    documents = records("hostile.jsonl")
    assert len(documents) == 54
    assert all(isinstance(document["text"], str) for document in documents)
    texts = [document["text"] for document in documents]
    everything = "".join(texts)
    for character in "\0\r\u200b\u200d\u202e\ufeff\U0001f600":
        assert character in everything
    for name in ("<|endoftext|>", "[MASK]", "<extra_id_0>"):
        assert name in everything
    assert any("\ud800" <= character <= "\udfff" for character in everything), "a lone surrogate"
    assert any(text != unicodedata.normalize("NFC", text) for text in texts)
    assert any(len(text) == 2000 and text.isalpha() for text in texts)
    assert "" in texts and any(text and not text.strip() for text in texts)
    assert len(set(texts)) < len(texts), "a duplicate"
    assert set(texts) & {document["text"] for document in records("documents.jsonl")}
    assert any("id" not in document for document in documents)
    assert any(isinstance(document.get("id"), (int, float)) for document in documents)


def test_malformed_files_are_malformed():
    lines = (FIXTURES / "malformed" / "line3.jsonl").read_bytes().splitlines()
    json.loads(lines[0]), json.loads(lines[1]), json.loads(lines[3])
    with pytest.raises(ValueError):
        json.loads(lines[2])
    missing = [json.loads(line) for line in (FIXTURES / "malformed" / "missing-text.jsonl").read_bytes().splitlines()]
    assert [isinstance(record.get("text"), str) for record in missing] == [True, False, False]
    for name, encoding in (("invalid-utf8.txt", None), ("latin1.txt", "latin-1"), ("utf16.txt", "utf-16")):
        content = (FIXTURES / "malformed" / name).read_bytes()
        with pytest.raises(UnicodeDecodeError):
            content.decode("utf-8")
        if encoding:
            assert "\n" in content.decode(encoding)


def test_microworld_is_deterministic():
    first, second = (microworld("--seed", "7", "--documents", "50").stdout for _ in range(2))
    assert first == second
    assert hashlib.sha256(first).hexdigest() == "5a770560a9ca22eec6294e597afcc0af392539365d545c09c7d5e6240dc8fae5"
    assert microworld("--seed", "7", "--documents", "60").stdout.startswith(first)
    assert microworld("--seed", "8", "--documents", "50").stdout != first


def test_microworld_is_consistent():
    result = microworld("--seed", "11", "--documents", "500", "--check")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(b"500 episodes, ")


def test_the_checker_notices_what_is_false(episodes, tmp_path):
    """Exchange the halves of the first paragraph: nothing may be used before it is introduced."""
    path = tmp_path / "world.jsonl"
    for episode in episodes[:20]:
        opening, _, rest = episode["text"].partition("\n\n")
        hour, *sentences = opening.split(". ")
        half = len(sentences) // 2
        sentences[-1] = sentences[-1].rstrip(".")
        shuffled = ". ".join([hour, *sentences[half:], *sentences[:half]]) + "."
        false = dict(episode, text=shuffled + "\n\n" + rest)
        path.write_text(json.dumps(false) + "\n", encoding="utf-8")
        result = microworld("--check", str(path))
        assert result.returncode == 1
        assert result.stderr.decode().startswith(episode["id"])
        assert b"cannot be read" not in result.stderr


@pytest.mark.parametrize(
    "lie",
    [
        "Ada picked up the bell.",  # it is in the closed chest
        "Ada lowered the lid of the chest.",  # it is closed
        "Ada went back to the mill.",  # never was there
        "The bell was in the barn.",
        "The bell was red.",
        "Otto had nothing in his hands.",
        "Otto gave the cup to Ada.",  # who is elsewhere
        "Being tidy, Otto went to the barn.",  # he is restless
        "Where was Otto? In the barn.",
        "Was the chest open? Yes.",
        "How many things did Otto have? Two.",
        "She was in the barn. He was at the mill.",  # who is he?
        "Otto asked Ada for the bell.",
        "Zora was in the barn.",  # who is that?
    ],
)
def test_the_checker_knows_a_lie(lie, tmp_path):
    """A short day by hand: true as it stands, false with one sentence more."""
    path = tmp_path / "world.jsonl"
    told = (
        "It was a clear morning. Ada, a tidy baker, was in the barn. Otto, a restless miller, was at the mill. "
        "There was an oaken chest in the barn, and the lid was closed. There was a green bell in the chest. "
        "Otto carried a red cup. {}Otto had the cup. Ada was in the barn. The chest was closed. "
        "Where was the cup? Otto had it at the mill. What colour was it? Red. "
        "Who had the bell? Nobody. In the end, Otto was at the mill. The bell was in the chest."
    )
    for extra, status in (("", 0), (lie + " ", 1)):
        path.write_text(json.dumps({"id": "day", "text": told.format(extra)}) + "\n", encoding="utf-8")
        result = microworld("--check", str(path))
        assert result.returncode == status, result.stderr
        assert b"cannot be read" not in result.stderr


def test_episodes_keep_to_their_length(episodes):
    for episode in episodes:
        assert set(episode) == {"id", "text", "lang"}
        endings = sum(episode["text"].count(mark) for mark in ".?")
        assert 15 <= endings <= 60
