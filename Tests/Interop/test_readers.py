# SPDX-License-Identifier: Apache-2.0
"""Datasets open in the readers of the world, with the values that `prep inspect --json` shows."""

import json

import datasets
import duckdb
import polars
import pyarrow as pa
import pyarrow.dataset
import pytest
from conftest import OBJECTIVES, manifest, shards, table

ALL = 10**9
KINDS = ["tokens", *OBJECTIVES]


@pytest.fixture(params=KINDS)
def dataset(request, tokens, examples):
    return tokens if request.param == "tokens" else examples[request.param]


@pytest.fixture(scope="module")
def several(prep, tokens, several_units, tokenizer, tmp_path_factory):
    """Datasets with several shards in a split: three units of tokens, and three epochs."""
    parent = tmp_path_factory.mktemp("several")
    prep("tokenize", *several_units, "--tokenizer", tokenizer, "-o", parent / "tokens")
    options = OBJECTIVES["mlm"] + ["--epochs", 3]
    prep("build", tokens, *options, "-o", parent / "examples")
    return {"tokens": parent / "tokens", "examples": parent / "examples"}


def inspected(prep, dataset, split=None):
    """The rows that prep shows, without their places, and the shards that they are in."""
    chosen = ["--split", split] if split else []
    lines = prep("inspect", dataset, "--json", "-n", ALL, *chosen).stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    places = [(row.pop("shard"), row.pop("row")) for row in rows]
    return rows, places


def splits(dataset):
    return sorted({path.name.split("-")[0] for path in shards(dataset)})


def test_pyarrow_reads_and_validates_every_batch(prep, dataset):
    rows = []
    for path in shards(dataset):
        reader = pa.ipc.open_file(path)
        for index in range(reader.num_record_batches):
            reader.get_batch(index).validate(full=True)
        read = reader.read_all()
        assert all(not field.nullable for field in read.schema)
        rows += read.to_pylist()
    shown, places = inspected(prep, dataset)
    assert rows == shown
    counts = [(path.name, pa.ipc.open_file(path).read_all().num_rows) for path in shards(dataset)]
    assert places == [(name, row) for name, count in counts for row in range(count)]
    totals = manifest(dataset)["totals"]["all"]
    assert totals["rows"] == len(rows) > 50


def test_polars_reads_the_same(prep, dataset):
    rows = []
    for path in shards(dataset):
        rows += polars.read_ipc(path).to_dicts()
    assert rows == inspected(prep, dataset)[0]


def test_duckdb_reads_the_same_and_aggregates(prep, dataset):
    files = pyarrow.dataset.dataset(shards(dataset), format="arrow")
    connection = duckdb.connect()
    connection.register("files", files)
    connection.execute("SET threads = 1")
    read = connection.sql("SELECT * FROM files").to_arrow_table()
    shown = inspected(prep, dataset)[0]
    assert read.to_pylist() == shown
    total = connection.sql("SELECT sum(list_sum(input_ids)) FROM files").fetchall()[0][0]
    assert total == sum(sum(row["input_ids"]) for row in shown)


def plain(rows):
    """Values as Python's own, whatever array type the loader prefers."""
    return [{k: v.tolist() if hasattr(v, "tolist") else v for k, v in row.items()} for row in rows]


def test_load_dataset_finds_the_splits(prep, dataset, tmp_path):
    loaded = datasets.load_dataset(str(dataset), cache_dir=str(tmp_path))
    assert sorted(loaded) == splits(dataset) == ["train", "validation"]
    for split in loaded:
        assert plain(loaded[split]) == inspected(prep, dataset, split)[0]


def test_load_dataset_streams_the_same(prep, dataset, tmp_path):
    loaded = datasets.load_dataset(str(dataset), streaming=True, cache_dir=str(tmp_path))
    assert sorted(loaded) == ["train", "validation"]
    for split in loaded:
        assert plain(loaded[split]) == inspected(prep, dataset, split)[0]


@pytest.mark.parametrize("kind", ["tokens", "examples"])
def test_load_dataset_reads_several_shards_in_order(prep, several, kind, tmp_path):
    dataset = several[kind]
    assert len(shards(dataset, "train")) == 3
    loaded = datasets.load_dataset(str(dataset), cache_dir=str(tmp_path))
    assert sorted(loaded) == splits(dataset)
    for split in loaded:
        assert plain(loaded[split]) == inspected(prep, dataset, split)[0]
    streamed = datasets.load_dataset(str(dataset), split="train", streaming=True)
    assert plain(streamed) == inspected(prep, dataset, "train")[0]


