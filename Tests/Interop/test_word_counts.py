# SPDX-License-Identifier: Apache-2.0
"""Counting words on many machines, within little memory, and training from the counts."""

import json
from collections import Counter

import pyarrow as pa
import pytest
from conftest import run
from tokenizers import Tokenizer, models, pre_tokenizers, trainers


def rows(path):
    table = pa.ipc.open_file(path).read_all()
    return dict(zip(table["word"].to_pylist(), table["count"].to_pylist())), table.schema.metadata


def count(inputs, output, *options):
    run("tokenizer", "count", *inputs, "--form", "none", *options, "-o", output)
    return rows(output)


def test_the_counts_are_those_of_the_pieces_that_tokenizers_makes(corpus, documents, tmp_path):
    found, metadata = count(corpus, tmp_path / "counts.arrow")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    expected = Counter()
    for document in documents:
        expected.update(
            document["text"][start:end].encode()
            for _, (start, end) in byte_level.pre_tokenize_str(document["text"])
        )
    assert found == expected and list(found) == sorted(found)
    assert metadata[b"prep:kind"] == b"word-counts" and metadata[b"prep:pre_tokenizer"] == b"gpt2"
    assert int(metadata[b"prep:documents"]) == len(documents)
    assert int(metadata[b"prep:text_bytes"]) == sum(len(d["text"].encode()) for d in documents)


def test_counts_are_the_same_for_any_threads_and_any_memory(real_text, tmp_path):
    paths = [tmp_path / f"{name}.arrow" for name in "abc"]
    count(real_text[1:], paths[0], "--threads", 1)
    count(real_text[1:], paths[1], "--threads", 3)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    count(real_text[1:], paths[2], "--memory", 2, "--temporary", temporary)
    assert paths[0].read_bytes() == paths[1].read_bytes() == paths[2].read_bytes()
    assert list(temporary.iterdir()) == []


