# SPDX-License-Identifier: Apache-2.0
"""Levels of validation, and what `prep validate --repair` restores."""

import hashlib
import json
import os
import shutil
import struct
import subprocess

import pyarrow as pa
import pytest
from conftest import OBJECTIVES, manifest, shards, table, tree


@pytest.fixture(params=["tokens", "mlm"])
def dataset(request, tokens, examples, tmp_path):
    source = tokens if request.param == "tokens" else examples[request.param]
    shutil.copytree(source, tmp_path / "dataset")
    return tmp_path / "dataset"


def validate(prep, path, *options):
    done = prep("validate", path, "--json", "-q", *options, status=None)
    assert done.status in (0, 1), done.stderr
    report = json.loads(done.stdout)
    assert report["good"] or done.status == 1
    return done.status, report


def rules(report):
    """The rules that were found broken; warnings are not."""
    faults = [finding for finding in report["findings"] if finding["severity"] == "fault"]
    return {finding["rule"] for finding in faults}


def footer(path):
    """Where the footer begins."""
    content = path.read_bytes()
    return len(content) - 10 - struct.unpack("<i", content[-10:-6])[0]


def sums_are_right(dataset):
    done = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=dataset)
    return done.returncode == 0


def test_each_level_sees_what_it_promises(prep, dataset):
    for level in ("footers", "digests", "full"):
        status, report = validate(prep, dataset, "--level", level)
        assert status == 0 and report["rows"] == manifest(dataset)["totals"]["all"]["rows"]
    path = shards(dataset)[0]
    content = bytearray(path.read_bytes())
    batch = pa.ipc.open_file(path)
    assert batch.num_record_batches > 0
    content[footer(path) // 2] ^= 1
    path.write_bytes(content)
    assert validate(prep, dataset, "--level", "footers")[0] == 0
    assert "file-digest" in rules(validate(prep, dataset, "--level", "digests")[1])
    assert "file-digest" in rules(validate(prep, dataset)[1])
    os.truncate(path, len(content) - 1)
    assert {"file-size", "unreadable-shard"} <= rules(
        validate(prep, dataset, "--level", "footers")[1]
    )


def test_every_byte_of_the_small_files_counts(prep, dataset):
    for name in ("SHA256SUMS", "README.md", "tokenizer_config.json", "manifest.json"):
        path = dataset / name
        content = path.read_bytes()
        step = max(1, len(content) // 40)
        for position in [*range(0, len(content), step), len(content) - 1]:
            for bit in (0x01, 0x20):
                changed = bytearray(content)
                changed[position] ^= bit
                path.write_bytes(changed)
                done = prep("validate", dataset, "-q", "--level", "footers", status=None)
                assert done.status in (1, 65), f"{name}, byte {position}, {bit}"
        for changed in (content[:-1], content + b"\n", content + b"x"):
            path.write_bytes(changed)
            assert prep("validate", dataset, "-q", "--level", "footers", status=None).status != 0
        path.write_bytes(content)


def test_exchanged_shards_and_strange_files_are_found(prep, dataset):
    first, second = shards(dataset)[:2]
    (dataset / "held").write_bytes(first.read_bytes())
    shutil.move(second, first)
    shutil.move(dataset / "held", second)
    assert "file-digest" in rules(validate(prep, dataset, "--level", "digests")[1])
    (dataset / "more.arrow").write_bytes(first.read_bytes())
    assert "surplus-file" in rules(validate(prep, dataset, "--level", "footers")[1])


def test_a_footer_that_disagrees_with_its_stream_is_found(prep, tokens, tokenizer, tmp_path):
    source = tmp_path / "many.txt"
    words = " ".join(f"word{n}" for n in range(900))
    source.write_text("\n".join(f"{n} {words}" for n in range(1_800)))
    dataset = tmp_path / "dataset"
    prep("tokenize", source, "--split-on", "lines", "--tokenizer", tokenizer, "-o", dataset)
    [path] = shards(dataset)
    content = bytearray(path.read_bytes())
    start = footer(path)
    assert pa.ipc.open_file(path).num_record_batches > 2
    # The blocks of the first two batches, which pyarrow reads in the footer's order, change places.
    blocks = []
    for position in range(start, len(content) - 24, 4):
        offset, length, _, body = struct.unpack("<qiiq", content[position : position + 24])
        if 0 < offset < start and 0 < length < 10_000 and offset + length + body <= start:
            if content[offset : offset + 4] == b"\xff\xff\xff\xff" and offset % 64 == 0:
                blocks.append(position)
    one, two = blocks[0], blocks[1]
    content[one : one + 24], content[two : two + 24] = (
        content[two : two + 24],
        content[one : one + 24],
    )
    path.write_bytes(content)
    facts = json.loads((dataset / "manifest.json").read_bytes())
    old = facts["units"][0]["shards"][0]["sha256"]
    new = hashlib.sha256(content).hexdigest()
    for name in ("manifest.json", "SHA256SUMS"):
        file = dataset / name
        file.write_text(file.read_text().replace(old, new))
    changed = hashlib.sha256((dataset / "manifest.json").read_bytes()).hexdigest()
    lines = (dataset / "SHA256SUMS").read_text().splitlines()
    lines = [f"{changed}  manifest.json" if "manifest.json" in line else line for line in lines]
    (dataset / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    assert sums_are_right(dataset)
    assert rules(validate(prep, dataset, "--level", "footers")[1]) >= {"footer"}


def test_lost_footers_sums_and_cards_come_back_to_the_byte(prep, dataset):
    before = tree(dataset)
    for path in shards(dataset):
        os.truncate(path, footer(path))
    (dataset / "SHA256SUMS").unlink()
    (dataset / "README.md").unlink()
    status, report = validate(prep, dataset, "--repair")
    assert status == 0 and report["repair"]["lost"] == []
    assert len(report["repair"]["restored"]) == len(shards(dataset)) + 2
    assert tree(dataset) == before
    assert validate(prep, dataset, "--repair")[1]["repair"] == {"restored": [], "lost": []}


def test_a_lost_manifest_is_made_anew_and_what_it_lacks_is_said(prep, dataset):
    before, rows = manifest(dataset), table(dataset).to_pylist()
    (dataset / "manifest.json").unlink()
    status, report = validate(prep, dataset, "--repair")
    assert status == 1 and report["good"], report
    [lost] = report["repair"]["lost"]
    assert "inputs" in lost and ("seed" in lost) == (before["kind"] == "examples")
    after = manifest(dataset)
    assert after["totals"] == before["totals"]
    for name in ("kind", "tokenizer", "objective"):
        assert after.get(name) == before.get(name)
    for old, new in zip(before["units"], after["units"], strict=True):
        assert old["shards"] == new["shards"] and old["name"] == new["name"]
    assert table(dataset).to_pylist() == rows
    assert sums_are_right(dataset)
    assert validate(prep, dataset)[0] == 0


def test_what_a_cut_shard_still_holds_is_saved(prep, dataset, tmp_path):
    path = shards(dataset, "train")[0]
    content = path.read_bytes()
    rows = table(dataset, "train").to_pylist()
    last = pa.ipc.open_file(path)
    whole = sum(last.get_batch(i).num_rows for i in range(last.num_record_batches - 1))
    path.write_bytes(content[: footer(path) - 100])
    status, report = validate(prep, dataset, "--repair")
    # That tokens of the source are in no row any more stays a fault of examples.
    faults = {"serving-count"} if manifest(dataset)["kind"] == "examples" else set()
    assert status == 1 and rules(report) == faults
    [lost] = report["repair"]["lost"]
    assert f"{whole} rows saved, {len(rows) - whole} of {len(rows)} lost" in lost
    assert table(dataset, "train").to_pylist() == rows[:whole]
    assert rules(validate(prep, dataset)[1]) == faults
    kept = dataset.parent / "dataset.damaged" / path.name
    assert content.startswith(kept.read_bytes())


def test_what_cannot_be_saved_stays_a_fault(prep, dataset):
    (dataset / "tokenizer.json").write_text("{}")
    shards(dataset)[0].unlink()
    status, report = validate(prep, dataset, "--repair")
    assert status == 1 and not report["good"]
    assert len(report["repair"]["lost"]) == 2
    assert {"missing-file", "stale-tokenizer"} <= rules(report)


def test_repair_needs_a_dataset(prep, tmp_path):
    prep("validate", tmp_path / "nothing", "--repair", status=66)
    (tmp_path / "empty").mkdir()
    prep("validate", tmp_path / "empty", "--repair", status=65)
    options = OBJECTIVES["clm"][:2]
    prep("validate", tmp_path, "--repair", *options, "--tokenizer", "x", status=64)