def test_load_dataset_reads_a_single_shard(prep, corpus, tokenizer, tmp_path):
    tokens, built = tmp_path / "tokens", tmp_path / "built"
    prep("tokenize", *corpus, "--tokenizer", tokenizer, "-o", tokens)
    prep("build", tokens, *OBJECTIVES["t5"], "-o", built)
    for dataset in (tokens, built):
        assert [path.name for path in shards(dataset)] == ["train-00000-000.arrow"]
        for streaming in (False, True):
            cache = str(tmp_path / "cache")
            loaded = datasets.load_dataset(str(dataset), streaming=streaming, cache_dir=cache)
            assert list(loaded) == ["train"]
            assert plain(loaded["train"]) == inspected(prep, dataset)[0]


def read_stream(stream):
    """A stream's table, its trailer, and the metadata of the batches before it."""
    reader = pa.ipc.open_stream(stream)
    pairs = [(batch, metadata) for batch, metadata in reader.iter_batches_with_custom_metadata()]
    for batch, _ in pairs:
        batch.validate(full=True)
    last, trailer = pairs.pop()
    assert last.num_rows == 0
    read = pa.Table.from_batches([batch for batch, _ in pairs], reader.schema)
    return read, dict(trailer), [dict(metadata) for _, metadata in pairs]


def test_a_stream_of_tokens_ends_with_its_totals(prep, several, several_units, tokenizer):
    result = prep("tokenize", *several_units, "--tokenizer", tokenizer, "-o", "-")
    read, trailer, batches = read_stream(result.stdout)
    assert read.to_pylist() == table(several["tokens"]).to_pylist()
    assert int(trailer[b"prep:rows"]) == read.num_rows
    assert int(trailer[b"prep:tokens"]) == sum(map(len, read["input_ids"].to_pylist()))
    units = [metadata[b"prep:unit"] for metadata in batches]
    assert units == sorted(units) and len(set(units)) == 3


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_stream_of_examples_ends_with_its_totals(prep, tokens, examples, name):
    result = prep("build", tokens, *OBJECTIVES[name], "-o", "-")
    read, trailer, _ = read_stream(result.stdout)
    written = table(examples[name], "train")
    assert read.to_pylist() == written.to_pylist()
    assert read.schema.metadata == written.schema.metadata
    assert int(trailer[b"prep:rows"]) == read.num_rows
    assert int(trailer[b"prep:tokens"]) == manifest(examples[name])["totals"]["train"]["tokens"]
    assert len(trailer[b"prep:content_sha256"]) == 64


def test_a_stream_is_not_summed_up_as_empty(prep, tokens):
    result = prep("build", tokens, *OBJECTIVES["clm"], "-o", "-")
    assert "standard output" in result.stderr and "0 rows" not in result.stderr


def test_a_stream_without_its_end_is_told_from_a_whole_one(prep, tokens):
    stream = prep("build", tokens, *OBJECTIVES["clm"], "-o", "-").stdout
    with pytest.raises((pa.ArrowInvalid, OSError, StopIteration)):
        read_stream(stream[: len(stream) // 2])


def test_a_flipped_bit_is_noticed_by_pyarrow_alone(dataset, tmp_path):
    path = shards(dataset, "train")[0]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    damaged = tmp_path / "damaged.arrow"
    damaged.write_bytes(content)
    with pytest.raises((OSError, pa.ArrowInvalid)):
        pa.ipc.open_file(damaged).read_all()


def test_ids_take_little_more_than_plain_zstd(prep, shared, real_tokenizer, tmp_path):
    """Books, code, 380 languages, short texts: one hundredth above all ids in one frame is the most."""
    for name in ("english/books", "code/code", "multilingual/udhr", "multilingual/tldr"):
        dataset = tmp_path / name.replace("/", "-")
        text = shared(f"{name}.jsonl.zst")
        prep("tokenize", text, "--tokenizer", real_tokenizer, "--no-words", "-o", dataset)
        ids = table(dataset)["input_ids"].combine_chunks().values
        assert ids.type == pa.uint16()
        plain = pa.Codec("zstd", compression_level=3).compress(ids.to_numpy().tobytes())
        stored = json.loads(prep("bench", "scan", dataset, "--json").stdout)["input_ids_bytes"]
        assert stored <= sum(path.stat().st_size for path in shards(dataset))
        assert stored <= 1.01 * len(plain), name
