# SPDX-License-Identifier: Apache-2.0
"""The shards and streams of every objective in every reader, with pyarrow's values as the measure."""

import math

import datasets
import duckdb
import nanoarrow
import polars
import pyarrow as pa
import pyarrow.dataset
import pytest
from objective_catalogue import objectives, options
from conftest import shards, table


@pytest.fixture(scope="module", params=objectives())
def built(request, tokens, tmp_path_factory):
    """A dataset of the objective, and the same rows as a stream."""
    from conftest import run

    parent = tmp_path_factory.mktemp(request.param)
    arguments = ["build", tokens, *options(request.param)]
    run(*arguments, "-o", parent / "set")
    stream = parent / "stream.arrows"
    stream.write_bytes(run(*arguments, "-o", "-").stdout)
    return parent / "set", stream


def same(one, other):
    """Equality that takes NaN for itself and any sequence for a list."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        other = list(other)
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (isinstance(one, float) and math.isnan(one) and math.isnan(other))


def test_all_readers_see_the_same_rows(built, tmp_path):
    directory, stream = built
    rows = table(directory, "train").to_pylist()
    assert rows
    for path in shards(directory):
        reader = pa.ipc.open_file(path)
        for index in range(reader.num_record_batches):
            reader.get_batch(index).validate(full=True)
    frames = [polars.read_ipc(path) for path in shards(directory, "train")]
    assert same(polars.concat(frames).to_dicts(), rows)

    files = pyarrow.dataset.dataset(shards(directory, "train"), format="arrow")
    connection = duckdb.connect()
    connection.register("files", files)
    connection.execute("SET threads = 1")
    assert same(connection.sql("SELECT * FROM files").to_arrow_table().to_pylist(), rows)

    with pa.ipc.open_stream(stream) as reader:
        whole = reader.read_all()
        whole.validate(full=True)
    assert same(whole.to_pylist(), rows)
    with nanoarrow.ArrayStream.from_path(stream) as arrays:
        assert same(pa.table(arrays.read_all()).to_pylist(), rows)

    for path in shards(directory, "train"):
        # Readers of streams alone begin behind the magic.
        arrays = nanoarrow.ArrayStream.from_readable(path.read_bytes()[8:])
        assert pa.table(arrays.read_all()).num_rows == pa.ipc.open_file(path).read_all().num_rows

    cache = str(tmp_path)
    named = [str(path) for path in shards(directory, "train")]
    options = {"split": "train", "cache_dir": cache}
    for loaded in (
        datasets.load_dataset(str(directory), **options),
        datasets.load_dataset("arrow", data_files=named, **options),
        datasets.load_dataset("arrow", data_files=str(stream), **options),
        datasets.load_dataset(str(directory), streaming=True, **options),
        datasets.Dataset.from_file(str(stream)),
    ):
        assert same([dict(row) for row in loaded], rows)
