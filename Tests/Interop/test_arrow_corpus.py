# SPDX-License-Identifier: Apache-2.0
"""Corpora in Arrow: what pyarrow, polars and `datasets` keep gives the tokens of the same JSON Lines."""

import subprocess
import sys

import datasets
import polars
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from conftest import binary, manifest, shards, table, write_jsonl


@pytest.fixture(scope="module")
def rows(documents):
    """Documents with a kept field, some without a language."""
    return [
        {"id": doc["id"], "text": doc["text"], "lang": doc.get("lang"), "size": len(doc["text"])}
        for doc in documents
    ]


OPTIONS = ["--lang-field", "lang", "--keep-field", "size", "--keep-text"]


@pytest.fixture(scope="module")
def expected(prep, rows, tokenizer, tmp_path_factory):
    parent = tmp_path_factory.mktemp("expected")
    source = write_jsonl(parent / "rows.jsonl", rows)
    prep("tokenize", source, "--tokenizer", tokenizer, *OPTIONS, "-o", parent / "tokens")
    return table(parent / "tokens")


def write_stream(path, content, **options):
    with pa.ipc.new_stream(str(path), content.schema, **options) as writer:
        writer.write_table(content, max_chunksize=7)


def write_file(path, content, codec=None):
    with pa.ipc.new_file(
        str(path), content.schema, options=pa.ipc.IpcWriteOptions(compression=codec)
    ) as writer:
        writer.write_table(content, max_chunksize=7)


WRITERS = {
    "file": write_file,
    "lz4 file": lambda path, content: write_file(path, content, "lz4"),
    "stream": write_stream,
    "feather": lambda path, content: pyarrow.feather.write_feather(content, str(path)),
    "polars file": lambda path, content: polars.from_arrow(content).write_ipc(path),
    "polars stream": lambda path, content: polars.from_arrow(content).write_ipc_stream(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_files_and_streams_give_the_tokens_of_their_jsonl(
    prep, rows, tokenizer, expected, tmp_path, name
):
    path = tmp_path / "rows.arrow"
    WRITERS[name](path, pa.Table.from_pylist(rows))
    prep("tokenize", path, "--tokenizer", tokenizer, *OPTIONS, "-o", tmp_path / "tokens")
    assert table(tmp_path / "tokens").equals(expected)
    prep("validate", tmp_path / "tokens")


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "polars file"])
def test_pipes_give_the_same(prep, rows, tokenizer, expected, tmp_path, name):
    path = tmp_path / "rows.arrow"
    WRITERS[name](path, pa.Table.from_pylist(rows))
    command = ["tokenize", "-", "--tokenizer", tokenizer, *OPTIONS, "-o", tmp_path / "tokens"]
    prep(*command, input=path.read_bytes())
    assert table(tmp_path / "tokens").equals(expected)


def test_a_file_that_a_pipe_cannot_bring_says_so(prep, rows, tokenizer, tmp_path):
    path = tmp_path / "rows.arrow"
    WRITERS["polars file"](path, pa.Table.from_pylist(rows))
    command = ["tokenize", "-", "--tokenizer", tokenizer, "-o", tmp_path / "tokens"]
    result = prep(*command, input=path.read_bytes(), status=65)
    assert "give the file itself" in result.stderr


def test_caches_and_saved_datasets_are_inputs(prep, rows, tokenizer, expected, tmp_path):
    saved = tmp_path / "saved"
    datasets.Dataset.from_list(rows).save_to_disk(str(saved))
    assert (saved / "state.json").exists()
    source = write_jsonl(tmp_path / "rows.jsonl", rows)
    cache = tmp_path / "cache"
    loaded = datasets.load_dataset(
        "json", data_files=str(source), split="train", cache_dir=str(cache)
    )
    loaded.map(lambda row: {"more": row["size"] + 1})
    [file] = [entry["filename"] for entry in loaded.cache_files]
    for name, inputs in (("saved", [saved]), ("cached", [file]), ("cache", [cache])):
        out = tmp_path / f"{name}-tokens"
        prep("tokenize", *inputs, "--tokenizer", tokenizer, *OPTIONS, "-o", out)
        assert table(out).equals(expected), name


