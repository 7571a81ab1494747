# SPDX-License-Identifier: Apache-2.0
"""Stages that go on along one stream of documents, budgets, and shares by temperature."""

from collections import Counter, defaultdict

import pyarrow as pa
import pytest
from conftest import manifest, run, shards, table, tree, write_jsonl

PARAGRAPH = "The tower stood empty. Nobody came. Then Marit opened the door, and the light went on. "


@pytest.fixture(scope="module")
def documents_by_id(tokens):
    rows = table(tokens, "train")
    return dict(zip(rows["id"].to_pylist(), rows["input_ids"].to_pylist()))


def build(tokens, path, *arguments, status=0):
    done = run("build", tokens, *arguments, "-o", path, status=status)
    return path if status == 0 else done.stderr


def stretches(path, split="train"):
    """What the rows of a dataset serve, row by row."""
    if not shards(path, split):
        return []
    rows = table(path, split)
    columns = [rows[f"source_{name}"].to_pylist() for name in ("document", "offset", "length")]
    return [list(zip(*row)) for row in zip(*columns)]


def served(paths):
    """How often each token of each document is served."""
    counts = defaultdict(Counter)
    for path in paths:
        for row in stretches(path):
            for document, offset, length in row:
                counts[document].update(range(offset, offset + length))
    return counts


FIRST = {
    "windows": ["--objective", "prefix-lm", "--set", "length=48"],
    "sentences": ["--objective", "mlm", "--set", "length=64"],
    "packed": ["--objective", "clm", "--set", "length=64", "--set", "packing=best-fit"],
    "fragments": ["--objective", "fim", "--set", "length=64"],
    "mixture": ["--objective", "mixture", "--set", "length=64"],
}


@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("measure", ["rows", "tokens", "loss-tokens"])
def test_stages_share_the_tokens_of_an_epoch(tokens, documents_by_id, tmp_path, first, measure):
    budget = {"rows": 40, "tokens": 2500, "loss-tokens": 900}[measure]
    one = build(tokens, tmp_path / "one", *FIRST[first], "--seed", 3, "--budget", f"{measure}={budget}")
    second = ["--objective", "clm", "--set", "length=32", "--set", "boundaries=segments"]
    two = build(tokens, tmp_path / "two", *second, "--after", one, "--budget", "rows=30")
    three = build(tokens, tmp_path / "three", *second, "--after", two)
    assert manifest(three)["seed"] == 3
    counts = served([one, two, three])
    for document, ids in documents_by_id.items():
        assert counts[document] == Counter(range(len(ids))), document
    for stage in (one, two, three):
        assert run("validate", stage, "--against", tokens, "-q").status == 0
    # The stage after the last begins the next epoch.
    four = build(tokens, tmp_path / "four", *second, "--after", three, "--budget", "rows=1")
    assert [unit["epoch"] for unit in manifest(four)["units"] if "epoch" in unit] == [1]


@pytest.mark.parametrize("measure", ["rows", "tokens", "loss-tokens"])
def test_a_budget_ends_with_the_row_that_reaches_it(tokens, tmp_path, measure):
    options = ["--objective", "mlm", "--set", "length=64", "--budget", f"{measure}=700"]
    path = build(tokens, tmp_path / "d", *options)
    rows = table(path, "train")
    amounts = {
        "rows": [1] * rows.num_rows,
        "tokens": [sum(length for _, _, length in row) for row in stretches(path)],
        "loss-tokens": [sum(x >= 0 for x in row) for row in rows["labels"].to_pylist()],
    }[measure]
    assert sum(amounts[:-1]) < 700 <= sum(amounts)
    assert shards(path, "validation"), "other splits are whole"
    everything = build(tokens, tmp_path / "all", *options[:-2], "--epochs", 9)
    ids = table(everything, "train")["input_ids"][: rows.num_rows]
    assert ids.to_pylist() == rows["input_ids"].to_pylist(), "the first rows of what would follow"


