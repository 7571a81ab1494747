# SPDX-License-Identifier: Apache-2.0
"""The quickstart pipeline: from text to datasets that load, made once and kept."""

from pathlib import Path

import datasets
import pytest
from conftest import REPOSITORY, manifest, table, tree
from transformers import AutoTokenizer

QUICKSTART = REPOSITORY / "Pipelines" / "quickstart.yaml"
NAMES = ["tokens", "t5-span", "mlm-nsp", "clm"]


@pytest.fixture(scope="module")
def made(prep, tmp_path_factory):
    output = tmp_path_factory.mktemp("quickstart") / "made"
    return output, prep("run", QUICKSTART, "-o", output)


def states(directory):
    files = [path for path in sorted(Path(directory).rglob("*")) if path.is_file()]
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


@pytest.mark.parametrize("name", NAMES)
def test_what_it_makes_is_good_and_loads(prep, made, name, tmp_path):
    dataset = made[0] / name
    prep("validate", dataset)
    loaded = datasets.load_dataset(str(dataset), cache_dir=str(tmp_path))
    assert sum(loaded[split].num_rows for split in loaded) == len(table(dataset))
    tokenizer = AutoTokenizer.from_pretrained(str(dataset))
    assert len(tokenizer) == 4096
    rows = loaded["train"].select(range(40))["input_ids"]
    assert " the " in "".join(tokenizer.decode(row) for row in rows)


def test_it_tells_what_was_made_and_how_to_load_it(made):
    told = made[1].stdout.decode() + made[1].stderr
    assert "load_dataset" in told and "AutoTokenizer" in told
    for name in NAMES:
        rows = manifest(made[0] / name)["totals"]["all"]["rows"]
        assert str(made[0] / name) in told and f"{rows}" in told


def test_a_second_run_keeps_everything(prep, made):
    before = states(made[0])
    prep("run", QUICKSTART, "-o", made[0])
    assert states(made[0]) == before


def test_another_place_gives_the_same_bytes(prep, made, tmp_path):
    prep("run", QUICKSTART, "-o", tmp_path / "again", "--threads", 1)
    assert tree(tmp_path / "again") == tree(made[0])


def test_a_damaged_dataset_fails_the_check_of_a_second_run(prep, made, tmp_path):
    output = tmp_path / "damaged"
    prep("run", QUICKSTART, "-o", output)
    path = output / "clm" / "train-00000-000.arrow"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    result = prep("run", QUICKSTART, "-o", output, status=1)
    assert path.name in result.stderr + result.stdout.decode()


def test_an_unknown_key_is_64_and_named(prep, tmp_path):
    text = QUICKSTART.read_text("utf-8").replace("sentences:", "sentence:")
    (tmp_path / "wrong.yaml").write_text(text, "utf-8")
    result = prep("run", tmp_path / "wrong.yaml", "-o", tmp_path / "made", status=None)
    assert result.status in (64, 65) and "sentence" in result.stderr
    assert not (tmp_path / "made" / "clm").exists()
