#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast every objective and preset turns tokens in memory into examples in memory: one thread.

    build_examples.py TOKENS [--prep .build/release/prep] [--rounds 3] [--only mlm,rtd]

TOKENS is a dataset of `prep tokenize --sentences` with a tokenizer of `prep tokenizer train`, which has
all roles and sentinels. Rates are medians, of millions of source tokens a second by the clock.
"""

import argparse
import json
import subprocess
import sys

# What presets and defaults leave out.
MORE = {
    "clm": ["packing=best-fit"],
    "mlm": ["masking=whole-word", "masking=ngram", "masking=span", "count=bernoulli", "pairs=nsp", "pairs=sop"],
    "t5-span": ["layout=decoder"],
    "prefix-lm": ["layout=decoder"],
    "rtd": ["proposal=unigram", "proposal=uniform"],
    "fim": ["cuts=token", "level=document"],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tokens")
    parser.add_argument("--prep", default=".build/release/prep")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="objectives, separated by commas")
    options = parser.parse_args()
    catalogue = json.loads(subprocess.check_output([options.prep, "objectives", "--json"]))
    for entry in catalogue if isinstance(catalogue, list) else catalogue["objectives"]:
        name = entry["name"]
        if options.only and name not in options.only.split(","):
            continue
        presets = [f"preset={preset['name']}" for preset in entry["presets"]]
        for setting in ["", *presets, *MORE.get(name, [])]:
            settings = [setting] if setting else []
            if name == "mbart":
                settings.append("language_token=2")
            command = [options.prep, "bench", "build", options.tokens, "--objective", name]
            command += ["--rounds", str(options.rounds), "--threads", "1", "--json", "-q"]
            command += [argument for item in settings for argument in ("--set", item)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{name} {setting}: {done.stderr.strip()}")
            rate = json.loads(done.stdout)["tokens_per_second"] / 1e6
            print(f"{name:22}{setting:28}{rate:8.1f}", flush=True)


if __name__ == "__main__":
    main()