def test_stages_do_not_depend_on_threads_or_interruptions(tokens, tmp_path):
    options = ["--objective", "bart", "--set", "length=64", "--budget", "loss-tokens=5000"]
    one = build(tokens, tmp_path / "one", *options, "--threads", 1)
    assert tree(build(tokens, tmp_path / "two", *options, "--threads", 8)) == tree(one)
    build(tokens, tmp_path / "two", *options, "--resume")
    after = ["--objective", "clm", "--set", "length=32", "--after", one, "--budget", "tokens=999"]
    three = build(tokens, tmp_path / "three", *after, "--threads", 1)
    assert tree(build(tokens, tmp_path / "four", *after, "--threads", 8)) == tree(three)


def test_the_next_stage_draws_anew_inside_the_unit(tokens, tmp_path):
    options = ["--objective", "mdlm", "--set", "length=64"]
    one = build(tokens, tmp_path / "one", *options, "--budget", "rows=50")
    two = build(tokens, tmp_path / "two", *options, "--after", one, "--budget", "rows=50")
    first, second = (set(table(path, "train")["p_mask"].to_pylist()) for path in (one, two))
    assert len(first) == len(second) == 50 and not first & second


def test_what_cannot_be_continued_is_refused(tokens, tokenizer, corpus, tmp_path):
    clm = ["--objective", "clm", "--set", "length=32"]
    one = build(tokens, tmp_path / "one", *clm, "--seed", 5, "--budget", "rows=9")
    refused = build(tokens, tmp_path / "no", *clm, "--seed", 6, "--after", one, status=64)
    assert "--seed 5" in refused
    cut = build(tokens, tmp_path / "cut", *clm, "--limit", 5)
    assert "--limit" in build(tokens, tmp_path / "no", *clm, "--after", cut, status=64)
    other = tmp_path / "other"
    run("tokenize", corpus[0], "--tokenizer", tokenizer, "-o", other)
    assert "other tokens" in build(other, tmp_path / "no", *clm, "--after", one, status=64)
    assert "tokens" in build(tokens, tmp_path / "no", *clm, "--after", tokens, status=64)
    for extra in (["--limit", 3], ["--part", "0/2"], ["--start-row", 1]):
        assert extra[0] in build(
            tokens, tmp_path / "no", *clm, "--budget", "rows=5", *extra, status=64
        )
    for wrong in ("rows", "rows=0", "steps=4", "tokens=x"):
        assert "--budget" in build(tokens, tmp_path / "no", *clm, "--budget", wrong, status=64)


def test_a_budget_that_is_not_reached_is_said(tokens, tmp_path):
    arguments = ["--objective", "clm", "--set", "length=32", "--epochs", 1]
    done = run("build", tokens, *arguments, "--budget", "rows=999999", "-o", tmp_path / "d")
    assert "the budget was not reached" in done.stderr


@pytest.fixture(scope="module")
def languages(tokenizer, tmp_path_factory):
    """Tokens of three languages of very different size, in two sources."""
    parent = tmp_path_factory.mktemp("languages")
    sizes = {"en": 900, "sv": 90, "is": 9}
    inputs = []
    for source, names in {"large.jsonl": ["en"], "small.jsonl": ["sv", "is"]}.items():
        records = [
            {"id": f"{name}-{index}", "lang": name, "text": PARAGRAPH * (1 + index % 3)}
            for name in names
            for index in range(sizes[name])
        ]
        inputs.append(write_jsonl(parent / source, records))
    run(
        "tokenize", *inputs, "--tokenizer", tokenizer, "--sentences", "--lang-field", "lang",
        "-o", parent / "tokens",
    )
    return parent / "tokens"


def repeats(path):
    return {
        name: facts["repeats"] for name, facts in manifest(path)["objective"]["facts"]["sampling"].items()
    }


def copies(path, epoch):
    """How often each document is served in an epoch: its first token is in so many rows."""
    counts = Counter()
    for shard in shards(path):
        if f"-e{epoch:02}" in shard.name or "-e" not in shard.name:
            rows = pa.ipc.open_file(shard).read_all()
            for documents, offsets in zip(
                rows["source_document"].to_pylist(), rows["source_offset"].to_pylist()
            ):
                counts.update(d for d, o in zip(documents, offsets) if o == 0)
    return counts


