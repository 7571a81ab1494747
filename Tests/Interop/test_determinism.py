# SPDX-License-Identifier: Apache-2.0
"""The bytes depend on the input, the parameters and the seed: not on threads, runs or crashes."""

import subprocess
import time

import pyarrow as pa
import pytest
from conftest import FULL, OBJECTIVES, binary, manifest, shards, tree


@pytest.fixture(scope="module")
def books(shared):
    return shared("english/books.jsonl.zst")


@pytest.fixture(scope="module")
def book_tokenizer(prep, books, tmp_path_factory):
    path = tmp_path_factory.mktemp("book-tokenizer") / "tokenizer.json"
    prep("tokenizer", "train", books, "--vocab-size", 16000, "-o", path)
    return path


@pytest.fixture(scope="module")
def tokenize_books(books, several_units, book_tokenizer):
    """Four units: three small ones, and the books in the last."""
    split = ["--split", "train=0.95,validation=0.05"]
    options = ["--tokenizer", book_tokenizer, "--sentences", *split]
    return ["tokenize", *several_units, books, *options]


@pytest.fixture(scope="module")
def book_tokens(prep, tokenize_books, tmp_path_factory):
    path = tmp_path_factory.mktemp("book-tokens") / "tokens"
    prep(*tokenize_books, "-o", path)
    return path


NSP = ["--objective", "mlm", "--set", "nsp=true", "--seed", 11]


@pytest.fixture(scope="module")
def book_pairs(prep, book_tokens, tmp_path_factory):
    path = tmp_path_factory.mktemp("book-pairs") / "pairs"
    prep("build", book_tokens, *NSP, "--epochs", 2, "-o", path)
    return path


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_tokens_are_the_same_for_any_threads(prep, tokenize_books, book_tokens, threads, tmp_path):
    prep(*tokenize_books, "--threads", threads, "-o", tmp_path / "again")
    assert tree(tmp_path / "again") == tree(book_tokens)
    assert len(shards(book_tokens, "train")) == 4


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("name", ["clm", "mlm", "t5", "nsp"])
def test_examples_are_the_same_for_any_threads(prep, tokens, examples, name, threads, tmp_path):
    options = [*OBJECTIVES[name], "--threads", threads]
    prep("build", tokens, *options, "-o", tmp_path / "again")
    assert tree(tmp_path / "again") == tree(examples[name])


@pytest.mark.parametrize("threads", [1, 5])
def test_many_examples_are_the_same_for_any_threads(
    prep, book_tokens, book_pairs, threads, tmp_path
):
    options = [*NSP, "--epochs", 2, "--threads", threads]
    prep("build", book_tokens, *options, "-o", tmp_path / "again")
    assert tree(tmp_path / "again") == tree(book_pairs)


def kill_and_resume(prep, command, output, whole, moment, duration, resume_threads):
    """Returns whether the run was killed before it was done."""
    process = subprocess.Popen(
        [str(binary()), *map(str, command), "-o", str(output)], stderr=subprocess.DEVNULL
    )
    time.sleep(moment * duration)
    process.kill()
    process.wait()
    killed = not (output / "manifest.json").exists()
    if killed and output.exists():
        refused = prep("validate", output, status=None)
        assert refused.status in (1, 65, 66), "an unfinished run must not look whole"
    prep(*command, "--resume", "--threads", resume_threads, "-o", output)
    assert tree(output) == tree(whole)
    return killed


MOMENTS = [k / 20 for k in range(1, 20)] if FULL else [0.2, 0.5, 0.8]


def test_a_killed_tokenize_resumes_to_the_same_bytes(prep, tokenize_books, book_tokens, tmp_path):
    start = time.monotonic()
    prep(*tokenize_books, "-o", tmp_path / "timed")
    duration = time.monotonic() - start
    killed = [
        kill_and_resume(
            prep, tokenize_books, tmp_path / f"{moment}", book_tokens, moment, duration, 1 + k % 3
        )
        for k, moment in enumerate(MOMENTS)
    ]
    assert sum(killed) >= 2


def test_a_killed_build_resumes_to_the_same_bytes(prep, book_tokens, book_pairs, tmp_path):
    command = ["build", book_tokens, *NSP, "--epochs", 2]
    start = time.monotonic()
    prep(*command, "-o", tmp_path / "timed")
    duration = time.monotonic() - start
    killed = [
        kill_and_resume(
            prep, command, tmp_path / f"{moment}", book_pairs, moment, duration, 1 + k % 3
        )
        for k, moment in enumerate(MOMENTS)
    ]
    assert sum(killed) >= 2


