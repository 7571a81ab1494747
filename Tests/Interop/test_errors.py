# SPDX-License-Identifier: Apache-2.0
"""What fails says so: the documented status, a clear message, and nothing that looks whole."""

import gzip
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet
import pytest
from conftest import OBJECTIVES, REPOSITORY, binary, manifest, read_jsonl, shards, table, tree

MALFORMED = REPOSITORY / "Fixtures" / "malformed"


@pytest.fixture
def tokenize(prep, tokenizer, tmp_path):
    """Runs tokenize, which is to fail with a status, and checks what it leaves behind."""
    output = tmp_path / "output"

    def run(*inputs, status, **options):
        result = prep(
            "tokenize", *inputs, "--tokenizer", tokenizer, "-o", output, status=status, **options
        )
        if status:
            assert not list(tmp_path.rglob("manifest.json")), "it looks like a whole dataset"
            lines = result.stderr.strip().splitlines()
            assert 1 <= len(lines) <= 2 and lines[0].startswith("prep: error: ")
            assert result.stdout == b""
        return result

    run.output = output
    return run


@pytest.fixture
def packed(corpus, tmp_path):
    path = tmp_path / "documents.jsonl.gz"
    path.write_bytes(gzip.compress(corpus[0].read_bytes()))
    return path


def test_json_lines_on_standard_input(tokenize):
    tokenize("-", status=0, input='{"text":"…"}\n{"id":7,"text":"a \\ud83d\\ude00"}'.encode())
    rows = table(tokenize.output).to_pylist()
    assert [row["id"] for row in rows] == ["stdin#0", "7"]


def test_the_shell_line_of_the_manual(tokenizer, tmp_path):
    command = [binary(), "tokenize", "-", "--tokenizer", tokenizer, "-o", tmp_path / "output"]
    line = """echo '{"text":"…"}' | """ + shlex.join(map(str, command))
    subprocess.run(line, shell=True, check=True, capture_output=True)
    assert manifest(tmp_path / "output")["totals"]["all"]["rows"] == 1


# Input


def test_a_missing_file_is_66(tokenize, tmp_path):
    result = tokenize(tmp_path / "nothing.jsonl", status=66)
    assert "nothing.jsonl: no such file" in result.stderr
    assert not tokenize.output.exists()


def test_a_missing_file_among_others_is_66_before_any_work(tokenize, corpus, tmp_path):
    tokenize(*corpus, tmp_path / "nothing.jsonl", status=66)
    assert not tokenize.output.exists()


def test_a_missing_tokenizer_is_66(prep, corpus, tmp_path):
    options = ["--tokenizer", tmp_path / "nothing.json", "-o", tmp_path / "output"]
    result = prep("tokenize", *corpus, *options, status=66)
    assert "nothing.json" in result.stderr and not (tmp_path / "output").exists()


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_truncated_zst_is_65(tokenize, corpus, tmp_path, share):
    whole = tmp_path / "whole.jsonl.zst"
    with pa.output_stream(str(whole), compression="zstd") as stream:
        stream.write(corpus[0].read_bytes())
    content = whole.read_bytes()
    cut = int(len(content) * share)
    (tmp_path / "cut.jsonl.zst").write_bytes(content[:cut])
    result = tokenize(tmp_path / "cut.jsonl.zst", status=65)
    assert f"cut.jsonl.zst, byte {cut}:" in result.stderr and "cut short" in result.stderr


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_truncated_gz_is_65(tokenize, packed, share):
    content = packed.read_bytes()
    packed.write_bytes(content[: int(len(content) * share)])
    assert f"{packed.name}, byte " in tokenize(packed, status=65).stderr


