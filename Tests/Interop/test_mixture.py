# SPDX-License-Identifier: Apache-2.0
"""Mixtures, checked from outside: whose rows are whose, and what they give back."""

import numpy as np
import pytest
from conftest import run
from test_objectives import IGNORED, Source, build, close_to, matrix, served, spans

MEMBERS = "t5-span:0.5,prefix-lm:0.3,hard=t5-span:0.2"
SETTINGS = ("hard.noise_density=0.5", "hard.max_spans=sentinels", "hard.prefix=nlg eos")


@pytest.fixture(scope="module")
def source(real_tokens):
    return Source(real_tokens)


@pytest.fixture(scope="module")
def mixture(prep, real_tokens, tmp_path_factory):
    settings = [part for text in SETTINGS for part in ("--set", text)]
    return build(
        prep, real_tokens, tmp_path_factory.mktemp("mixture"), "--objective", "mixture",
        "--set", f"members={MEMBERS}", "--set", "length=128", *settings,
    )


def test_members_have_their_shares_of_the_rows(mixture):
    rows, facts = mixture
    tasks = rows["task"].to_numpy()
    assert len(tasks) > 1000
    for task, share in enumerate((0.5, 0.3, 0.2)):
        assert close_to((tasks == task).sum(), len(tasks), share)
    names = facts["objective"]["facts"]
    assert [names[f"task.{name}"] for name in ("t5-span", "prefix-lm", "hard")] == [0, 1, 2]
    assert "task" not in facts["objective"]["model_columns"]


def test_every_row_gives_back_its_source(source, mixture):
    rows, facts = mixture
    inputs, labels = matrix(rows, "input_ids"), matrix(rows, "labels")
    masks, tasks = matrix(rows, "attention_mask"), rows["task"].to_numpy()
    pieces = source.pieces(rows)
    eos, prefix = source.roles["eos"], [source.roles["nlg"], source.roles["eos"]]
    for row, targets, mask, task, stretches in zip(inputs, labels, masks, tasks, pieces):
        row, targets = row[mask == 1], targets[targets != IGNORED]
        assert row[-1] == eos and targets[-1] == eos
        if task == 2:
            assert row[:2].tolist() == prefix
            row = row[2:]
        original = np.concatenate([source.stretch(*piece) for piece in stretches])
        if task == 1:
            whole = np.concatenate([row[:-1], targets[:-1]])
        else:
            kept, gaps = spans(row[:-1], source.sentinels)
            nothing, noise = spans(targets[:-1], source.sentinels)
            assert len(nothing) == 0 and len(noise) == len(gaps)
            parts = [part for pair in zip(noise, gaps) for part in pair]
            whole = np.concatenate([kept, *parts])
        assert np.array_equal(whole, original)
    counts = served(source, pieces)
    assert max(count.max() for count in counts.values() if len(count)) == 1
    dropped = sum(int((count == 0).sum()) for count in counts.values())
    assert dropped == facts["counts"].get("dropped_tokens_too_short", 0)


def test_members_that_differ_are_refused_before_work(real_tokens, tmp_path):
    result = run(
        "build", real_tokens, "--objective", "mixture", "--set", "members=t5-span,mlm", "-o",
        tmp_path / "out", status=None,
    )
    assert result.status == 64
    assert "labels is int32 × 114 in t5-span, int32 × 512 in mlm" in result.stderr
    assert not (tmp_path / "out").exists()