def test_resuming_keeps_the_finished_units(prep, tokenize_books, book_tokens, tmp_path):
    """Killed once a unit is finished, the run continues after it: those files stay as they are."""
    output = tmp_path / "killed"
    process = subprocess.Popen(
        [str(binary()), *map(str, tokenize_books), "-o", str(output)], stderr=subprocess.DEVNULL
    )
    finished = []
    while not finished and process.poll() is None:
        time.sleep(0.002)
        finished = list(output.glob(".partial/*00001-000*.json"))
    process.kill()
    process.wait()
    if (output / "manifest.json").exists():
        pytest.skip("the run was over before it could be killed")
    kept = sorted(output.glob(".partial/train-0000[01]-000.arrow"))
    assert kept, sorted(path.name for path in output.rglob("*"))
    before = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in kept}
    prep(*tokenize_books, "--resume", "-o", output)
    after = {name: (output / name).stat() for name in before}
    assert before == {name: (s.st_ino, s.st_mtime_ns) for name, s in after.items()}
    assert tree(output) == tree(book_tokens)


def test_resuming_a_finished_run_leaves_it_alone(prep, tokens, examples, tmp_path):
    before = tree(examples["mlm"])
    prep("build", tokens, *OBJECTIVES["mlm"], "--resume", "-o", examples["mlm"])
    assert tree(examples["mlm"]) == before
    other = [*OBJECTIVES["mlm"], "--seed", 1, "--resume"]
    prep("build", tokens, *other, "-o", examples["mlm"], status=64)
    assert tree(examples["mlm"]) == before


def test_overwriting_makes_a_new_dataset(prep, tokens, examples, tmp_path):
    output = tmp_path / "built"
    prep("build", tokens, *OBJECTIVES["t5"], "--epochs", 2, "-o", output)
    prep("build", tokens, *OBJECTIVES["mlm"], "--overwrite", "-o", output)
    assert tree(output) == tree(examples["mlm"])


@pytest.fixture(scope="module", params=["clm", "mlm", "t5", "nsp"])
def epochs(request, prep, tokens, tmp_path_factory):
    """The shards of three epochs built together, and those of each built alone."""
    parent = tmp_path_factory.mktemp("epochs")
    options = OBJECTIVES[request.param]
    prep("build", tokens, *options, "--epochs", 3, "-o", parent / "many")
    for epoch in range(3):
        prep("build", tokens, *options, "--epoch", epoch, "-o", parent / f"{epoch}")
    many = shards(parent / "many", "train")
    assert len(many) == 3 and len(shards(parent / "many", "validation")) == 1
    return [(path, *shards(parent / f"{epoch}", "train")) for epoch, path in enumerate(many)]


def test_one_epoch_has_the_rows_of_that_of_many(epochs):
    tables = [[pa.ipc.open_file(path).read_all() for path in pair] for pair in epochs]
    assert all(among.equals(alone) for among, alone in tables)
    assert not tables[0][0].equals(tables[1][0]) and not tables[1][0].equals(tables[2][0])


def test_one_epoch_is_that_of_many_byte_for_byte(epochs):
    assert all(among.read_bytes() == alone.read_bytes() for among, alone in epochs)


@pytest.mark.parametrize("name", ["clm", "mlm", "t5", "nsp"])
def test_another_seed_draws_anew(prep, tokens, examples, name, tmp_path):
    prep("build", tokens, *OBJECTIVES[name], "--seed", 2**64 - 1, "-o", tmp_path / "other")
    ours = {unit["name"]: unit["shards"] for unit in manifest(examples[name])["units"]}
    theirs = {unit["name"]: unit["shards"] for unit in manifest(tmp_path / "other")["units"]}
    assert ours.keys() == theirs.keys()
    for unit in ours:
        digests = [{s["content_sha256"] for s in side[unit]} for side in (ours, theirs)]
        assert not digests[0] & digests[1]


def test_sha256sum_agrees(tokens, examples, book_pairs):
    for dataset in (tokens, book_pairs, *examples.values()):
        command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
        checked = subprocess.run(command, cwd=dataset, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        listed = {line.split("  ", 1)[1] for line in (dataset / "SHA256SUMS").open()}
        assert {name.strip() for name in listed} | {"SHA256SUMS"} == set(tree(dataset))


def test_nothing_tells_when_or_where_a_dataset_was_made(tokens, examples, tmp_path):
    for dataset in (tokens, *examples.values()):
        for name in ("manifest.json", "README.md"):
            text = (dataset / name).read_text("utf-8")
            assert str(dataset.parent) not in text and "/tmp" not in text
