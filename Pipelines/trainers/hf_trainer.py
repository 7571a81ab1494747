# SPDX-License-Identifier: Apache-2.0
"""Hugging Face `Trainer` on a dataset of examples: no collator, no preprocessing.

    python hf_trainer.py SHARDS --steps 100

The columns have the names and shapes that the models take. Causal examples need their labels as a
column: build them with `--set labels=column`.

Needs `datasets`, `transformers`, `accelerate` and torch."""

import argparse
import tempfile

import transformers
from datasets import load_dataset
from tiny import model_for, read_manifest


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shards")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=8)
    given = parser.parse_args(arguments)

    manifest = read_manifest(given.shards)
    columns = manifest["objective"]["model_columns"]
    if "labels" not in columns:
        raise SystemExit("there are no labels: build with --set labels=column")
    rows = load_dataset(given.shards)
    if "segment_ids" in rows["train"].column_names:
        raise SystemExit("rows are packed, and the default collator makes no mask: packed_mask.py")
    rows = rows.select_columns(columns)
    transformers.set_seed(0)
    with tempfile.TemporaryDirectory() as output:
        trainer = transformers.Trainer(
            model=model_for(manifest),
            args=transformers.TrainingArguments(
                output_dir=output,
                max_steps=given.steps,
                per_device_train_batch_size=given.batch_size,
                learning_rate=2e-3,
                logging_steps=max(1, given.steps // 10),
                save_strategy="no",
                report_to=[],
            ),
            train_dataset=rows["train"],
            eval_dataset=rows["validation"] if "validation" in rows else None,
        )
        trainer.train()
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        print(f"{given.steps} steps, loss {losses[0]:.3f} to {losses[-1]:.3f}")
        if "validation" in rows:
            print(f"validation loss {trainer.evaluate()['eval_loss']:.3f}")


if __name__ == "__main__":
    main()
