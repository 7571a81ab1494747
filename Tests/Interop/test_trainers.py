# SPDX-License-Identifier: Apache-2.0
"""The example trainers: every row exactly once, whoever stops and goes on, and falling losses."""

import gzip
import os
import random
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
import torch
from conftest import REPOSITORY, binary, manifest, shards, table

TRAINERS = REPOSITORY / "Pipelines" / "trainers"
sys.path.insert(0, str(TRAINERS))
import live_pipe  # noqa: E402
import torch_shards  # noqa: E402
from live_pipe import LivePipe, received  # noqa: E402
from torch_shards import Cursor, ShardRows  # noqa: E402

BATCH = 8
# Rows of 1,024: 128 to a record batch.
CLM = ["--objective", "clm", "--set", "length=1024", "--seed", "1"]


@pytest.fixture(scope="module", autouse=True)
def prep_is_found():
    torch.set_num_threads(1)
    os.environ["PREP"] = str(binary())


@pytest.fixture(scope="module")
def world(prep, tmp_path_factory):
    """Tokens of a simulated world in three units of very different size."""
    parent = tmp_path_factory.mktemp("world")
    script = [sys.executable, REPOSITORY / "Fixtures" / "microworld.py", "--documents", "1500"]
    stories = subprocess.run([*script, "--seed", "7"], capture_output=True, check=True).stdout
    lines = stories.splitlines(keepends=True)
    for index, (first, last) in enumerate([(0, 1000), (1000, 1450), (1450, 1500)]):
        path = parent / f"part{index}.jsonl.gz"
        path.write_bytes(gzip.compress(b"".join(lines[first:last])))
        os.truncate(path, 65 << 20)
    inputs = sorted(parent.iterdir())
    prep("tokenizer", "train", *inputs, "--vocab-size", 1200, "-o", parent / "tokenizer.json")
    options = ["--tokenizer", parent / "tokenizer.json", "--sentences"]
    prep("tokenize", *inputs, *options, "-o", parent / "tokens")
    return parent / "tokens"


@pytest.fixture(scope="module")
def causal(prep, world):
    path = world.parent / "clm"
    prep("build", world, *CLM, "-o", path)
    rows = [unit["shards"][0]["rows"] for unit in manifest(path)["units"]]
    assert len(rows) == 3 and rows[0] > 15 * rows[2], "shards of uneven size"
    return path


def identity(columns, rows):
    return [ids.numpy().tobytes() for ids in columns["input_ids"][:rows]]


def whole(path):
    return Counter(
        np.array(ids, np.int64).tobytes() for ids in table(path, "train")["input_ids"].to_pylist()
    )


def loaders(make, ranks, workers):
    return [
        iter(torch.utils.data.DataLoader(make(rank), batch_size=None, num_workers=workers))
        for rank in range(ranks)
    ]


def served(make, ranks, workers, stop=None):
    """What all ranks get until the epoch ends, or after `stop` steps: the rows, and where they
    would go on. All ranks take the same steps, or the first that has none fails the others."""
    rows, cursor, steps = Counter(), None, 0
    running = loaders(make, ranks, workers)
    while steps != stop:
        batches = [next(one, None) for one in running]
        assert (batches[0] is None) == any(batch is None for batch in batches), "a rank waits"
        if batches[0] is None:
            break
        assert len({batch.cursor for batch in batches if batch.cursor}) <= 1
        for batch in batches:
            rows.update(identity(batch.columns, batch.rows))
            assert len(batch.columns["input_ids"]) == max(1, batch.rows)
        steps, cursor = steps + 1, batches[-1].cursor
    return rows, cursor, steps


SHAPES = [(1, 0), (1, 2), (4, 0), (4, 2)]


def files(path, ranks, cursor=None, epochs=1, size=BATCH):
    """Makes the dataset of each rank."""
    facts = manifest(path)
    return lambda rank: ShardRows(
        path, facts, size, rank=rank, ranks=ranks, cursor=cursor, epochs=epochs
    )


@pytest.mark.parametrize("ranks, workers", SHAPES)
def test_an_epoch_interrupted_anywhere_serves_every_row_once(causal, ranks, workers):
    """Gone on with as many ranks and workers, and with every other number of them."""
    draw = random.Random(ranks * 10 + workers)
    rows, cursor, steps = served(files(causal, ranks), ranks, workers)
    assert rows == whole(causal) and cursor.epoch == 1
    for other_ranks, other_workers in SHAPES:
        stop = draw.randrange(1, steps)
        before, cursor, _ = served(files(causal, ranks), ranks, workers, stop)
        after, _, _ = served(files(causal, other_ranks, cursor), other_ranks, other_workers)
        assert before + after == whole(causal), (stop, other_ranks, other_workers)


