# SPDX-License-Identifier: Apache-2.0
"""Every objective and every preset: builds, validates, and draws what the seed says."""

import gzip
import json
import os

import numpy as np
import pytest
from objective_catalogue import named, objectives, options, recipes
from conftest import FULL, manifest, read_jsonl, table, tree

EXPECTED = {
    *("clm", "mlm", "mntp", "mdlm", "plm", "t5-span", "t5-iid", "prefix-lm", "ul2"),
    *("text-infilling", "token-masking", "token-deletion", "sentence-permutation"),
    *("document-rotation", "bart", "mbart"),
}
PROVENANCE = ("source_document", "source_offset", "source_length")
TYPES = {
    "labels": "int32",
    "attention_mask": "uint8",
    "token_type_ids": "uint8",
    "next_sentence_label": "uint8",
    "sentence_order_label": "uint8",
    "segment_ids": "int32",
    "position_ids": "int32",
    "prefix_lengths": "int32",
    "p_mask": "float",
    "task": "uint8",
    "target": "uint8",
    "factorization_rank": "int32",
}


def test_the_catalogue_is_complete_and_tells_what_to_know():
    assert EXPECTED <= set(objectives())
    for entry in objectives().values():
        assert entry["summary"] and entry["heads"] and entry["sources"], entry["name"]
        parameters = {parameter["name"] for parameter in entry["parameters"]}
        for preset in entry["presets"]:
            assert preset["note"] and set(preset["settings"]) <= parameters, preset["name"]


@pytest.mark.parametrize("recipe", recipes(), ids=named)
def test_builds_from_the_fixtures_and_validates(prep, tokens, recipe, tmp_path):
    name, preset = recipe
    built = tmp_path / "built"
    prep("build", tokens, *options(name, preset), "-o", built)
    prep("validate", built)
    facts = manifest(built)
    assert facts["objective"]["name"] == name
    for key, value in settings_of(name, preset).items():
        found = facts["objective"]["parameters"][key]
        assert type(found)(json.loads(value) if not isinstance(found, str) else value) == found
    for split in ("train", "validation"):
        rows = table(built, split)
        assert len(rows) > 0
        assert set(facts["objective"]["model_columns"]) <= set(rows.column_names)
        for field in rows.schema:
            element = getattr(field.type, "value_type", field.type)
            expected = TYPES.get(field.name)
            if name == "rtd" and field.name == "labels":
                expected = None
            assert expected in (None, str(element)), field
        assert str(rows.schema.field("input_ids").type.value_type) == "uint16"
    assert facts["counts"]["source_documents"] == 74
    assert facts["counts"]["loss_tokens"] > 0
    check_counts(table(built), facts)


def settings_of(name, preset):
    found = {entry["name"]: entry["settings"] for entry in objectives()[name]["presets"]}
    return found[preset] if preset else {}


def flat(column):
    found = column.combine_chunks()
    found = found.flatten() if hasattr(found.type, "value_type") else found
    return found.to_numpy(zero_copy_only=False)


def check_counts(rows, facts):
    """The manifest's accounts are those of the rows."""
    counts = facts["counts"]
    places = len(flat(rows["input_ids"]))
    assert places == counts["input_tokens"] + counts["input_padding"]
    if "attention_mask" in rows.column_names:
        assert int(flat(rows["attention_mask"]).sum()) == counts["input_tokens"]
    if "target" in rows.column_names:
        assert int(flat(rows["target"]).sum()) == counts["loss_tokens"]
    if "labels" in rows.column_names and "int32" in str(rows.schema.field("labels").type):
        labels = flat(rows["labels"]).reshape(len(rows), -1)
        if facts["objective"]["name"] in ("clm", "fim"):
            labels = labels[:, 1:]  # nothing stands before the first token to predict it from
        assert int((labels != -100).sum()) == counts["loss_tokens"]


@pytest.fixture(scope="session")
def unit_tokens(prep, corpus, tokenizer, tmp_path_factory):
    """Three units of the fixtures, each of several batches of rows."""
    parent = tmp_path_factory.mktemp("catalogue-units")
    records = read_jsonl(corpus[0])
    paths = []
    for part in range(3):
        lines = [
            json.dumps({**record, "id": f"{part}.{copy}/{record['id']}"}, ensure_ascii=False)
            for copy in range(4)
            for record in records[part::2]
        ]
        path = parent / f"part{part}.jsonl.gz"
        path.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
        # A file of 64 MiB is a unit of its own; zero padding after a gzip member is allowed.
        os.truncate(path, 65 << 20)
        paths.append(path)
    made = parent / "tokens"
    prep("tokenize", *paths, "--tokenizer", tokenizer, "--sentences", "-o", made)
    assert len(manifest(made)["units"]) == 3
    return made


def content(directory):
    rows = table(directory)
    return rows.select([name for name in rows.column_names if name not in PROVENANCE])


# Presets change numbers, not code that threads run; the whole list takes a minute more.
@pytest.mark.parametrize(
    "recipe",
    [r for r in recipes() if FULL or r[1] in (None, "best-fit", "bert", "albert", "ul2r")],
    ids=named,
)
def test_the_seed_alone_decides_the_bytes(prep, unit_tokens, recipe, tmp_path):
    arguments = ["build", unit_tokens, *options(*recipe)]
    for threads in (1, 2, 8):
        prep(*arguments, "--threads", threads, "-o", tmp_path / f"threads{threads}")
    assert len(list((tmp_path / "threads1").glob("*.arrow"))) == 3
    expected = tree(tmp_path / "threads1")
    assert tree(tmp_path / "threads2") == expected
    assert tree(tmp_path / "threads8") == expected
    prep(*arguments, "--seed", 1, "-o", tmp_path / "seed")
    prep(*arguments, "--epoch", 1, "-o", tmp_path / "epoch")
    drawn = [content(tmp_path / kind) for kind in ("threads1", "seed", "epoch")]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert not drawn[first].equals(drawn[second])
        # Not a row or two: hardly any row stays where it was.
        ids = [np.asarray(flat(drawn[i]["input_ids"]))[:20_000] for i in (first, second)]
        size = min(map(len, ids))
        assert (ids[0][:size] != ids[1][:size]).mean() > 0.02
