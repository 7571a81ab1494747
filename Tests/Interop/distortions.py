# SPDX-License-Identifier: Apache-2.0
"""Changes rows of a dataset and seals it again, so that only its content is wrong."""

import hashlib
import json
import shutil
import struct

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

IGNORED = -100


def u64(*numbers):
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def visit(array, out):
    """Hands over the canonical bytes of an array without nulls, as docs/format.md has it."""
    out(u64(len(array), array.null_count))
    kind = array.type
    if pa.types.is_string(kind):
        texts = [text.encode() for text in array.to_pylist()]
        out(u64(*map(len, texts)))
        out(b"".join(texts))
    elif pa.types.is_list(kind):
        out(u64(*pc.list_value_length(array).to_pylist()))
        visit(array.flatten(), out)
    elif pa.types.is_fixed_size_list(kind):
        visit(array.flatten(), out)
    else:
        out(array.to_numpy(zero_copy_only=False).tobytes())


def content_digest(path):
    shard = hashlib.sha256()
    file = pa.ipc.open_file(path)
    for index in range(file.num_record_batches):
        batch = hashlib.sha256()
        for column in file.get_batch(index).columns:
            visit(column, batch.update)
        shard.update(batch.digest())
    return shard.hexdigest()


def values(column):
    """A column as a matrix, a vector or, for lists of different lengths, a list of lists."""
    column = column.combine_chunks()
    if pa.types.is_fixed_size_list(column.type):
        return column.flatten().to_numpy().reshape(len(column), -1).astype(np.int64)
    if pa.types.is_list(column.type):
        return column.to_pylist()
    numbers = column.to_numpy()
    return numbers if pa.types.is_floating(column.type) else numbers.astype(np.int64)


def array(rows, kind):
    if pa.types.is_fixed_size_list(kind):
        flat = pa.array(np.asarray(rows).reshape(-1), kind.value_type)
        return pa.FixedSizeListArray.from_arrays(flat, type=kind)
    return pa.array(list(rows), kind)


def distort(source, target, edit, split="train"):
    """Copies a dataset, applies `edit` to the columns of each shard of a split, and seals it.

    `edit` changes a dict of columns in place; it may change the number of rows."""
    shutil.copytree(source, target)
    manifest = json.loads((target / "manifest.json").read_bytes())
    for unit in manifest["units"]:
        for shard in unit["shards"]:
            if shard["split"] != split:
                continue
            path = target / shard["file"]
            table = pa.ipc.open_file(path).read_all()
            columns = {name: values(table[name]) for name in table.column_names}
            edit(columns)
            arrays = [array(columns[field.name], field.type) for field in table.schema]
            batch = pa.record_batch(arrays, schema=table.schema)
            options = pa.ipc.IpcWriteOptions(compression="zstd")
            with pa.ipc.new_file(path, table.schema, options=options) as writer:
                writer.write_batch(batch)
            shard["rows"] = batch.num_rows
            used = columns.get("attention_mask", columns.get("segment_ids"))
            inputs = columns["input_ids"]
            tokens = inputs.size if used is None else int(np.count_nonzero(used))
            shard["tokens"] = tokens
            shard["bytes"] = path.stat().st_size
            shard["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
            shard["content_sha256"] = content_digest(path)
    (target / "manifest.json").write_text(json.dumps(manifest, sort_keys=True, indent=2) + "\n")
    names = sorted(path.name for path in target.iterdir() if path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256((target / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (target / "SHA256SUMS").write_text("".join(lines))
    return target