def test_several_interruptions_and_epochs(causal):
    """Three epochs in pieces of a few steps, the ranks and the batch changing all the time."""
    draw = random.Random(3)
    order = [b.columns["input_ids"][0] for b in loaders(files(causal, 1, None, 3), 1, 0)[0]]
    third = len(order) // 3
    assert not torch.equal(order[0], order[third]) and not torch.equal(order[0], order[2 * third])
    seen, cursor, _ = served(files(causal, 1, None, 3), 1, 0, 1)
    while cursor.epoch < 3:
        ranks, size = draw.choice([1, 2, 3, 4, 7]), draw.choice([1, 3, 8, 32])
        got, moved, steps = served(
            files(causal, ranks, cursor, 3, size), ranks, 0, draw.randrange(1, 30)
        )
        assert steps
        seen, cursor = seen + got, moved
    assert seen == Counter({row: 3 * times for row, times in whole(causal).items()})


def test_fewer_rows_than_ranks_leave_nobody_waiting(causal):
    """Seven ranks go on where three rows are left: four of them get a row that does not count."""
    rows = sum(whole(causal).values())
    _, cursor, _ = served(files(causal, 1, None, 1, rows - 3), 1, 0, 1)
    batches = [next(one) for one in loaders(files(causal, 7, cursor), 7, 0)]
    assert sorted(batch.rows for batch in batches) == [0, 0, 0, 0, 1, 1, 1]
    assert {batch.rows_of_step for batch in batches} == {3}


def test_epochs_that_were_drawn_anew_are_served_in_turn(prep, world, tmp_path):
    masked = ["--objective", "mlm", "--set", "length=512", "--epochs", 2]
    prep("build", world, *masked, "-o", tmp_path / "mlm")
    drawn = [
        Counter(
            np.array(ids, np.int64).tobytes()
            for path in shards(tmp_path / "mlm", f"*e0{epoch}")
            for ids in pa.ipc.open_file(path).read_all()["input_ids"].to_pylist()
        )
        for epoch in range(2)
    ]
    seen = [Counter(), Counter(), Counter()]
    for batch in loaders(files(tmp_path / "mlm", 1, None, 3), 1, 0)[0]:
        epoch = min(k for k in range(3) if sum(seen[k].values()) < sum(drawn[k % 2].values()))
        seen[epoch].update(identity(batch.columns, batch.rows))
    assert seen == [drawn[0], drawn[1], drawn[0]] and drawn[0] != drawn[1]


# The live pipe


def pipe(world, ranks, cursor=live_pipe.Cursor(), epochs=1, size=BATCH):
    return lambda rank: LivePipe([world, *CLM], size, epochs, rank, ranks, cursor)


