#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`prep bench encode` beside other tokenizers, on the same documents.

    encode.py --prep .build/release/prep --tokenizer gpt2=r50k_base.tiktoken --rounds 5 TEXT.jsonl...

Every measurement is a fresh process; the order of the engines changes from round to round, so that
whatever else the machine does falls on all of them. Each engine has encoded one tiny text before it is
timed. *First sight* is the first pass over the documents, *warm* the median of three more. The ids of all
engines are compared, by SHA-256 over their little-endian 32-bit form, before any figure is printed. Beside
the rates by the clock there are those by core-seconds, which other work on the machine disturbs less.
Documents are the `text` members of JSON lines; prep reads the same files.
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
import time

PATTERNS = {
    "gpt2": r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s""",
    "cl100k": r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+|"""
    r""" ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s""",
}


def documents(paths):
    result = []
    for path in paths:
        with open(path, "rb") as lines:
            result += [json.loads(line)["text"] for line in lines]
    return result


def flat(lists):
    import numpy

    return numpy.concatenate([numpy.asarray(x, dtype=numpy.uint32) for x in lists])


def engine(name, rule, file, threads):
    """Returns a function from documents to whatever the engine's fastest call gives, whether it takes
    bytes, and a function from that to one flat array."""
    if name == "gigatoken":
        import awkward
        import gigatoken

        tokenizer = gigatoken.Tokenizer.from_tiktoken(
            file, pretokenizer={"gpt2": "gpt2", "cl100k": "gpt4"}[rule], special_tokens={}
        )
        parallel = threads > 1
        return (
            lambda texts: tokenizer.encode_batch(gigatoken.BytesSource(texts), parallel=parallel),
            True,
            lambda result: awkward.to_numpy(awkward.flatten(result)),
        )
    if name == "quicktok":
        import quicktok

        tokenizer = quicktok.get_encoding("cl100k_base")
        return lambda texts: tokenizer.encode_batch(texts, threads), False, lambda result: result[0]
    if name == "tiktoken":
        import tiktoken
        from tiktoken.load import load_tiktoken_bpe

        tokenizer = tiktoken.Encoding(
            rule, pat_str=PATTERNS[rule], mergeable_ranks=load_tiktoken_bpe(file), special_tokens={}
        )
        if threads == 1:
            return lambda texts: [tokenizer.encode_ordinary(x) for x in texts], False, flat
        return lambda texts: tokenizer.encode_ordinary_batch(texts, num_threads=threads), False, flat
    if name == "tokenizers":
        os.environ["TOKENIZERS_PARALLELISM"] = "true" if threads > 1 else "false"
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(file)
        return (
            lambda texts: tokenizer.encode_batch_fast(texts, add_special_tokens=False),
            False,
            lambda result: flat([x.ids for x in result]),
        )
    raise SystemExit(f"no engine is called {name}")


def measure_peer(name, rule, file, threads, paths, passes):
    os.environ["RAYON_NUM_THREADS"] = str(threads)
    import numpy

    texts = documents(paths)
    size = sum(len(text.encode()) for text in texts)
    start = time.perf_counter()
    encode, takes_bytes, to_flat = engine(name, rule, file, threads)
    if takes_bytes:
        texts = [text.encode() for text in texts]
    to_flat(encode([b"hello world" if takes_bytes else "hello world"]))
    load = time.perf_counter() - start
    seconds, work = [], []
    for _ in range(passes + 1):
        start, worked = time.perf_counter(), time.process_time()
        result = encode(texts)
        seconds.append(time.perf_counter() - start)
        work.append(time.process_time() - worked)
        if len(seconds) <= passes:
            del result
    ids = numpy.ascontiguousarray(to_flat(result), dtype="<u4")
    print(
        json.dumps(
            {
                "load_seconds": load,
                "first_sight_mb_s": size / 1e6 / seconds[0],
                "warm_mb_s": size / 1e6 / statistics.median(seconds[1:]),
                "first_sight_mb_core_s": size / 1e6 / work[0],
                "warm_mb_core_s": size / 1e6 / statistics.median(work[1:]),
                "ids_sha256": hashlib.sha256(ids.tobytes()).hexdigest(),
                "bytes": size,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


def measure(name, rule, file, threads, paths, passes, prep):
    if name != "prep":
        command = [sys.executable, __file__, "--peer", name, "--tokenizer", f"{rule}={file}"]
        command += ["--threads", str(threads), "--passes", str(passes), *paths]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    command = [prep, "bench", "encode", "--tokenizer", file, "--threads", str(threads)]
    command += ["--rounds", str(passes), "--quiet", "--json", *paths]
    if file.endswith(".tiktoken"):
        command += ["--pre-tokenizer", rule]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(process.returncode)
    return json.loads(output) | {"peak_mb": usage.ru_maxrss / 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", nargs="+", help="files of JSON lines; each is measured by itself")
    parser.add_argument("--tokenizer", action="append", required=True, metavar="RULE=FILE")
    parser.add_argument("--engines", default="prep,gigatoken")
    parser.add_argument("--prep", default=".build/release/prep")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        rule, file = options.tokenizer[0].split("=", 1)
        threads = int(options.threads)
        return measure_peer(options.peer, rule, file, threads, options.texts, options.passes)
    runs = {}
    for number in range(options.rounds):
        for tokenizer in options.tokenizer:
            rule, file = tokenizer.split("=", 1)
            for threads in map(int, options.threads.split(",")):
                for path in options.texts:
                    engines = options.engines.split(",")
                    random.Random(number).shuffle(engines)
                    for name in engines:
                        figures = measure(
                            name, rule, file, threads, [path], options.passes, options.prep
                        )
                        runs.setdefault((rule, threads, path), {}).setdefault(name, []).append(figures)
    for (rule, threads, path), engines in runs.items():
        ids = {figures["ids_sha256"] for all in engines.values() for figures in all}
        if len(ids) != 1:
            raise SystemExit(f"{path}, {rule}: the engines disagree about the ids")
        print(f"\n{os.path.basename(path)}, {rule}, {threads} thread(s), ids equal")
        names = ["first_sight_mb_s", "warm_mb_s", "first_sight_mb_core_s", "warm_mb_core_s"]
        names += ["peak_mb", "load_seconds"]
        print(f"{'':12}" + "".join(f"{name:>22}" for name in names))
        for name, all in engines.items():
            cells = [
                f"{statistics.median(x[key] for x in all):.1f} ({max(x[key] for x in all):.1f})"
                if key.endswith("_s")
                else f"{statistics.median(x[key] for x in all):.2f}"
                for key in names
            ]
            print(f"{name:12}" + "".join(f"{cell:>22}" for cell in cells))
        if "prep" in engines:
            for name, all in engines.items():
                if name == "prep":
                    continue
                ratios = [
                    statistics.median(x[key] for x in engines["prep"])
                    / statistics.median(x[key] for x in all)
                    for key in names[:5]
                ]
                print(
                    f"prep / {name}: first sight {ratios[0]:.2f}, warm {ratios[1]:.2f}; "
                    f"of a core {ratios[2]:.2f}, {ratios[3]:.2f}; memory {ratios[4]:.2f}"
                )


if __name__ == "__main__":
    main()
