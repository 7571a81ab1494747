# SPDX-License-Identifier: Apache-2.0
"""What the suite shares: the program, real text where it is at hand, datasets of fixtures."""

import hashlib
import json
import os
import subprocess
from collections import namedtuple
from pathlib import Path

import pyarrow as pa
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared"
FULL = os.environ.get("PREP_FULL") == "1"
Result = namedtuple("Result", "status stdout stderr")


def binary():
    named = os.environ.get("PREP_BIN")
    builds = [REPOSITORY / ".build" / kind / "prep" for kind in ("release", "debug")]
    candidates = [Path(named)] if named else builds
    for path in candidates:
        if path.is_file():
            return path.resolve()
    pytest.exit(f"no prep at {' or '.join(map(str, candidates))}: build it or set PREP_BIN", 4)


def run(*arguments, input=None, status=0, **options):
    """Runs prep, checks its exit status unless told `status=None`, and returns a Result."""
    command = [str(binary()), *map(str, arguments)]
    done = subprocess.run(command, input=input, capture_output=True, timeout=900, **options)
    result = Result(done.returncode, done.stdout, done.stderr.decode("utf-8"))
    if status is not None:
        assert result.status == status, f"{command} gave {result.status}: {result.stderr}"
    return result


def read_jsonl(path):
    """The records of a JSON Lines file, plain or zstd."""
    compression = "zstd" if str(path).endswith(".zst") else None
    with pa.input_stream(str(path), compression=compression) as stream:
        return [json.loads(line) for line in stream.read().split(b"\n") if line.strip()]


def write_jsonl(path, records):
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def tree(directory):
    """Every file below a directory with the digest of its bytes."""
    directory = Path(directory)
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def manifest(directory):
    return json.loads((Path(directory) / "manifest.json").read_bytes())


def shards(directory, split=None):
    return sorted(Path(directory).glob(f"{split or ''}*.arrow"))


def table(directory, split=None):
    """All rows of a dataset, or of a split, as pyarrow reads them."""
    return pa.concat_tables(
        [pa.ipc.open_file(path).read_all() for path in shards(directory, split)]
    )


@pytest.fixture(scope="session")
def prep():
    return run


@pytest.fixture(scope="session")
def shared():
    """Finds real text that is not part of the repository; skips the test where it is absent."""

    def find(name):
        path = SHARED / "data" / name
        if not path.exists():
            pytest.skip(f"../shared/data/{name} is not here")
        return path

    return find


@pytest.fixture(scope="session")
def corpus():
    fixtures = REPOSITORY / "Fixtures" / "corpus"
    return [fixtures / "documents.jsonl", fixtures / "notes"]


@pytest.fixture(scope="session")
def documents(corpus):
    """The fixtures' documents as records with an id, a text and perhaps a language."""
    notes = sorted(corpus[1].iterdir())
    texts = [{"id": f"{path.name}#0", "text": path.read_text("utf-8")} for path in notes]
    return read_jsonl(corpus[0]) + texts


@pytest.fixture(scope="session")
def tokenizer(corpus, tmp_path_factory):
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    run("tokenizer", "train", *corpus, "--vocab-size", 2000, "-o", path)
    return path


@pytest.fixture(scope="session")
def tokens(corpus, tokenizer, tmp_path_factory):
    """The fixtures as tokens, with sentences, in two splits."""
    path = tmp_path_factory.mktemp("tokens") / "tokens"
    split = ["--split", "train=0.8,validation=0.2"]
    options = ["--tokenizer", tokenizer, "--sentences", "--lang-field", "lang", *split]
    run("tokenize", *corpus, *options, "-o", path)
    return path


OBJECTIVES = {
    "clm": ["--objective", "clm", "--set", "length=64"],
    "mlm": ["--objective", "mlm", "--set", "length=64"],
    "nsp": ["--objective", "mlm", "--set", "nsp=true", "--set", "length=64"],
    "t5": ["--objective", "t5-span", "--set", "length=64"],
}


@pytest.fixture(scope="session")
def examples(tokens, tmp_path_factory):
    """Datasets of every objective, small and in two splits."""
    parent = tmp_path_factory.mktemp("examples")
    for name, options in OBJECTIVES.items():
        run("build", tokens, *options, "-o", parent / name)
    return {name: parent / name for name in OBJECTIVES}


@pytest.fixture(scope="session")
def several_units(corpus, tmp_path_factory):
    """Three small inputs that prep treats as three units.

    A file of 64 MiB is a unit of its own, and zero padding after a gzip member is allowed: holes
    in the files make them large without any space or time."""
    import gzip

    parent = tmp_path_factory.mktemp("units")
    lines = corpus[0].read_bytes().splitlines(keepends=True)
    paths = []
    for index in range(3):
        path = parent / f"part{index}.jsonl.gz"
        path.write_bytes(gzip.compress(b"".join(lines[index::3]), mtime=0))
        os.truncate(path, 65 << 20)
        paths.append(path)
    return paths


@pytest.fixture(scope="session")
def real_text(shared):
    """English prose, program code and 380 languages, 38 MB."""
    names = ["english/books", "code/code", "multilingual/udhr"]
    return [shared(f"{name}.jsonl.zst") for name in names]


@pytest.fixture(scope="session")
def real_tokenizer(real_text, tmp_path_factory):
    path = tmp_path_factory.mktemp("real-tokenizer") / "tokenizer.json"
    run("tokenizer", "train", *real_text, "--vocab-size", 16000, "-o", path)
    return path


@pytest.fixture(scope="session")
def real_tokens(real_text, real_tokenizer, tmp_path_factory):
    path = tmp_path_factory.mktemp("real-tokens") / "tokens"
    run("tokenize", *real_text, "--tokenizer", real_tokenizer, "--sentences", "-o", path)
    return path