def test_training_from_counts_of_parts_is_training_from_the_whole(corpus, tokenizer, tmp_path):
    parts = []
    for index, path in enumerate([corpus[0], *sorted(corpus[1].iterdir())]):
        parts.append(tmp_path / f"{index}.arrow")
        run("tokenizer", "count", path, "-o", parts[-1])
    run("tokenizer", "train", *parts, "--vocab-size", 2000, "-o", tmp_path / "made.json")
    assert (tmp_path / "made.json").read_bytes() == tokenizer.read_bytes()
    # Also where what was counted does not fit into memory.
    run("tokenizer", "train", *corpus, "--memory", 8, "--vocab-size", 2000, "-o", tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == tokenizer.read_bytes()


def test_rare_words_are_left_out_where_memory_ends_and_that_is_said(real_text, tmp_path):
    options = ["--vocab-size", 2000, "--form", "none", "--json"]
    made = tmp_path / "made.json"
    result = run("tokenizer", "train", *real_text, "--memory", 4, *options, "-o", made)
    facts = json.loads(result.stdout)
    found, _ = count(real_text, tmp_path / "counts.arrow")
    least = facts["least_word_count"]
    assert least > 1 and facts["different_words"] == len(found)
    assert facts["words_left_out"] == sum(number < least for number in found.values())
    assert f"occur less than {least} times" in result.stderr
    kept = [word for word, number in found.items() if number >= least]
    assert sum(48 + 24 * len(word) for word in kept) <= 4 << 20
    # The same words alone give the same tokenizer.
    again = tmp_path / "again.json"
    run("tokenizer", "train", tmp_path / "counts.arrow", "--memory", 4, *options, "-o", again)
    assert again.read_bytes() == made.read_bytes()


def peer(texts, size, **options):
    result = Tokenizer(models.BPE())
    result.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    options = {"vocab_size": size, "min_frequency": 2, "show_progress": False, **options}
    result.train_from_iterator(texts, trainers.BpeTrainer(**options))
    return json.loads(result.to_str())["model"]


@pytest.mark.parametrize("length", [None, 3, 5, 9])
@pytest.mark.parametrize("alphabet", ["bytes", "seen"])
def test_token_length_and_alphabet_are_those_of_tokenizers(length, alphabet, corpus, documents, tmp_path):
    texts = [document["text"] for document in documents if document["text"].isascii()]
    source = tmp_path / "texts.jsonl"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    initial = pre_tokenizers.ByteLevel.alphabet() if alphabet == "bytes" else []
    theirs = peer(texts, 1500, initial_alphabet=initial, max_token_length=length)
    options = ["--special-tokens", "none", "--form", "none", "--initial-alphabet", alphabet]
    options += ["--max-token-length", length] if length else []
    made = tmp_path / "made.json"
    run("tokenizer", "train", source, "--vocab-size", 1500, *options, "-o", made)
    ours = json.loads(made.read_bytes())["model"]
    split = [merge if isinstance(merge, list) else merge.split(" ") for merge in ours["merges"]]
    assert split == [merge if isinstance(merge, list) else merge.split(" ") for merge in theirs["merges"]]
    assert ours["vocab"] == theirs["vocab"]
    if alphabet == "seen":
        assert len([token for token in ours["vocab"] if len(token) == 1]) < 256
        result = run("tokenizer", "encode", "--tokenizer", made, input='"語"'.encode(), status=65)
        assert "no token for byte" in result.stderr


def test_the_summary_measures_what_was_trained_on(corpus, documents, tmp_path):
    made = tmp_path / "made.json"
    options = ["--vocab-size", 2000, "--form", "none", "--json"]
    facts = json.loads(run("tokenizer", "train", *corpus, *options, "-o", made).stdout)
    library = Tokenizer.from_file(str(made))
    texts = [document["text"] for document in documents]
    tokens = sum(len(library.encode(text, add_special_tokens=False).ids) for text in texts)
    size = sum(len(text.encode()) for text in texts)
    assert facts["tokens"] == tokens and facts["text_bytes"] == size
    assert facts["bytes_per_token"] == pytest.approx(size / tokens, abs=1e-4)
    assert [source["source"] for source in facts["sources"]] == list(map(str, corpus))
    words = sum(len(text.split()) for text in texts)
    assert sum(source["sample_words"] for source in facts["sources"]) == words
    assert sum(source["sample_tokens"] for source in facts["sources"]) == tokens
    assert len(facts["longest_tokens"]) == 8


def test_counts_that_do_not_go_together_are_refused(corpus, tmp_path):
    run("tokenizer", "count", corpus[0], "-o", tmp_path / "a.arrow")
    run("tokenizer", "count", corpus[0], "--pre-tokenizer", "cl100k", "-o", tmp_path / "b.arrow")
    out = ["-o", tmp_path / "made.json"]
    result = run("tokenizer", "train", tmp_path / "a.arrow", tmp_path / "b.arrow", *out, status=64)
    assert "b.arrow" in result.stderr and "cl100k" in result.stderr
    result = run("tokenizer", "train", tmp_path / "a.arrow", corpus[0], *out, status=64)
    assert "count the corpus first" in result.stderr
    result = run("tokenizer", "train", tmp_path / "a.arrow", "--form", "nfkc", *out, status=64)
    assert "nfkc" in result.stderr
    whole = (tmp_path / "a.arrow").read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0x40
    (tmp_path / "c.arrow").write_bytes(damaged)
    assert "c.arrow" in run("tokenizer", "train", tmp_path / "c.arrow", *out, status=65).stderr
    run("tokenizer", "count", corpus[0], "-o", tmp_path / "a.arrow", status=73)
    assert (tmp_path / "a.arrow").read_bytes() == whole
    assert not (tmp_path / "made.json").exists()


@pytest.mark.parametrize("words", [[b"b", b"a"], [b"a", b"a"], [b""]])
def test_words_out_of_order_are_refused(words, corpus, tmp_path):
    run("tokenizer", "count", corpus[0], "-o", tmp_path / "a.arrow")
    schema = pa.ipc.open_file(tmp_path / "a.arrow").schema
    table = pa.table({"word": words, "count": [1] * len(words)}, schema=schema)
    with pa.ipc.new_file(tmp_path / "b.arrow", schema) as writer:
        writer.write_table(table)
    result = run("tokenizer", "train", tmp_path / "b.arrow", "-o", tmp_path / "t.json", status=65)
    assert "words ascend by bytes" in result.stderr
