# SPDX-License-Identifier: Apache-2.0
"""PyTorch from a live pipe: masks drawn while the model trains, other ones in each epoch.

    python live_pipe.py --steps 100 --workers 2 -- TOKENS --objective mlm --set length=128 --seed 1

What stands behind `--` goes to `prep build`. Each worker of each rank runs one `prep build … -o -`
of its own, which builds the rows of that worker's part and no others: row n of a part is row
n · parts + part of the epoch. At the end of a stream stand its totals; a pipe without them was cut,
and that is an error, not the end of the epoch.

Needs pyarrow, numpy and torch, and `prep` on the path (or $PREP); the model also `transformers`."""

import argparse
import json
import os
import subprocess
from typing import NamedTuple

import pyarrow as pa
import torch
from torch_shards import tensors


class Cursor(NamedTuple):
    """How many rows of an epoch were taken, by all ranks and workers together."""

    epoch: int = 0
    rows: int = 0


class Batch(NamedTuple):
    """What one rank gets in one step."""

    columns: dict
    rows: int
    # Where to go on after this step. None where some workers are a step ahead of others: stop and
    # save at steps that have one (with at most one worker, all).
    cursor: Cursor | None


class LivePipe(torch.utils.data.IterableDataset):
    """Batches from `prep build`; give it to a DataLoader with `batch_size=None`."""

    def __init__(self, arguments, batch_size, epochs=1, rank=0, ranks=1, cursor=Cursor()):
        self.arguments, self.batch_size, self.epochs = arguments, batch_size, epochs
        self.rank, self.ranks, self.cursor = rank, ranks, cursor

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        turn, turns = (worker.id, worker.num_workers) if worker else (0, 1)
        part, parts = self.rank * turns + turn, self.ranks * turns
        for epoch in range(self.cursor.epoch, self.epochs):
            taken = self.cursor.rows if epoch == self.cursor.epoch else 0
            for columns, rows, cursor in self.steps(epoch, part, parts, taken):
                yield Batch(columns, rows, cursor if turn == turns - 1 else None)

    def steps(self, epoch, part, parts, taken):
        """Batches of a part, of which all parts have equally many: each holds `batch_size` rows,
        the last what is left. Parts differ by one row, which then is in the last batch.

        Gives columns, rows, and the cursor when all parts have given as many batches."""
        # Of the rows below `taken` the part had those whose number is its own modulo `parts`.
        start = max(0, -((part - taken) // parts))
        size, held, given = self.batch_size, None, 0
        for batch, everything in received(self.arguments, epoch, part, parts, start):
            if batch is not None:
                held = batch if held is None else joined(held, batch)
                # At least two rows stay: one of them is in every part.
                while length(held) >= size + 2:
                    given += size
                    yield cut(held, 0, size), size, Cursor(epoch, taken + given * parts)
                    held = cut(held, size, None)
        common = (everything - taken) // parts
        if common == 0:
            raise ValueError(f"{everything - taken} rows are left for {parts} workers: take fewer")
        while common - given > size:
            given += size
            yield cut(held, 0, size), size, Cursor(epoch, taken + given * parts)
            held = cut(held, size, None)
        yield held, length(held), Cursor(epoch + 1)


def received(arguments, epoch, part, parts, start):
    """Batches of rows as tensors, each with None; at the end None and the rows of all parts.

    Raises RuntimeError if the pipe was cut or prep failed."""
    command = [os.environ.get("PREP", "prep"), "build", *arguments, "--epoch", epoch, "-o", "-"]
    command += ["--part", f"{part}/{parts}", "--start-row", start, "--threads", 1, "--quiet"]
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE)
    rows, totals = 0, None
    try:
        reader = pa.ipc.open_stream(process.stdout)
        names = columns_of(reader.schema)
        while totals is None:
            batch, metadata = reader.read_next_batch_with_custom_metadata()
            if batch.num_rows:
                rows += batch.num_rows
                yield tensors(batch, names), None
            else:
                totals = {key.decode(): int(metadata[key]) for key in (ROWS, ALL_ROWS)}
        next(iter(reader), None)  # to the end of the stream, else prep finds the pipe closed
    except (StopIteration, pa.ArrowInvalid, OSError) as error:
        raise RuntimeError(f"the pipe was cut after {rows} rows (status {process.wait()})") from error
    finally:
        process.stdout.close()
        if totals is None:
            process.kill()
        process.wait()
    if totals[ROWS.decode()] != rows or process.returncode:
        raise RuntimeError(f"{rows} rows of {totals} arrived, status {process.returncode}")
    yield None, totals[ALL_ROWS.decode()]


ROWS, ALL_ROWS = b"prep:rows", b"prep:rows_of_all_parts"


def columns_of(schema):
    """The columns that a model takes, and the segments of packed rows."""
    names = json.loads(schema.metadata[b"prep:model_columns"])
    return names + [name for name in ("segment_ids",) if name in schema.names]


def facts(arguments):
    """What the head of the stream says, in the shape of a manifest."""
    command = [os.environ.get("PREP", "prep"), "build", *arguments, "--limit", "0", "-q", "-o", "-"]
    head = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    said = pa.ipc.open_stream(head).schema.metadata
    objective = {
        key: json.loads(said[f"prep:{name}".encode()])
        for key, name in (
            ("facts", "facts"),
            ("parameters", "objective_parameters"),
            ("model_columns", "model_columns"),
        )
    }
    tokenizer = {
        "roles": json.loads(said[b"prep:roles"]),
        "vocabulary_size": int(said[b"prep:vocabulary_size"]),
    }
    name = said[b"prep:objective"].decode()
    return {"objective": {"name": name, **objective}, "tokenizer": tokenizer}


def length(columns):
    return len(columns["input_ids"])


def cut(columns, begin, end):
    return {name: values[begin:end] for name, values in columns.items()}


def joined(first, second):
    return {name: torch.cat([values, second[name]]) for name, values in first.items()}


def main(arguments=None):
    from tiny import CAUSAL, loss_of, model_for

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10**9, help="stop after so many")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("build", nargs="+", help="TOKENS and options of prep build")
    given = parser.parse_args(arguments)

    manifest = facts(given.build)
    torch.manual_seed(0)
    model = model_for(manifest)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    pipe = LivePipe(given.build, given.batch_size, epochs=given.epochs)
    loader = torch.utils.data.DataLoader(pipe, batch_size=None, num_workers=given.workers)
    kind = "causal" if manifest["objective"]["name"] in CAUSAL else "bidirectional"
    losses, cursor = [], None
    for step, batch in enumerate(loader):
        if step == given.steps:
            break
        loss = loss_of(model, batch.columns, kind)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        cursor = batch.cursor
    tenth = max(1, len(losses) // 10)
    first, last = (sum(part) / tenth for part in (losses[:tenth], losses[-tenth:]))
    print(f"{len(losses)} steps, loss {first:.3f} to {last:.3f}, next: {cursor}")


if __name__ == "__main__":
    main()