def test_a_damaged_byte_in_gzip_is_65(tokenize, packed):
    content = bytearray(packed.read_bytes())
    content[len(content) // 2] ^= 40
    packed.write_bytes(content)
    assert f"{packed.name}, byte " in tokenize(packed, status=65).stderr


def test_a_wrong_checksum_of_gzip_is_65(tokenize, packed):
    content = bytearray(packed.read_bytes())
    content[-6] ^= 1
    packed.write_bytes(content)
    assert f"{packed.name}, byte " in tokenize(packed, status=65).stderr


@pytest.mark.parametrize("padding", [0, 3, 70_000])
@pytest.mark.parametrize("garbage", [b"garbage", b"{", b"\x1f", b"PAR1"])
def test_garbage_after_gzip_is_65_with_its_byte(tokenize, packed, padding, garbage):
    end = packed.stat().st_size
    packed.write_bytes(packed.read_bytes() + bytes(padding) + garbage)
    result = tokenize(packed, status=65)
    assert f"{packed.name}, byte {end + padding}:" in result.stderr


def test_padding_and_members_of_gzip_are_fine(tokenize, corpus, packed, tmp_path):
    lines = corpus[0].read_bytes().splitlines(keepends=True)
    members = b"".join(gzip.compress(line) for line in lines)
    packed.write_bytes(members + bytes(1000))
    tokenize(packed, status=0)
    assert table(tokenize.output)["id"].to_pylist() == [json.loads(line)["id"] for line in lines]


def test_content_decides_what_a_file_is_not_its_name(tokenize, packed, tmp_path):
    renamed = packed.rename(tmp_path / "documents.txt.zst")
    tokenize(renamed, status=0)
    assert len(table(tokenize.output)) == 70


def test_invalid_json_is_65_and_names_its_line(tokenize):
    result = tokenize(MALFORMED / "line3.jsonl", status=65)
    assert "line3.jsonl, line 3" in result.stderr


def test_invalid_json_far_down_names_its_line(tokenize, tmp_path):
    lines = ['{"text": "word word word"}'] * 50_000
    lines[43_210] = '{"text": "word'
    (tmp_path / "long.jsonl").write_text("\n".join(lines))
    result = tokenize(tmp_path / "long.jsonl", status=65)
    assert "long.jsonl, line 43211" in result.stderr


def test_invalid_json_can_be_skipped_and_is_counted(tokenize):
    result = tokenize(MALFORMED / "line3.jsonl", "--invalid-json", "skip", status=0)
    count = len((MALFORMED / "line3.jsonl").read_bytes().splitlines()) - 1
    assert len(table(tokenize.output)) == count
    assert [v for k, v in manifest(tokenize.output)["counts"].items() if "invalid_json" in k] == [1]
    assert "invalid json" in result.stderr


def test_a_missing_text_is_65_and_names_its_line(tokenize):
    result = tokenize(MALFORMED / "missing-text.jsonl", status=65)
    assert "missing-text.jsonl, line 2" in result.stderr and "text" in result.stderr


def test_invalid_utf8_is_replaced_and_counted_or_65(tokenize):
    name = MALFORMED / "invalid-utf8.txt"
    strict = tokenize(name, "--invalid-utf8", "error", status=65)
    assert "invalid-utf8.txt" in strict.stderr
    tokenize(name, "--keep-text", "--overwrite", status=0)
    [text] = table(tokenize.output)["text"].to_pylist()
    assert text == name.read_bytes().decode("utf-8", "replace")
    counts = manifest(tokenize.output)["counts"]
    assert [v for k, v in counts.items() if "utf8" in k] == [text.count("\ufffd")]


def test_utf16_is_65_and_tells_what_to_do(tokenize):
    result = tokenize(MALFORMED / "utf16.txt", status=65)
    assert "--encoding" in result.stderr
    tokenize(
        MALFORMED / "utf16.txt", "--encoding", "utf-16", "--keep-text", "--overwrite", status=0
    )
    expected = (MALFORMED / "utf16.txt").read_bytes().decode("utf-16")
    assert table(tokenize.output)["text"].to_pylist() == [expected]


def test_parquet_is_65_and_the_line_that_it_names_works(tokenize, tokenizer, documents, tmp_path):
    path = tmp_path / "it's a file.parquet"
    columns = {key: [document[key] for document in documents] for key in ("id", "text")}
    pyarrow.parquet.write_table(pa.table(columns), path)
    result = tokenize(path, status=65)
    [line] = [line for line in result.stderr.splitlines() if "pyarrow" in line]
    assert line.endswith("| prep tokenize - …")
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "prep").symlink_to(binary())
    (binaries / "python3").symlink_to(sys.executable)
    # A link to an interpreter of a virtual environment needs the environment's own packages.
    environment = {
        "PATH": f"{binaries}:/usr/bin:/bin",
        "PYTHONPATH": ":".join(p for p in sys.path if p.endswith("site-packages")),
    }
    rest = shlex.join(["--tokenizer", str(tokenizer), "-o", str(tmp_path / "piped")])
    shell = ["bash", "-o", "pipefail", "-c", line.replace("…", rest)]
    done = subprocess.run(shell, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert table(tmp_path / "piped")["id"].to_pylist() == columns["id"]


def test_a_document_beyond_the_limit_is_65(tokenize, tmp_path):
    (tmp_path / "long.jsonl").write_text('{"text":"short"}\n{"text":"' + "x" * 5000 + '"}\n')
    result = tokenize(tmp_path / "long.jsonl", "--max-document-bytes", 2000, status=65)
    assert "line 2" in result.stderr and "--max-document-bytes" in result.stderr


# Usage


@pytest.mark.parametrize(
    "arguments",
    [
        ["--bogus"],
        ["tokenise"],
        ["tokenize"],
        ["tokenize", "x", "--tokenizer", "y"],
        ["build", "x", "-o", "y"],
        ["validate"],
    ],
)
def test_wrong_usage_is_64(prep, arguments, tmp_path):
    result = prep(*arguments, status=64, cwd=tmp_path)
    assert result.stdout == b"" and "rror: " in result.stderr
    assert not list(tmp_path.iterdir())


def test_near_misses_are_suggested(prep, tokens, tmp_path):
    options = ["--set", "lenght=64", "-o", tmp_path / "output"]
    result = prep("build", tokens, "--objective", "mlm", *options, status=64)
    assert "length" in result.stderr.replace("lenght", "")
    result = prep("build", tokens, "--objective", "t5span", "-o", tmp_path / "output", status=64)
    assert "t5-span" in result.stderr
    assert not (tmp_path / "output").exists()


def test_more_spans_than_sentinels_are_64_before_work(prep, tokens, tmp_path):
    options = ["--set", "length=4096", "--set", "mean_span_length=1.5"]
    result = prep(
        "build", tokens, "--objective", "t5-span", *options, "-o", tmp_path / "o", status=64
    )
    assert "sentinels" in result.stderr and not (tmp_path / "o").exists()


def test_pairs_need_sentences(prep, corpus, tokenizer, tmp_path):
    prep("tokenize", *corpus, "--tokenizer", tokenizer, "-o", tmp_path / "tokens")
    options = [*OBJECTIVES["nsp"], "-o", tmp_path / "o"]
    result = prep("build", tmp_path / "tokens", *options, status=None)
    assert result.status in (64, 65) and "--sentences" in result.stderr
    assert not (tmp_path / "o").exists()


# Output


def test_an_existing_output_is_73_and_untouched(prep, tokenize, corpus, tokens, examples):
    for command, output in (
        (["tokenize", *corpus, "--tokenizer", tokens / "tokenizer.json"], tokens),
        (["build", tokens, *OBJECTIVES["mlm"]], examples["mlm"]),
    ):
        before = tree(output)
        result = prep(*command, "-o", output, status=73)
        assert "--overwrite" in result.stderr and "--resume" in result.stderr
        assert tree(output) == before


def test_a_directory_with_other_files_is_73_and_untouched(prep, corpus, tokenizer, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    for extra in ([], ["--overwrite"], ["--resume"]):
        options = ["--tokenizer", tokenizer, "-o", tmp_path, *extra]
        prep("tokenize", *corpus, *options, status=73)
        assert (tmp_path / "mine.txt").read_text() == "mine"
        assert not (tmp_path / "manifest.json").exists()


def test_an_existing_tokenizer_is_73(prep, corpus, tokenizer):
    before = tokenizer.read_bytes()
    prep("tokenizer", "train", *corpus, "--vocab-size", 1000, "-o", tokenizer, status=73)
    assert tokenizer.read_bytes() == before


def test_an_unwritable_output_is_73(prep, corpus, tokenizer, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for output in (tmp_path / "file" / "output", "/proc/prep", "/dev/null/output"):
        result = prep("tokenize", *corpus, "--tokenizer", tokenizer, "-o", output, status=73)
        assert len(result.stderr.strip().splitlines()) <= 2
    made = tmp_path / "file" / "tokenizer.json"
    prep("tokenizer", "train", *corpus, "--vocab-size", 600, "-o", made, status=73)


FULL_DISK = [
    ["tokenize", "CORPUS", "--tokenizer", "TOKENS", "-o", "-"],
    ["build", "TOKENS", "--objective", "clm", "-o", "-"],
    ["inspect", "TOKENS", "--json", "-n", "100"],
    ["normalize", "CORPUS"],
    ["objectives", "--json"],
    ["validate", "TOKENS", "--json"],
    ["tokenizer", "info", "--tokenizer", "TOKENS"],
]


def filled(arguments, corpus, tokens):
    places = {"CORPUS": str(corpus[0]), "TOKENS": str(tokens)}
    return [str(binary()), *(places.get(argument, argument) for argument in arguments)]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is not here")
@pytest.mark.parametrize("arguments", FULL_DISK, ids=lambda a: a[0])
def test_a_full_disk_is_74(arguments, corpus, tokens):
    with open("/dev/full", "wb") as full:
        command = filled(arguments, corpus, tokens)
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 74, done.stderr
    assert "standard output" in done.stderr


@pytest.mark.parametrize("arguments", FULL_DISK, ids=lambda a: a[0])
def test_a_closed_pipe_is_141(arguments, corpus, tokens):
    process = subprocess.Popen(
        ["bash", "-c", f"sleep 0.05; {shlex.join(filled(arguments, corpus, tokens))}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    error = process.stderr.read().decode()
    assert process.wait() in (141, -signal.SIGPIPE), error
    assert "rror" not in error and "atal" not in error


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_dataset_and_can_resume(
    prep, shared, tokenizer, signal_number, tmp_path
):
    books = shared("english/books.jsonl.zst")
    command = ["tokenize", books, books, "--tokenizer", tokenizer, "--sentences", "--threads", 1]
    output = tmp_path / "output"
    process = subprocess.Popen(
        [str(binary()), *map(str, command), "-o", str(output)], stderr=subprocess.PIPE
    )
    while not (output / ".partial").exists() and process.poll() is None:
        pass
    process.send_signal(signal_number)
    process.communicate()
    assert process.returncode in (130, -signal.SIGINT, 143, -signal.SIGTERM)
    assert not (output / "manifest.json").exists()
    prep(*command, "--resume", "-o", output)
    prep("validate", output)


# Damage


@pytest.mark.parametrize("place", [0.3, 0.6, 0.99])
@pytest.mark.parametrize("name", ["tokens", "mlm", "nsp", "t5", "clm"])
def test_a_flipped_bit_fails_validation_and_names_the_file(
    prep, tokens, examples, name, place, tmp_path
):
    copy = shutil.copytree(tokens if name == "tokens" else examples[name], tmp_path / "copy")
    prep("validate", copy)
    path = shards(copy)[0]
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 0x04
    path.write_bytes(content)
    result = prep("validate", copy, status=1)
    assert path.name in result.stderr + result.stdout.decode()
    assert shards(copy)[1].name not in result.stderr + result.stdout.decode()


@pytest.mark.parametrize("name", ["tokenizer.json", "README.md", "manifest.json", "SHA256SUMS"])
def test_a_changed_file_fails_validation_and_is_named(prep, examples, name, tmp_path):
    copy = shutil.copytree(examples["t5"], tmp_path / "copy")
    path = copy / name
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
    result = prep("validate", copy, status=None)
    assert result.status == 1, result.stderr
    assert name in result.stderr + result.stdout.decode()


@pytest.mark.parametrize("change", ["missing", "truncated", "empty", "exchanged"])
def test_a_lost_or_cut_shard_fails_validation_and_is_named(prep, examples, change, tmp_path):
    copy = shutil.copytree(examples["clm"], tmp_path / "copy")
    path, other = shards(copy)
    if change == "missing":
        path.unlink()
    elif change == "exchanged":
        path.write_bytes(other.read_bytes())
    else:
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2 if change == "truncated" else 0])
    result = prep("validate", copy, "--json", status=1)
    report = json.loads(result.stdout)
    assert report["good"] is False
    # Exchanged shards also make the splits share rows: a finding about no single file.
    files = {finding["file"] for finding in report["findings"]}
    assert path.name in files and files <= {path.name, None}


def test_a_fault_in_the_rows_is_found_even_with_all_digests_right(prep, examples, tmp_path):
    """A label on a framing token, written by pyarrow, with every sum put right again."""
    import hashlib

    copy = shutil.copytree(examples["mlm"], tmp_path / "copy")
    path = shards(copy)[0]
    read = pa.ipc.open_file(path).read_all().combine_chunks()
    field = read.schema.field("labels")
    flat = read["labels"].combine_chunks().flatten().to_numpy().copy()
    width = field.type.list_size
    flat[5 * width] = 17
    column = pa.FixedSizeListArray.from_arrays(pa.array(flat), type=field.type)
    read = read.set_column(read.schema.get_field_index("labels"), field, column)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.OSFile(str(path), "wb") as sink:
        with pa.ipc.new_file(sink, read.schema, options=options) as writer:
            writer.write_table(read)
    facts = (copy / "manifest.json").read_text("utf-8")
    [shard] = [s for u in json.loads(facts)["units"] for s in u["shards"] if s["file"] == path.name]
    content = path.read_bytes()
    facts = facts.replace(shard["sha256"], hashlib.sha256(content).hexdigest())
    facts = facts.replace(f'"bytes": {shard["bytes"]}', f'"bytes": {len(content)}')
    (copy / "manifest.json").write_text(facts, "utf-8")
    sums = tree(copy)
    del sums["SHA256SUMS"]
    lines = [f"{sums[name]}  {name}\n" for name in sorted(sums)]
    (copy / "SHA256SUMS").write_text("".join(lines))
    report = json.loads(prep("validate", copy, "--json", status=1).stdout)
    rules = {(finding["file"], finding["rule"], finding["row"]) for finding in report["findings"]}
    assert not {rule for _, rule, _ in rules} & {"file-digest"}
    assert any(row == 5 for _, _, row in rules), rules


def test_building_from_a_damaged_shard_is_65(prep, tokens, tmp_path):
    copy = shutil.copytree(tokens, tmp_path / "copy")
    path = shards(copy)[0]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x04
    path.write_bytes(content)
    result = prep("build", copy, *OBJECTIVES["clm"], "-o", tmp_path / "output", status=65)
    assert path.name in result.stderr
    assert not (tmp_path / "output" / "manifest.json").exists()


def test_hostile_documents_are_taken_whole(tokenize):
    """Valid text of every unpleasant kind; none is lost without being counted."""
    path = REPOSITORY / "Fixtures" / "corpus" / "hostile.jsonl"
    tokenize(path, "--sentences", "--keep-text", status=0)
    rows = table(tokenize.output).to_pylist()
    counts = manifest(tokenize.output)["counts"]
    records = read_jsonl(path)
    texts = [
        r["text"].encode("utf-16", "surrogatepass").decode("utf-16", "replace") for r in records
    ]
    lost = [text for text in texts if not text]
    assert len(rows) == len(records) - len(lost)
    assert counts["documents"] == len(rows)
    assert [row["text"].count("\ufffd") > 0 for row in rows].count(True) >= 1
