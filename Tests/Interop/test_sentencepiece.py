# SPDX-License-Identifier: Apache-2.0
"""Ids and token ends of `.model` files against the sentencepiece library.

Quick by default: a sample of each corpus. PREP_FULL=1 takes every document."""

import json

import pytest
from conftest import run
from test_differential_tokenizers import encode, rounded, texts  # noqa: F401

sentencepiece = pytest.importorskip("sentencepiece")

SYMBOLS = ["<mask>", "foo", "▁the", "  ", "é", "漢字"]
AS_IS = {"normalization_rule_name": "identity", "remove_extra_whitespaces": False}
BYTES = {"byte_fallback": True, "character_coverage": 0.98}
KINDS = {
    "plain": {},
    "bytes": BYTES,
    "as-is": {**AS_IS, "split_digits": True},
    "folded": {"normalization_rule_name": "nfkc_cf", "add_dummy_prefix": False},
    "symbols": {**BYTES, "user_defined_symbols": SYMBOLS},
    "blanks": {**BYTES, **AS_IS, "split_by_whitespace": False, "allow_whitespace_only_pieces": True},
    "controls": {"control_symbols": ["<ctl>"], "pad_id": 3, "bos_id": -1, "split_by_unicode_script": False},
}


@pytest.fixture(scope="session")
def model(documents, tmp_path_factory):
    parent, known = tmp_path_factory.mktemp("models"), {}
    lines = [line for record in documents for line in record["text"].split("\n") if line.strip()]

    def make(name, kind):
        path = parent / f"{name}-{kind}.model"
        if path not in known:
            options = {"model_prefix": str(path.with_suffix("")), "model_type": kind, "minloglevel": 2}
            options |= {"vocab_size": 5000, "hard_vocab_limit": False, **KINDS[name]}
            if kind == "bpe":
                del options["hard_vocab_limit"]
            sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), **options)
            known[path] = sentencepiece.SentencePieceProcessor(model_file=str(path))
        return path, known[path]

    return make


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
@pytest.mark.parametrize("name", KINDS)
def test_ids_and_ends_are_those_of_the_library(name, kind, model, texts):  # noqa: F811
    path, library = model(name, kind)
    for text, ours in zip(texts, encode(path, texts, "never")):
        theirs = library.encode(text.encode(), return_type="offset_mapping")
        assert ours["ids"] == theirs["ids"], ascii(text[:80])
        ends = [end for _, end in theirs["offsets"]]
        assert list(rounded(text, ours["ends"])) == ends, ascii(text[:80])


def test_long_texts_are_summed_as_there(model, documents):
    """The library keeps sums of scores in single precision and starts anew at 100,000."""
    path, library = model("plain", "unigram")
    long = "\n".join(record["text"] for record in documents) * 4
    [ours] = encode(path, [long], "never")
    assert ours["ids"] == library.encode(long)


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
@pytest.mark.parametrize("name", ["plain", "bytes", "folded"])
def test_decoding(name, kind, model, texts):  # noqa: F811
    path, library = model(name, kind)
    ids = [library.encode(text) for text in texts]
    ids = [row for row in ids if library.unk_id() not in row]
    assert len(ids) > 100
    out = run("tokenizer", "decode", "--tokenizer", path, input="\n".join(map(json.dumps, ids)).encode()).stdout
    assert [json.loads(line) for line in out.splitlines()] == [library.decode(row) for row in ids]


def test_what_is_not_supported_is_named(documents, tmp_path):
    lines = [record["text"] for record in documents][:20]
    for options, named in [
        ({"treat_whitespace_as_suffix": True}, "treat_whitespace_as_suffix"),
        ({"model_type": "char"}, '"char"'),
        ({"model_type": "word"}, '"word"'),
    ]:
        options = {"vocab_size": 400, "hard_vocab_limit": False, "minloglevel": 2, **options}
        prefix = str(tmp_path / "made")
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_prefix=prefix, **options)
        result = run("tokenizer", "info", "--tokenizer", f"{prefix}.model", status=65)
        assert named in result.stderr
