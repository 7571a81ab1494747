#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`prep bench train` beside PyTorch eager, on models of the same sizes.

    train_models.py --prep .build/release/prep --families bert,gpt2,t5 --threads 2 --rounds 3

A step is forward, backward and AdamW on one batch of random ids, 16 rows of 128, 8,192 entries, every
position labelled; T5 has 32 positions to decode unless told otherwise. Each measurement is a fresh process of
2 steps untimed and 10 timed; the order changes from round to round. Tokens are the positions of a batch, of
both stacks. PyTorch runs the models of `transformers` in float32 without dropout.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time

ENTRIES, ROWS, LENGTH, STEPS = 8192, 16, 128, 10


def model(family):
    import transformers

    sizes = {"vocab_size": ENTRIES}
    if family == "bert":
        return transformers.BertForMaskedLM(
            transformers.BertConfig(
                **sizes, hidden_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1024,
                max_position_embeddings=LENGTH, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
            )
        )
    if family == "gpt2":
        return transformers.GPT2LMHeadModel(
            transformers.GPT2Config(
                **sizes, n_positions=LENGTH, n_embd=256, n_layer=4, n_head=4, resid_pdrop=0.0,
                embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0,
            )
        )
    return transformers.T5ForConditionalGeneration(
        transformers.T5Config(
            **sizes, d_model=256, d_kv=64, d_ff=1024, num_layers=2, num_decoder_layers=2, num_heads=4,
            dropout_rate=0.0, decoder_start_token_id=0,
        )
    )


def measure_torch(family, threads, target):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = model(family).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    ids = torch.randint(1, ENTRIES, (ROWS, LENGTH))
    labels = torch.randint(1, ENTRIES, (ROWS, target if family == "t5" else LENGTH))
    seconds = []
    for _ in range(2 + STEPS):
        start = time.perf_counter()
        optimizer.zero_grad()
        network(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    tokens = ROWS * (LENGTH + (target if family == "t5" else 0))
    print(json.dumps({"tokens_per_second": tokens / statistics.median(seconds[2:])}))


def measure(command):
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return json.loads(output)["tokens_per_second"], usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prep", default=".build/release/prep")
    parser.add_argument("--families", default="bert,gpt2,t5")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--target-length", type=int, default=32, help="positions that T5 decodes")
    parser.add_argument("--torch", help=argparse.SUPPRESS)
    options = parser.parse_args()
    threads, target = options.threads, options.target_length
    if options.torch:
        return measure_torch(options.torch, threads, target)
    for family in options.families.split(","):
        ours = [options.prep, "bench", "train", "--family", family, "--threads", str(threads)]
        ours += ["--steps", str(STEPS), "--json", "--quiet"]
        if family == "t5":
            ours += ["--target-length", str(target)]
        theirs = [sys.executable, __file__, "--torch", family, "--threads", str(threads)]
        theirs += ["--target-length", str(target)]
        runs = {"prep": [], "PyTorch": []}
        for number in range(options.rounds):
            order = [("prep", ours), ("PyTorch", theirs)]
            random.Random(number).shuffle(order)
            for name, command in order:
                runs[name].append(measure(command))
        rates = {name: statistics.median(rate for rate, _ in all) for name, all in runs.items()}
        print(f"{family}, {threads} thread(s)")
        for name, all in runs.items():
            best, memory = max(rate for rate, _ in all), max(size for _, size in all)
            print(f"  {name:8} {rates[name]:8.0f} tokens/s (best {best:.0f}), at most {memory:.0f} MB")
        print(f"  prep / PyTorch {rates['prep'] / rates['PyTorch']:.2f}", flush=True)


if __name__ == "__main__":
    main()
