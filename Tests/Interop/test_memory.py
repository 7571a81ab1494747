# SPDX-License-Identifier: Apache-2.0
"""Memory does not grow with the corpus."""

import random
import subprocess
import sys

import pytest
from conftest import FULL, binary

# The program runs below a small process: a child begins with the peak of its parent.
PEAK = """
import os, resource, subprocess, sys
status = subprocess.call(sys.argv[1:], stderr=subprocess.DEVNULL)
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_megabytes(*arguments):
    command = [sys.executable, "-S", "-c", PEAK, str(binary()), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    status, peak = map(int, done.stdout.split())
    assert status == 0
    return peak / (1024 if sys.platform == "linux" else 1 << 20)


@pytest.fixture
def write_text(tmp_path):
    """Documents of common words in ever new orders, with a few words that come only once."""

    def write(megabytes):
        draw = random.Random(megabytes)
        letters = "etaoinshrdlucmfwypvbgkjqxz"
        common = ["".join(draw.choices(letters, k=1 + k % 9)) for k in range(20_000)]
        weights = [1 / (k + 10) for k in range(len(common))]
        phrases = [" ".join(draw.choices(common, weights, k=60)) + "." for _ in range(4000)]
        path = tmp_path / f"{megabytes}.jsonl"
        with path.open("w") as file:
            size = number = 0
            while size < megabytes * 1_000_000:
                once = [f"{draw.getrandbits(40):x}" for _ in range(10)]
                text = " ".join(draw.choices(phrases, k=20) + once)
                size += file.write(f'{{"id":"{number}","text":"{text}"}}\n')
                number += 1
        return path

    return write


LARGE = 400 if FULL else 80


@pytest.mark.parametrize("options", [[], ["--sentences", "--threads", "5"]], ids=["plain", "more"])
def test_tokenizing_more_takes_no_more_memory(write_text, tokenizer, options, tmp_path):
    if options and not FULL:
        pytest.skip("PREP_FULL=1 measures this as well")
    peaks = {}
    for megabytes in (20, LARGE):
        source = write_text(megabytes)
        output = tmp_path / f"{megabytes}"
        peaks[megabytes] = peak_megabytes(
            "tokenize", source, "--tokenizer", tokenizer, *options, "-o", output
        )
        source.unlink()
    print(peaks)
    assert peaks[LARGE] - peaks[20] <= 64, peaks
    assert peaks[LARGE] < 500, peaks
