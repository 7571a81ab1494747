# SPDX-License-Identifier: Apache-2.0
"""Exports against the programs that define their formats.

They are compared with mosaicml-streaming and megatron-core, and the layouts are checked by hand.
"""

import importlib.machinery
import json
import struct
import sys
import types

import numpy as np
import pytest

from conftest import manifest, table


def rows(dataset, split="train"):
    return table(dataset, split).to_pylist()


@pytest.fixture(scope="module")
def t5(examples):
    return examples["t5"]


@pytest.fixture(scope="module")
def exported(prep, tokens, t5, tmp_path_factory):
    base = tmp_path_factory.mktemp("exports")
    for dataset, form, name, extra in [
        (t5, "mds", "mds", []),
        (t5, "mds", "raw", ["--compression", "none"]),
        (tokens, "megatron", "megatron", []),
        (t5, "jsonl", "jsonl", []),
        (t5, "arrow", "arrow", ["--compression", "none"]),
    ]:
        prep("export", dataset, "--format", form, "-o", base / name, *extra)
    return base


def test_raw_mds_shards_have_the_documented_layout(exported, t5):
    index = json.loads((exported / "raw/train/index.json").read_bytes())
    shard = index["shards"][0]
    raw = (exported / "raw/train" / shard["raw_data"]["basename"]).read_bytes()
    assert len(raw) == shard["raw_data"]["bytes"]
    (count,) = struct.unpack_from("<I", raw)
    offsets = struct.unpack_from(f"<{count + 1}I", raw, 4)
    assert count == shard["samples"] and offsets[-1] == len(raw)
    config = json.loads(raw[4 + 4 * (count + 1) : offsets[0]])
    assert config["column_names"] == sorted(config["column_names"])
    assert sum(s["samples"] for s in index["shards"]) == len(rows(t5))


def test_megatron_files_hold_every_document_and_its_end(exported, tokens):
    source = rows(tokens)
    index = (exported / "megatron/train_text_document.idx").read_bytes()
    assert index[:9] == b"MMIDIDX\0\0"
    version, code, sequences, documents = struct.unpack_from("<QBQQ", index, 9)
    assert (version, code, sequences, documents) == (1, 8, len(source), len(source) + 1)
    lengths = np.frombuffer(index, "<i4", sequences, 34)
    ids = np.fromfile(exported / "megatron/train_text_document.bin", "<u2")
    end = manifest(tokens)["tokenizer"]["roles"]["eos"]
    start = 0
    for row, length in zip(source, lengths):
        assert ids[start : start + length].tolist() == row["input_ids"] + [end]
        start += length
    assert start == len(ids)


def test_json_lines_hold_every_row(exported, t5):
    lines = (exported / "jsonl/train.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == rows(t5)


def test_another_compression_is_the_same_dataset(prep, exported, t5):
    assert rows(exported / "arrow") == rows(t5)
    prep("validate", exported / "arrow")


def test_examples_are_refused_where_only_ids_fit(prep, t5, tmp_path):
    result = prep("export", t5, "--format", "megatron", "-o", tmp_path / "out", status=64)
    assert "labels" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture
def streaming(monkeypatch):
    # The package imports torchvision for datasets of images, which need not be there. What stands in
    # for it goes with the test; transformers asks once whether it is there, so it is asked before.
    importlib.import_module("transformers.utils").is_torchvision_available()
    names = ["torchvision", "torchvision.datasets", "torchvision.transforms"]
    for name in names + ["torchvision.transforms.functional"]:
        if name not in sys.modules:
            module = types.ModuleType(name)
            module.__spec__ = importlib.machinery.ModuleSpec(name, None)
            module.__version__ = "0"
            monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys.modules["torchvision.datasets"], "VisionDataset", object, raising=False)
    functional = sys.modules["torchvision.transforms.functional"]
    monkeypatch.setattr(functional, "to_tensor", None, raising=False)
    transforms = sys.modules["torchvision.transforms"]
    monkeypatch.setattr(sys.modules["torchvision"], "transforms", transforms, raising=False)
    import streaming as module

    module.base.util.clean_stale_shared_memory()
    return module


def test_streaming_reads_the_shards_and_writes_the_same_bytes(streaming, exported, t5, tmp_path):
    source = rows(t5)
    dataset = streaming.StreamingDataset(
        local=str(exported / "mds/train"), remote=None, shuffle=False, batch_size=1,
        validate_hash="sha1",
    )
    assert len(dataset) == len(source)
    for expected, sample in zip(source, dataset):
        for name, value in expected.items():
            got = sample[name]
            assert (got.tolist() if hasattr(got, "tolist") else got) == value
    shard = json.loads((exported / "raw/train/index.json").read_bytes())["shards"][0]
    columns = dict(zip(shard["column_names"], shard["column_encodings"]))
    with streaming.MDSWriter(out=str(tmp_path / "w"), columns=columns, hashes=["sha1"]) as writer:
        for row in source:
            writer.write(
                {
                    name: np.array(row[name], dtype=encoding.split(":")[1])
                    if encoding.startswith("ndarray")
                    else row[name]
                    for name, encoding in columns.items()
                }
            )
    name = shard["raw_data"]["basename"]
    assert (tmp_path / "w" / name).read_bytes() == (exported / "raw/train" / name).read_bytes()


def test_megatron_reads_the_files_and_writes_the_same_bytes(exported, tokens, tmp_path):
    import torch
    from megatron.core.datasets import indexed_dataset as megatron

    end = manifest(tokens)["tokenizer"]["roles"]["eos"]
    prefix = str(exported / "megatron/train_text_document")
    source = [row["input_ids"] + [end] for row in rows(tokens)]
    dataset = megatron.IndexedDataset(prefix)
    assert [item.tolist() for item in dataset] == source
    builder = megatron.IndexedDatasetBuilder(str(tmp_path / "w.bin"), dtype=np.uint16)
    for ids in source:
        builder.add_document(torch.tensor(ids), [len(ids)])
    builder.finalize(str(tmp_path / "w.idx"))
    for end in ["bin", "idx"]:
        assert (tmp_path / f"w.{end}").read_bytes() == open(f"{prefix}.{end}", "rb").read()
