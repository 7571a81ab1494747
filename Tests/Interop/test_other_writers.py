# SPDX-License-Identifier: Apache-2.0
"""prep reads what pyarrow, Feather and polars write, and survives what once broke other readers."""

import json
import subprocess
import sys

import numpy as np
import polars
import pyarrow as pa
import pyarrow.feather
import pytest
from conftest import REPOSITORY, SHARED, binary
from test_memory import PEAK

ROWS = 1000
TEXTS = ["", "short", "twelve bytes", "a text of more than twelve bytes", "naïve 中文 👩‍🚀"]
INTEGERS = [pa.int8(), pa.int16(), pa.int32(), pa.int64()]
INTEGERS += [pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
# Python's numbers come back the same from JSON if a double holds them.
FLOATS = [pa.float16(), pa.float32(), pa.float64()]


def columns():
    """A column of every type that is read, without and with nulls."""
    texts = [TEXTS[row % 5] * (row % 3) for row in range(ROWS)]
    lists = [list(range(row % 7)) for row in range(ROWS)]
    pairs = [{"a": row, "b": text} for row, text in enumerate(texts)]
    made = {str(kind): pa.array([row % 100 for row in range(ROWS)], kind) for kind in INTEGERS}
    made |= {str(kind): pa.array(np.arange(ROWS) / 4, pa.float64()).cast(kind) for kind in FLOATS}
    made["bool"] = pa.array([row % 3 == 0 for row in range(ROWS)])
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        made[str(kind)] = pa.array(texts, kind)
    for kind in (pa.binary(), pa.large_binary(), pa.binary_view()):
        made[str(kind)] = pa.array([text.encode() for text in texts], kind)
    made["fixed"] = pa.array([b"%04d" % row for row in range(ROWS)], pa.binary(4))
    made["list"] = pa.array(lists, pa.list_(pa.uint16()))
    made["large list"] = pa.array(lists, pa.large_list(pa.int32()))
    made["fixed list"] = pa.array([[row, 1, 2] for row in range(ROWS)], pa.list_(pa.int64(), 3))
    made["nested"] = pa.array([[items, [7]] for items in lists])
    made["texts"] = pa.array([TEXTS[: row % 5] for row in range(ROWS)], pa.list_(pa.string()))
    made["views"] = pa.array([TEXTS[: row % 5] for row in range(ROWS)], pa.list_(pa.string_view()))
    made["structure"] = pa.array(pairs)
    made["structures"] = pa.array([[pair] * (i % 3) for i, pair in enumerate(pairs)])
    made["null"] = pa.nulls(ROWS)
    hole = pa.array([row % 4 == 1 for row in range(ROWS)])
    for name in list(made):
        if name != "null":
            values = made[name].to_pylist()
            made[f"{name} or null"] = pa.array(
                [None if empty else value for value, empty in zip(values, hole.to_pylist())],
                made[name].type,
            )
    return made


TABLE = pa.table(columns())


def plain(value):
    """A value as prep's JSON spells it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def shown(prep, path, count=10**9):
    rows = []
    for line in prep("inspect", path, "--json", "-n", count).stdout.splitlines():
        row = json.loads(line)
        del row["shard"], row["row"]
        rows.append(row)
    return rows


def write_ipc(path, table, stream=False, chunk=None, **options):
    opened = pa.ipc.new_stream if stream else pa.ipc.new_file
    with opened(str(path), table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=chunk)


FORMS = {
    "file": lambda path, table: write_ipc(path, table),
    "stream": lambda path, table: write_ipc(path, table, stream=True),
    "lz4": lambda path, table: write_ipc(path, table, chunk=300, compression="lz4"),
    "zstd": lambda path, table: write_ipc(path, table, chunk=300, compression="zstd"),
    "zstd stream": lambda path, table: write_ipc(path, table, stream=True, compression="zstd"),
    "v4": lambda path, table: write_ipc(path, table, metadata_version=pa.ipc.MetadataVersion.V4),
    "legacy file": lambda path, table: write_ipc(path, table, use_legacy_format=True),
    "legacy stream": lambda path, table: write_ipc(path, table, True, use_legacy_format=True),
    # Slices keep offsets that begin above zero, and bitmaps that begin inside a byte.
    "slice": lambda path, table: write_ipc(path, pa.concat_tables([table, table])[7:ROWS]),
    "feather": lambda path, table: pyarrow.feather.write_feather(table, str(path)),
    "feather zstd": lambda path, table: pyarrow.feather.write_feather(table, str(path), "zstd"),
    "feather none": lambda path, t: pyarrow.feather.write_feather(t, str(path), "uncompressed"),
    "empty": lambda path, table: write_ipc(path, table[:0]),
    "no batches": lambda path, table: write_ipc(path, table.schema.empty_table()),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_supported_type_is_read_as_pyarrow_writes_it(prep, tmp_path, form):
    path = tmp_path / "data.arrow"
    FORMS[form](path, TABLE)
    opened = pa.ipc.open_stream if "stream" in form else pa.ipc.open_file
    with pa.OSFile(str(path)) as file:
        expected = [plain(row) for row in opened(file).read_all().to_pylist()]
    assert shown(prep, path) == expected
    assert (len(expected) >= ROWS - 7) == (form not in ("empty", "no batches"))


POLARS = {
    "file": lambda frame, path: frame.write_ipc(path),
    "lz4": lambda frame, path: frame.write_ipc(path, compression="lz4"),
    "zstd": lambda frame, path: frame.write_ipc(path, compression="zstd"),
    "small batches": lambda frame, path: frame.write_ipc(path, record_batch_size=64),
    "stream": lambda frame, path: frame.write_ipc_stream(path),
    "stream lz4": lambda frame, path: frame.write_ipc_stream(path, compression="lz4"),
    "old": lambda frame, path: frame.write_ipc(path, compat_level=polars.CompatLevel.oldest()),
    "sink": lambda frame, path: frame.lazy().sink_ipc(path),
    "empty": lambda frame, path: frame.clear().write_ipc(path),
}


@pytest.mark.parametrize("form", POLARS)
def test_every_supported_type_is_read_as_polars_writes_it(prep, tmp_path, form):
    absent = ("binary_view", "fixed", "halffloat")
    names = [name for name in TABLE.column_names if not name.startswith(absent)]
    frame = polars.from_arrow(TABLE.select(names))
    path = tmp_path / "data.arrow"
    POLARS[form](frame, path)
    expected = [] if form == "empty" else [plain(row) for row in frame.to_dicts()]
    assert shown(prep, path) == expected


def test_any_row_of_another_writers_file_is_found(prep, tmp_path):
    path = tmp_path / "data.arrow"
    write_ipc(path, pa.table({"n": range(5000)}), chunk=700, compression="zstd")
    for row in (0, 699, 700, 4999):
        line = prep("inspect", path, "--json", "-n", 1, "--row", row).stdout
        assert json.loads(line) == {"n": row, "shard": "data.arrow", "row": row}


REFUSED = {
    "timestamp": pa.array([1], pa.timestamp("s")),
    "date": pa.array([1], pa.date32()),
    "decimal": pa.array([1], pa.decimal128(5, 2)),
    "dictionary": pa.array(["a"]).dictionary_encode(),
    "map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int8())),
    "union": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])]),
    "run-end encoded": pa.RunEndEncodedArray.from_arrays(pa.array([1], pa.int32()), pa.array([1])),
    "list view": pa.array([[1]], pa.list_view(pa.int8())),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_types_are_refused_by_name(prep, tmp_path, name):
    path = tmp_path / "data.arrow"
    for stream in (False, True):
        write_ipc(path, pa.table({"column": REFUSED[name]}), stream)
        result = prep("inspect", path, "--json", status=65)
        assert name in result.stderr and "Traceback" not in result.stderr


CRASHES = sorted((SHARED / "data/arrow/fuzz").glob("*/*")) if SHARED.exists() else []


def peak(*arguments):
    command = [sys.executable, "-S", "-c", PEAK, str(binary()), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    status, kilobytes = map(int, done.stdout.split())
    return status, kilobytes / 1024


@pytest.mark.skipif(not CRASHES, reason="../shared/data/arrow is not here")
@pytest.mark.skipif(sys.platform != "linux", reason="sizes are those of Linux")
def test_files_that_broke_other_readers_give_errors_in_little_memory(tmp_path):
    fixture = REPOSITORY / "Fixtures" / "corpus" / "documents.jsonl"
    _, idle = peak("inspect", fixture)
    bombs = []
    for name, kind in (("zeros", pa.int8()), ("nulls", pa.null())):
        bomb = tmp_path / f"{name}.arrow"
        size = 1 << 28
        array = pa.nulls(size) if name == "nulls" else pa.array(np.zeros(size, np.int8), kind)
        write_ipc(bomb, pa.table({"x": array}), compression="zstd")
        bombs.append(bomb)
    for path in [*CRASHES, *bombs]:
        status, megabytes = peak("inspect", path, "--json", "-n", 10**9)
        assert status in (0, 65), f"{path.name} gave {status}"
        assert megabytes - idle <= 64, f"{path.name} took {megabytes - idle:.0f} MB"
