#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`prep tokenizer train` beside other trainers of byte-level BPE, on the same documents.

    train_tokenizer.py --prep .build/release/prep --rounds 5 TEXT.jsonl...

Every measurement is a fresh process; the order of the engines changes from round to round, so that
whatever else the machine does falls on all of them. prep reads its files, parses the JSON and writes
tokenizer.json within its time; the peers have all text in memory when theirs begins. Memory is the
highest resident size of the process, for the peers with the interpreter and the text in it, and in
brackets what training added to that. The merges of all engines are compared before any figure is printed.
Documents are the `text` members of JSON lines. The split is GPT-2's, without a smallest count.
"""

import argparse
import hashlib
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time


def documents(path):
    with open(path, "rb") as lines:
        return [json.loads(line)["text"] for line in lines]


def printable():
    """Characters that stand for bytes in byte-level vocabularies, and the bytes."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in kept]
    return {chr(b): b for b in kept} | {chr(256 + k): b for k, b in enumerate(others)}


def merges_of(model):
    table = printable()
    pairs = (merge if isinstance(merge, list) else merge.split(" ") for merge in model["merges"])
    return [tuple(bytes(table[c] for c in token) for token in pair) for pair in pairs]


def digest(merges):
    return hashlib.sha256(repr(merges).encode()).hexdigest()


def peer(task):
    """Trains in this process, with the text in memory; prints what it took."""
    name, size = task["engine"], task["vocabulary"]
    texts = documents(task["corpus"])
    if name == "gigatoken":
        from gigatoken.gigatoken_rs import train_bpe

        # It divides documents at this text by itself.
        data = "<|endoftext|>".join(texts).encode()
        del texts

        def train():
            return [(bytes(left), bytes(right)) for left, right in train_bpe(data, size, [], "huggingface")[1]]
    else:
        from tokenizers import Tokenizer, models, pre_tokenizers, trainers

        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        options = {"vocab_size": size, "min_frequency": 0, "initial_alphabet": alphabet}

        def train():
            tokenizer.train_from_iterator(texts, trainers.BpeTrainer(show_progress=False, **options))
            return merges_of(json.loads(tokenizer.to_str())["model"])

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, wall = time.process_time(), time.perf_counter()
    merges = train()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = {"wall": wall, "cpu": cpu, "peak": peak, "added": peak - before, "merges": digest(merges)}
    print("\n" + json.dumps({**result, "count": len(merges)}))


def prep(task, binary):
    with tempfile.TemporaryDirectory() as folder:
        made = f"{folder}/tokenizer.json"
        options = ["--form", "none", "--special-tokens", "none", "--min-frequency", "0", "-q", "-o", made]
        options += ["--vocab-size", str(task["vocabulary"]), "--threads", str(task["threads"])]
        wall = time.perf_counter()
        process = subprocess.Popen([binary, "tokenizer", "train", task["corpus"], *options])
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - wall
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{binary} gave {process.returncode}")
        with open(made, "rb") as file:
            merges = merges_of(json.load(file)["model"])
    cpu = usage.ru_utime + usage.ru_stime
    result = {"wall": wall, "cpu": cpu, "peak": usage.ru_maxrss, "added": usage.ru_maxrss}
    return {**result, "merges": digest(merges), "count": len(merges)}


def measure(task, binary):
    if task["engine"] == "prep":
        return prep(task, binary)
    environment = {**os.environ, "RAYON_NUM_THREADS": str(task["threads"])}
    environment["TOKENIZERS_PARALLELISM"] = "true" if task["threads"] > 1 else "false"
    command = [sys.executable, os.path.abspath(__file__), "--worker", json.dumps(task)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    if done.returncode:
        raise SystemExit(done.stderr.decode()[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def main():
    if sys.argv[1:2] == ["--worker"]:
        return peer(json.loads(sys.argv[2]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="+", help="JSON lines with a member text")
    parser.add_argument("--prep", default=".build/release/prep")
    parser.add_argument("--engines", default="prep,gigatoken,tokenizers")
    parser.add_argument("--vocabulary", type=int, default=32_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    engines = arguments.engines.split(",")
    for corpus in arguments.corpus:
        found = {name: [] for name in engines}
        for number in range(arguments.rounds):
            random.Random(number).shuffle(engines)
            for name in engines:
                task = {"engine": name, "corpus": corpus, "vocabulary": arguments.vocabulary}
                found[name].append(measure({**task, "threads": arguments.threads}, arguments.prep))
        results = {(run["merges"], run["count"]) for runs in found.values() for run in runs}
        if len(results) > 1:
            raise SystemExit(f"{corpus}: the merges differ: {sorted(results)}")
        size = sum(len(text.encode()) for text in documents(corpus)) / 1e6
        [(_, count)] = results
        print(f"{corpus}: {size:.1f} MB, {count} merges, the same in all; {arguments.threads} thread(s)")
        for name, runs in sorted(found.items()):
            def median(key):
                return statistics.median(run[key] for run in runs)

            print(
                f"  {name:10}  wall {median('wall'):7.2f} s   CPU {median('cpu'):7.2f} s   "
                f"memory {median('peak') / 1024:6.0f} MB ({median('added') / 1024:.0f})"
            )


if __name__ == "__main__":
    main()
