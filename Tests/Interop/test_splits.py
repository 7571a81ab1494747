# SPDX-License-Identifier: Apache-2.0
"""Splits: by content, disjoint, near their shares, the same however the corpus is arranged."""

from collections import Counter

import pytest
from conftest import read_jsonl, table, write_jsonl


@pytest.fixture(scope="module")
def books(shared):
    return read_jsonl(shared("english/books.jsonl.zst"))


def tokenize(prep, source, tokenizer, output, shares="train=0.95,validation=0.05"):
    prep(
        "tokenize", source, "--tokenizer", tokenizer, "--split", shares, "--keep-text", "-o", output
    )
    return {
        split: table(output, split).select(["id", "text", "input_ids"]).to_pylist()
        for split in ("train", "validation")
    }


def texts(rows):
    return Counter(row["text"] for row in rows)


def test_no_content_is_in_both_and_duplicates_stay_together(prep, books, tokenizer, tmp_path):
    """Every third document comes twice more, under other ids, far from itself."""
    copies = [dict(d, id=f"{d['id']}-{k}") for k in range(2) for d in books[::3]]
    source = write_jsonl(tmp_path / "books.jsonl", books + copies)
    rows = tokenize(prep, source, tokenizer, tmp_path / "tokens")
    train, validation = texts(rows["train"]), texts(rows["validation"])
    assert not train.keys() & validation.keys()
    assert train + validation == Counter(d["text"] for d in books + copies)
    ids = {split: {tuple(row["input_ids"]) for row in rows[split]} for split in rows}
    assert not ids["train"] & ids["validation"]
    assert any(count == 3 for count in validation.values())


def test_the_share_is_near_what_was_asked_for(prep, books, tokenizer, tmp_path):
    source = write_jsonl(tmp_path / "books.jsonl", books)
    rows = tokenize(prep, source, tokenizer, tmp_path / "tokens")
    bound = 4.5 * (len(books) * 0.05 * 0.95) ** 0.5
    assert abs(len(rows["validation"]) - 0.05 * len(books)) < bound


def test_content_alone_decides(prep, documents, tokenizer, tmp_path):
    """Other ids, the reverse order and other neighbours do not move a document."""
    shares = "train=0.7,validation=0.3"
    plain = write_jsonl(tmp_path / "plain.jsonl", documents)
    other = [{"id": f"x{k}", "text": d["text"]} for k, d in enumerate(documents[::-2])]
    reverse = write_jsonl(tmp_path / "reverse.jsonl", other)
    first = tokenize(prep, plain, tokenizer, tmp_path / "first", shares)
    second = tokenize(prep, reverse, tokenizer, tmp_path / "second", shares)
    for split in first:
        assert texts(second[split]) <= texts(first[split])
    assert sum(map(len, second.values())) == len(other)
    assert second["train"] and second["validation"]


def test_no_example_crosses_the_split(tokens, examples):
    owners = {
        split: set(table(tokens, split)["id"].to_pylist()) for split in ("train", "validation")
    }
    for dataset in examples.values():
        for split in owners:
            used = table(dataset, split)["source_document"].to_pylist()
            assert {name for row in used for name in row} <= owners[split]