@pytest.mark.parametrize("ranks, workers", SHAPES)
def test_a_live_pipe_serves_every_row_once_and_goes_on(world, causal, ranks, workers):
    rows, cursor, steps = served(pipe(world, ranks), ranks, workers)
    assert rows == whole(causal) and cursor == (1, 0)
    turns = max(1, workers)
    stop = random.Random(ranks + workers).randrange(1, steps // turns) * turns
    before, cursor, _ = served(pipe(world, ranks), ranks, workers, stop)
    for other_ranks, other_workers in {(ranks, workers), (4, 0), (1, 2)}:
        after, _, _ = served(pipe(world, other_ranks, cursor), other_ranks, other_workers)
        assert before + after == whole(causal), (stop, other_ranks, other_workers)


def test_masks_of_a_live_pipe_are_drawn_anew_in_each_epoch(world):
    masked = [world, "--objective", "mlm", "--set", "length=512", "--shuffle"]
    epochs = [
        Counter(
            row
            for batch in LivePipe(masked, 16, epoch + 1, cursor=live_pipe.Cursor(epoch))
            for row in identity(batch.columns, batch.rows)
        )
        for epoch in range(2)
    ]
    assert sum(epochs[0].values()) == sum(epochs[1].values()) > 0
    assert len(epochs[0] & epochs[1]) < 0.05 * len(epochs[0])


def test_a_cut_pipe_is_noticed(world, tmp_path, monkeypatch):
    """A program that stops in mid-stream, as one that was killed does, with any status."""
    assert sum(len(batch["input_ids"]) for batch, _ in received([world, *CLM], 0, 0, 1, 0) if batch)
    length = len(subprocess.run([binary(), "build", world, *CLM, "-o", "-"], capture_output=True).stdout)
    for kept, status in ((length // 2, 0), (length // 2, 137), (length - 200, 0), (100, 0), (length, 1)):
        short = tmp_path / f"prep{kept}-{status}"
        short.write_text(f'#!/bin/sh\n"{binary()}" "$@" | head -c {kept}\nexit {status}\n')
        short.chmod(0o755)
        monkeypatch.setenv("PREP", str(short))
        with pytest.raises(RuntimeError):
            for _ in LivePipe([world, *CLM], BATCH):
                pass
    monkeypatch.setenv("PREP", str(binary()))
    with pytest.raises(RuntimeError):
        for _ in LivePipe([tmp_path / "nothing", *CLM], BATCH):
            pass


# The programs


def losses(printed, steps=60):
    counted, first, last = re.search(r"(\d+) steps, loss ([\d.]+) to ([\d.]+)", printed).groups()
    assert int(counted) == steps, printed
    return float(first), float(last)


def falls(printed, steps=60):
    first, last = losses(printed, steps)
    assert last < 0.9 * first, printed
    return last


@pytest.fixture
def trained(capsys):
    """Runs the program of an example in this process and gives what it prints."""

    def run(module, *arguments):
        capsys.readouterr()
        module.main([str(word) for word in arguments])
        return capsys.readouterr().out

    return run


@pytest.fixture(scope="module")
def built(prep, world):
    def build(name, *options):
        path = world.parent / name
        prep("build", world, *options, "--set", "length=64", "-o", path)
        return path

    return build


def test_torch_shards_learns_and_goes_on(trained, built, tmp_path):
    path = built("best-fit", "--objective", "clm", "--set", "preset=best-fit")
    given = [path, "--checkpoint", tmp_path / "run.pt", "--workers", 1]
    last = falls(trained(torch_shards, *given, "--steps", 60))
    first, _ = losses(trained(torch_shards, *given, "--steps", 5), steps=5)
    assert first < 1.2 * last, "it began anew"


def test_torch_shards_learns_on_two_ranks_to_the_end_of_the_epoch(built):
    # 16 rows a step, 971 = 60 · 16 + 11: the last step is a short one.
    path = built("ranks", "--objective", "clm", "--limit", 971)
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [sys.executable, *launcher, TRAINERS / "torch_shards.py", path],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    falls(done.stdout, steps=61)
    assert "epoch=1" in done.stdout


def test_hugging_face_trainer_learns(trained, built):
    import hf_trainer

    path = built("gpt", "--objective", "clm", "--set", "labels=column")
    falls(trained(hf_trainer, path, "--steps", 60))


def in_jax(*words):
    """JAX runs threads, and the workers of a DataLoader fork: not in this process."""
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(TRAINERS)}
    done = subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_jax_learns(built):
    path = built("bert", "--objective", "mlm")
    falls(in_jax(TRAINERS / "jax_shards.py", path, "--steps", 60))


def test_jax_weighs_as_torch_ignores(tmp_path):
    generator = np.random.default_rng(0)
    # More than a hundred entries: −100 would be a valid index.
    logits = generator.normal(size=(3, 7, 200)).astype(np.float32)
    labels = generator.integers(0, 200, (3, 7))
    labels[generator.random((3, 7)) < 0.6] = -100
    nothing = np.full((3, 7), -100)
    np.savez(tmp_path / "given.npz", logits=logits, labels=labels, nothing=nothing)
    script = (
        "import sys, numpy, jax_shards; given = numpy.load(sys.argv[1])\n"
        "for labels in ('labels', 'nothing'):\n"
        "    print(jax_shards.weighted_loss(given['logits'], given[labels]))"
    )
    weighted, empty = map(float, in_jax("-c", script, tmp_path / "given.npz").split())
    expected = torch.nn.functional.cross_entropy(
        torch.from_numpy(logits).flatten(0, 1), torch.from_numpy(labels).flatten()
    )
    assert abs(weighted - expected.item()) < 1e-5 and empty == 0


def test_a_live_pipe_learns(trained, world):
    masked = [world, "--objective", "mlm", "--set", "length=64", "--seed", 1]
    falls(trained(live_pipe, "--steps", 60, "--workers", 2, "--", *masked))