def test_columns_of_other_types_do_not_matter(prep, rows, tokenizer, expected, tmp_path):
    content = pa.Table.from_pylist(rows)
    for name, array in {
        "when": pa.array([0] * len(rows), pa.timestamp("us")),
        "kind": pa.array(["web"] * len(rows)).dictionary_encode(),
        "price": pa.array([1] * len(rows), pa.decimal128(9, 2)),
        "attributes": pa.array([[("a", 1)]] * len(rows), pa.map_(pa.string(), pa.int32())),
    }.items():
        content = content.add_column(0, name, array)
    for name in ("file", "stream"):
        path = tmp_path / name
        WRITERS[name](path, content)
        out = tmp_path / f"{name}-tokens"
        prep("tokenize", path, "--tokenizer", tokenizer, *OPTIONS, "-o", out)
        assert table(out).equals(expected)
        result = prep(
            "tokenize", path, "--tokenizer", tokenizer, "--text-field", "kind", "-o", tmp_path / "no",
            status=65,
        )
        assert "dictionary" in result.stderr and "kind" in result.stderr


def test_nulls_are_counted_and_ids_made_up(prep, tokenizer, tmp_path):
    path = tmp_path / "rows.arrow"
    write_file(path, pa.table({"text": ["one", None, "", "four"], "n": [1, 2, 3, 4]}))
    prep("tokenize", path, "--tokenizer", tokenizer, "-o", tmp_path / "tokens")
    counts = manifest(tmp_path / "tokens")["counts"]
    assert (counts["documents"], counts["skipped_null_text"], counts["dropped_empty"]) == (2, 1, 1)
    assert table(tmp_path / "tokens")["id"].to_pylist() == ["rows.arrow#0", "rows.arrow#3"]


def test_wrong_columns_are_65_and_the_right_ones_are_named(prep, rows, tokenizer, tmp_path):
    path = tmp_path / "rows.arrow"
    write_file(path, pa.Table.from_pylist(rows))
    for options, words in (
        (["--text-field", "body"], ["body", "--text-field", "id, text, lang, size"]),
        (["--text-field", "size"], ["size", "int64", "must be text"]),
        (["--id-field", "name"], ["name", "--id-field"]),
    ):
        result = prep(
            "tokenize", path, "--tokenizer", tokenizer, *options, "-o", tmp_path / "no", status=65
        )
        assert all(word in result.stderr for word in words), result.stderr
        assert not (tmp_path / "no" / "manifest.json").exists()


def test_a_stream_cut_between_batches_is_noticed(prep, rows, tokenizer, tmp_path):
    path = tmp_path / "rows.arrow"
    write_stream(path, pa.Table.from_pylist(rows))
    whole = path.read_bytes()
    command = ["tokenize", "-", "--tokenizer", tokenizer]
    cut = whole[:-8]
    assert pa.ipc.open_stream(cut).read_all().num_rows == len(rows)
    result = prep(*command, "-o", tmp_path / "cut", input=cut, status=65)
    assert "end mark" in result.stderr
    prep(*command, "-o", tmp_path / "whole", input=whole)


PIPE = """
import sys, pyarrow as pa, pyarrow.parquet as pq
parquet = pq.ParquetFile(sys.argv[1])
with pa.ipc.new_stream(sys.stdout.buffer, parquet.schema_arrow) as stream:
    for batch in parquet.iter_batches():
        stream.write_batch(batch)
"""


def test_parquet_comes_in_by_a_few_lines_of_pyarrow(rows, tokenizer, expected, tmp_path):
    path = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=11)
    command = [str(binary()), "tokenize", "-", "--tokenizer", str(tokenizer), *OPTIONS]
    writer = subprocess.Popen([sys.executable, "-c", PIPE, str(path)], stdout=subprocess.PIPE)
    out = tmp_path / "tokens"
    reader = subprocess.run([*command, "-o", str(out)], stdin=writer.stdout, capture_output=True)
    writer.stdout.close()
    assert (reader.returncode, writer.wait()) == (0, 0), reader.stderr
    assert table(out).equals(expected)
    assert len(shards(out)) == 1
