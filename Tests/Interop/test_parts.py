# SPDX-License-Identifier: Apache-2.0
"""Shuffled rows, parts and starts of a build, as a reader of files and pipes finds them."""

import io
from collections import Counter

import pyarrow as pa
import pytest
from objective_catalogue import objectives, options
from conftest import manifest, table

OPTIONS = ["--objective", "mlm", "--set", "length=32", "--seed", 3]


@pytest.fixture(scope="module")
def unit_tokens(prep, several_units, tokenizer, tmp_path_factory):
    """Three units."""
    path = tmp_path_factory.mktemp("unit-tokens") / "tokens"
    prep("tokenize", *several_units, "--tokenizer", tokenizer, "--sentences", "-o", path)
    assert len(manifest(path)["units"]) == 3
    return path


def received(stream):
    """The rows of a stream, and what its last batch says."""
    reader = pa.ipc.open_stream(io.BytesIO(stream))
    rows, totals = [], None
    while totals is None:
        batch, metadata = reader.read_next_batch_with_custom_metadata()
        if batch.num_rows:
            rows += batch.to_pylist()
        else:
            totals = {key.decode(): value.decode() for key, value in metadata.items()}
    assert int(totals["prep:rows"]) == len(rows)
    return rows, int(totals["prep:rows_of_all_parts"])


@pytest.fixture(scope="module")
def pipe(prep, unit_tokens):
    def build(*more):
        return received(prep("build", unit_tokens, *OPTIONS, *more, "-o", "-").stdout)

    return build


@pytest.mark.parametrize("more", [[], ["--shuffle"], ["--epochs", 2, "--shuffle"]])
def test_parts_of_a_pipe_are_disjoint_and_make_the_whole(pipe, more):
    whole, total = pipe(*more)
    assert total == len(whole)
    for count in (1, 2, 3, 8):
        parts = [pipe(*more, "--part", f"{index}/{count}") for index in range(count)]
        assert all(all_parts == total for _, all_parts in parts)
        sizes = [len(rows) for rows, _ in parts]
        assert max(sizes) - min(sizes) <= (2 if "--epochs" in more else 1)
        if "--epochs" not in more:
            assert [rows for rows, _ in parts] == [whole[index::count] for index in range(count)]
        key = repr
        assert Counter(key(row) for rows, _ in parts for row in rows) == Counter(map(key, whole))


def test_a_start_continues_exactly(pipe):
    for more in (["--shuffle"], ["--epochs", 2], ["--part", "1/3"]):
        whole, total = pipe(*more)
        for start in (0, 1, len(whole) // 3, len(whole) - 1, len(whole)):
            rest, again = pipe(*more, "--start-row", start)
            assert rest == whole[start:] and again == total


def test_a_pipe_goes_on_with_another_number_of_workers(pipe):
    """Three workers took n rows each; of seven, part r begins behind its rows below 3 n."""
    whole, _ = pipe("--shuffle")
    for taken in (0, 3, 30, 33):
        rest = []
        for part in range(7):
            start = max(0, -((part - taken) // 7))
            rest += pipe("--shuffle", "--part", f"{part}/7", "--start-row", start)[0]
        assert Counter(map(repr, rest)) == Counter(map(repr, whole[taken:]))


def test_shuffled_rows_are_the_same_rows(prep, unit_tokens, tmp_path):
    """Of every unit, whichever the objective, and good in the eyes of validate."""
    for name in objectives():
        chosen = options(name, None, "length=64")
        for kind, more in (("plain", []), ("shuffled", ["--shuffle"])):
            prep("build", unit_tokens, *chosen, *more, "-o", tmp_path / name / kind)
        plain, shuffled = (manifest(tmp_path / name / kind) for kind in ("plain", "shuffled"))
        assert plain["totals"]["all"]["rows"] == shuffled["totals"]["all"]["rows"]
        assert [u["counts"] for u in plain["units"]] == [u["counts"] for u in shuffled["units"]]
        rows = [table(tmp_path / name / kind).to_pylist() for kind in ("plain", "shuffled")]
        assert rows[0] != rows[1]
        assert Counter(map(repr, rows[0])) == Counter(map(repr, rows[1]))
        prep("validate", tmp_path / name / "shuffled", "--against", unit_tokens)


def test_parts_are_datasets_too(prep, unit_tokens, tmp_path):
    for index in range(2):
        part = ["--part", f"{index}/2", "--threads", 1 + index]
        prep("build", unit_tokens, *OPTIONS, *part, "-o", tmp_path / f"{index}")
    prep("build", unit_tokens, *OPTIONS, "-o", tmp_path / "whole")
    prep("validate", tmp_path / "0", tmp_path / "1", "--against", unit_tokens)
    rows = [table(tmp_path / name) for name in ("0", "1", "whole")]
    # Equal schemas, metadata included: the parts can be read as one.
    assert rows[0].schema.equals(rows[2].schema, check_metadata=True)
    union = pa.concat_tables(rows[:2]).to_pylist()
    assert Counter(map(repr, union)) == Counter(map(repr, rows[2].to_pylist()))


@pytest.mark.parametrize(
    "wrong",
    [
        ["--part", "2/2"],
        ["--part", "half"],
        ["--part", "0/0"],
        ["--part", "-1/2"],
        ["--start-row", "-1"],
        ["--start-row", "1000000"],
        ["--start-row", "x"],
    ],
)
def test_wrong_values_are_refused(prep, unit_tokens, wrong, tmp_path):
    result = prep("build", unit_tokens, *OPTIONS, *wrong, "-o", tmp_path / "out", status=64)
    assert wrong[0] in result.stderr
    assert not (tmp_path / "out" / "manifest.json").exists()