@pytest.mark.parametrize("alpha", [1, 0.5, 0.3, 0])
def test_languages_have_shares_by_temperature(languages, tmp_path, alpha):
    options = ["--objective", "clm", "--set", "length=64", "--sample", "lang"]
    path = build(languages, tmp_path / "d", *options, "--alpha", alpha, "--max-epochs", 1000)
    rows = table(languages)
    sizes, served_tokens = Counter(), Counter()
    for name, ids in zip(rows["lang"].to_pylist(), rows["input_ids"].to_pylist()):
        sizes[name] += len(ids)
    for row in stretches(path):
        for document, _, length in row:
            served_tokens[document.split("-")[0]] += length
    weights = {name: size**alpha for name, size in sizes.items()}
    for name in sizes:
        expected = weights[name] / sum(weights.values()) * sum(sizes.values())
        # Whole documents of 1 to 3 paragraphs: the count is exact, their lengths are not.
        assert served_tokens[name] == pytest.approx(expected, rel=0.06), name
    assert run("validate", path, "--against", languages, "-q").status == 0
    if alpha == 1:
        plain = build(languages, tmp_path / "plain", *options[:4])
        assert table(plain).equals(table(path))


def test_documents_take_turns_over_epochs(languages, tmp_path):
    options = ["--objective", "clm", "--set", "length=64", "--sample", "lang", "--alpha", 0.3]
    path = build(languages, tmp_path / "d", *options, "--epochs", 4, "--max-epochs", 400)
    rates = repeats(path)
    counts = [copies(path, epoch) for epoch in range(4)]
    for document in table(languages)["id"].to_pylist():
        rate = rates[document.split("-")[0]]
        total = sum(count[document] for count in counts)
        assert int(4 * rate) <= total <= int(4 * rate) + 1
        assert all(int(rate) <= count[document] <= int(rate) + 1 for count in counts)
    assert run("validate", path, "-q").status == 0


def test_repetition_is_capped_over_all_epochs(languages, tmp_path):
    options = ["--objective", "clm", "--set", "length=64", "--sample", "source", "--alpha", 0]
    path = build(languages, tmp_path / "d", *options, "--epochs", 2, "--max-epochs", 3)
    assert repeats(path)["small.jsonl"] == pytest.approx(1.5)
    totals = copies(path, 0) + copies(path, 1)
    assert max(totals.values()) == 3
    tokens = sum(map(len, table(languages)["input_ids"].to_pylist()))
    budget = build(
        languages, tmp_path / "b", *options, "--budget", f"tokens={3 * tokens}", "--max-epochs", 3
    )
    assert repeats(budget)["small.jsonl"] == pytest.approx(1)


def test_a_pipeline_file_has_stages_and_samples(corpus, tmp_path):
    (tmp_path / "p.yaml").write_text(
        f"""
output: out
sources: {{all: {{inputs: [{corpus[0]}]}}}}
corpus: {{lang-field: lang}}
tokenizer: {{train: {{vocab-size: 2000}}}}
tokens: {{sentences: true}}
datasets:
  spans: {{objective: t5-span, set: {{length: 64}}, seed: 4, budget: tokens=3000}}
  prefixes: {{objective: prefix-lm, set: {{length: 64}}, after: spans, budget: rows=20}}
  even: {{objective: clm, set: {{length: 64}}, sample: {{by: lang, alpha: 0.5, max-epochs: 8}}}}
checks: [validate]
"""
    )
    run("run", tmp_path / "p.yaml")
    assert manifest(tmp_path / "out/prefixes")["seed"] == 4
    first, second = (served([tmp_path / "out" / name]) for name in ("spans", "prefixes"))
    assert all(not set(first[document]) & set(second[document]) for document in second)
    assert b"kept" in run("run", tmp_path / "p.yaml").stdout
    text = (tmp_path / "p.yaml").read_text().replace("after: spans", "after: even")
    (tmp_path / "q.yaml").write_text(text)
    assert "'even'" in run("run", tmp_path / "q.yaml", status=65).stderr
