# SPDX-License-Identifier: Apache-2.0
"""The report: one page that stands alone, says what pyarrow counts, and tells of damage."""

from html.parser import HTMLParser

import pytest
from conftest import manifest, table


class Page(HTMLParser):
    """Checks that tags are closed in order, and keeps attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.text, self.tags = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href", "style")]
        if tag not in {"meta"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page(prep, tokens, examples, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    prep("report", tokens, *examples.values(), "-o", path)
    return path


def test_the_page_stands_alone(page):
    text = page.read_text("utf-8")
    parsed = Page(text)
    assert parsed.links == [] and "script" not in parsed.tags and "url(" not in text
    assert parsed.tags.count("article") == 5
    # Of documents one, of causal rows one, of the others inputs and labels.
    assert parsed.tags.count("svg") == 8


def test_it_says_what_pyarrow_counts(page, examples, tokens):
    said = " ".join(Page(page.read_text("utf-8")).text)
    for dataset in [tokens, *examples.values()]:
        assert f"{manifest(dataset)['totals']['all']['rows']}" in said
    lengths = sorted(len(ids) for ids in table(tokens)["input_ids"].to_pylist())
    median = lengths[(len(lengths) + 1) // 2 - 1]
    mean = int(sum(lengths) / len(lengths) * 10 + 0.5) / 10
    assert f"tokens of a document: {lengths[0]} to {lengths[-1]}, median {median}, mean {mean}" in said
    used = [sum(mask) for mask in table(examples["mlm"])["attention_mask"].to_pylist()]
    assert f"input tokens of a row: {min(used)} to {max(used)}, median" in said


def test_text_is_shown_as_text(prep, tokenizer, tmp_path):
    source = tmp_path / "page.jsonl"
    source.write_text('{"id": "<b>", "text": "<script>alert(1)</script> & \\"quoted\\" text"}\n')
    prep("tokenize", source, "--tokenizer", tokenizer, "-o", tmp_path / "tokens")
    prep("report", tmp_path / "tokens", "-o", tmp_path / "report.html")
    parsed = Page((tmp_path / "report.html").read_text("utf-8"))
    assert "script" not in parsed.tags and "b" not in parsed.tags
    assert "<script>alert(1)</script>" in "".join(parsed.text)


def test_the_same_datasets_give_the_same_page(prep, tokens, page, tmp_path):
    for name, threads in (("one", 1), ("two", 3)):
        prep("report", tokens, "--threads", threads, "-o", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    prep("report", tokens, "-o", tmp_path / "one", status=73)
    prep("report", tokens, "-o", tmp_path / "one", "--overwrite")


def test_damage_is_told_and_has_its_status(prep, examples, tokens, tmp_path):
    prep("build", tokens, "--objective", "clm", "--set", "length=64", "-o", tmp_path / "clm")
    shard = sorted((tmp_path / "clm").glob("*.arrow"))[0]
    damaged = bytearray(shard.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    shard.write_bytes(damaged)
    prep("report", tmp_path / "clm", "-o", tmp_path / "report.html", status=1)
    assert "file-digest" in "".join(Page((tmp_path / "report.html").read_text("utf-8")).text)
    prep("report", tmp_path / "nothing", "-o", tmp_path / "other.html", status=66)
