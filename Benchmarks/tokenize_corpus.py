#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`prep tokenize` beside the plain loops that people write around a tokenizer.

    tokenize_corpus.py --prep .build/release/prep --tokenizer r50k_base.tiktoken --json tokenizer.json CORPUS.jsonl

The loops read JSON lines, encode batches of 32 MB of text and append the ids as uint16 to one file; prep
reads the same lines, applies NFC, encodes, marks words, compresses, checks and seals. Each run is a fresh
process with its own output; the order changes from round to round. Rates are of text bytes.
"""

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BATCH = 32 << 20


def batches(path):
    texts, size = [], 0
    with open(path, "rb") as lines:
        for line in lines:
            text = json.loads(line)["text"]
            texts.append(text)
            size += len(text)
            if size >= BATCH:
                yield texts
                texts, size = [], 0
    if texts:
        yield texts


def loop_gigatoken(path, tokenizer, output):
    import awkward
    import gigatoken
    import numpy

    encoder = gigatoken.Tokenizer.from_tiktoken(tokenizer, pretokenizer="gpt2", special_tokens={})
    with open(output, "wb") as file:
        for texts in batches(path):
            ids = encoder.encode_batch(texts, parallel=True)
            awkward.to_numpy(awkward.flatten(ids)).astype(numpy.uint16).tofile(file)


def loop_tokenizers(path, tokenizer, output):
    import numpy
    from tokenizers import Tokenizer

    encoder = Tokenizer.from_file(tokenizer)
    with open(output, "wb") as file:
        for texts in batches(path):
            for encoding in encoder.encode_batch_fast(texts, add_special_tokens=False):
                numpy.asarray(encoding.ids, dtype=numpy.uint16).tofile(file)


LOOPS = {"gigatoken": loop_gigatoken, "tokenizers": loop_tokenizers}


def run(command):
    start = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if result.returncode != 0:
        raise SystemExit(result.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus")
    parser.add_argument("--tokenizer", required=True, help="a .tiktoken file of GPT-2")
    parser.add_argument("--json", help="its tokenizer.json, for the loop with tokenizers")
    parser.add_argument("--prep", default=".build/release/prep")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loop", choices=LOOPS, help=argparse.SUPPRESS)
    parser.add_argument("--output", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.loop:
        return LOOPS[options.loop](options.corpus, options.tokenizer, options.output)

    size = 0
    with open(options.corpus, "rb") as lines:
        for line in lines:
            size += len(json.loads(line)["text"].encode())
    work = tempfile.mkdtemp(dir=os.path.dirname(os.path.abspath(options.corpus)))
    prep = [options.prep, "tokenize", options.corpus, "--tokenizer", options.tokenizer]
    prep += ["--pre-tokenizer", "gpt2", "--form", "nfc", "--threads", str(options.threads), "--quiet"]
    prep += ["--overwrite", "-o", f"{work}/tokens"]
    environment = ["env", f"RAYON_NUM_THREADS={options.threads}", "TOKENIZERS_PARALLELISM=true"]

    def loop(name, tokenizer):
        command = [sys.executable, __file__, options.corpus, "--loop", name, "--tokenizer", tokenizer]
        return [*environment, *command, "--output", f"{work}/ids"]

    commands = {
        "prep": prep,
        "prep --compression zstd:1": [*prep, "--compression", "zstd:1"],
        "prep --sentences": [*prep, "--sentences"],
        "loop with gigatoken": loop("gigatoken", options.tokenizer),
    }
    if options.json:
        commands["loop with tokenizers"] = loop("tokenizers", options.json)
    runs = {name: [] for name in commands}
    for number in range(options.rounds):
        names = list(commands)
        random.Random(number).shuffle(names)
        for name in names:
            if name == "loop with tokenizers" and runs[name]:
                continue
            runs[name].append(run(commands[name]))
    shutil.rmtree(work)
    print(f"{size / 1e6:.0f} MB of text, {options.threads} threads")
    for name, all in runs.items():
        rates = [size / 1e6 / seconds for seconds, _ in all]
        cores = [size / 1e6 / cpu for _, cpu in all]
        print(
            f"{name:28} {statistics.median(rates):7.1f} MB/s (best {max(rates):.1f}), "
            f"{statistics.median(cores):6.1f} MB a core-second"
        )


if __name__ == "__main__":
    main()
