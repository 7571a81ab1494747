# SPDX-License-Identifier: Apache-2.0
"""PyTorch from the files: ranks, workers, shuffling, and a cursor that goes on in mid-epoch.

    python torch_shards.py SHARDS --steps 100
    torchrun --nproc-per-node 4 torch_shards.py SHARDS --checkpoint run.pt --workers 2

The order of an epoch is one sequence of rows: the record batches of all shards permuted, and the
rows within each. A step takes the next rows of it, a stretch for each rank. So what was seen is a
prefix of the sequence, and its end, the cursor (epoch, shard, batch, row), is all that there is to
save: another number of ranks or workers goes on from it, and no row comes twice or never. Every
rank takes as many steps as every other, whatever the sizes of the shards.

Needs pyarrow, numpy and torch; the model at the end also `transformers`."""

import argparse
import os
from bisect import bisect_right
from itertools import accumulate, count
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch

IGNORED = -100


class Cursor(NamedTuple):
    """The next row that nobody has seen: of which batch of which shard, and the how manieth of it
    in this epoch's order."""

    epoch: int = 0
    shard: int = 0
    batch: int = 0
    row: int = 0


class Batch(NamedTuple):
    """What one rank gets in one step."""

    columns: dict  # what the model takes, by name
    rows: int  # how many rows; 0 if there was none left and this one only keeps the rank company
    rows_of_step: int  # how many rows all ranks get
    cursor: Cursor  # where to go on after this step


class ShardRows(torch.utils.data.IterableDataset):
    """Batches of a dataset of examples; give it to a DataLoader with `batch_size=None`."""

    def __init__(
        self, directory, manifest, batch_size, split="train", epochs=1, seed=0, rank=0, ranks=1,
        cursor=None,
    ):
        self.batch_size, self.epochs, self.seed = batch_size, epochs, seed
        self.rank, self.ranks, self.cursor = rank, ranks, cursor
        self.columns = list(manifest["objective"]["model_columns"])
        # The shards of each epoch that was drawn; later epochs begin with the first again.
        self.drawn = {}
        for unit in manifest["units"]:
            for shard in unit["shards"]:
                if shard["split"] == split:
                    entry = (f"{directory}/{shard['file']}", shard["rows"])
                    self.drawn.setdefault(unit.get("epoch", 0), []).append(entry)
        if not self.drawn:
            raise ValueError(f"{directory} has no split {split}")
        first = pa.ipc.open_file(next(iter(self.drawn.values()))[0][0])
        if "segment_ids" in first.schema.names:
            self.columns.append("segment_ids")

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        turn, turns = (worker.id, worker.num_workers) if worker else (0, 1)
        steps = count()
        cursor = self.cursor
        for epoch in range(cursor.epoch if cursor else 0, self.epochs):
            order = Order(self, epoch)
            begin = order.position(cursor) if cursor else 0
            cursor = None
            for first, last in order.steps(begin, self.ranks * self.batch_size, self.ranks):
                if next(steps) % turns == turn:
                    yield self.batch(order, first, last)

    def batch(self, order, first, last):
        """This rank's stretch of the rows of a step."""
        rows = last - first
        begin = first + rows * self.rank // self.ranks
        end = first + rows * (self.rank + 1) // self.ranks
        columns = order.read(begin, end) if end > begin else order.read(first, first + 1)
        return Batch(columns, end - begin, rows, order.cursor(last))


class Order:
    """The sequence of rows of one epoch."""

    def __init__(self, dataset, epoch):
        self.dataset, self.epoch = dataset, epoch
        drawn = sorted(dataset.drawn)
        self.shards = dataset.drawn[drawn[epoch % len(drawn)]]
        self.files = [None] * len(self.shards)
        blocks = []
        for shard, (path, rows) in enumerate(self.shards):
            # All batches of a shard but the last hold equally many rows.
            step = self.file(shard).get_batch(0).num_rows
            blocks += [
                (shard, batch, min(step, rows - batch * step)) for batch in range(-(-rows // step))
            ]
        self.blocks = [blocks[index] for index in permutation(len(blocks), dataset.seed, epoch)]
        self.ends = list(accumulate(rows for _, _, rows in self.blocks))
        self.open = (None, None)

    def file(self, shard):
        if self.files[shard] is None:
            path, _ = self.shards[shard]
            fields = pa.ipc.open_file(path).schema.names
            wanted = [fields.index(name) for name in self.dataset.columns]
            options = pa.ipc.IpcReadOptions(included_fields=wanted, use_threads=False)
            self.files[shard] = pa.ipc.open_file(pa.memory_map(path), options=options)
        return self.files[shard]

    def steps(self, begin, size, ranks):
        """First and last row of each step. At the end of the epoch each rank gets fewer; fewer rows
        than ranks join the step before."""
        rows = self.ends[-1]
        while begin < rows:
            end = min(begin + size, rows)
            if rows - end < ranks:
                end = rows
            yield begin, end
            begin = end

    def position(self, cursor):
        places = {(shard, batch): end - rows for (shard, batch, rows), end in zip(self.blocks, self.ends)}
        return places[cursor.shard, cursor.batch] + cursor.row

    def cursor(self, position):
        if position == self.ends[-1]:
            shard, batch, _ = Order(self.dataset, self.epoch + 1).blocks[0]
            return Cursor(self.epoch + 1, shard, batch, 0)
        block = bisect_right(self.ends, position)
        shard, batch, rows = self.blocks[block]
        return Cursor(self.epoch, shard, batch, position - self.ends[block] + rows)

    def read(self, begin, end):
        """Rows of the sequence as tensors."""
        pieces = []
        while begin < end:
            block = bisect_right(self.ends, begin)
            rows = self.blocks[block][2]
            start = self.ends[block] - rows
            stop = min(end, self.ends[block])
            columns, order = self.block(block)
            chosen = torch.from_numpy(order[begin - start : stop - start])
            pieces.append({name: values[chosen] for name, values in columns.items()})
            begin = stop
        return {name: torch.cat([piece[name] for piece in pieces]) for name in pieces[0]}

    def block(self, index):
        if self.open[0] != index:
            shard, batch, rows = self.blocks[index]
            columns = tensors(self.file(shard).get_batch(batch), self.dataset.columns)
            order = permutation(rows, self.dataset.seed, self.epoch, shard + 1, batch + 1)
            self.open = (index, (columns, order))
        return self.open[1]


def permutation(count, seed, epoch, *block):
    """The same for the same numbers, on every machine: raw words of a counter-based generator."""
    words = np.random.Philox(key=(seed, epoch), counter=(0, 0, *(block or (0, 0)))).random_raw(count)
    return np.argsort(words, kind="stable")


def tensors(batch, names):
    """Columns of fixed length as 64-bit integers; labels made from the ids where there are none."""
    columns = {}
    for name in names:
        column = batch[name]
        if pa.types.is_list(column.type):
            raise ValueError(f"{name} has rows of different lengths: build with pad=fixed")
        nested = pa.types.is_fixed_size_list(column.type)
        values = (column.flatten() if nested else column).to_numpy(zero_copy_only=False)
        values = torch.from_numpy(values.astype(np.int64))
        columns[name] = values.reshape(batch.num_rows, -1) if nested else values
    if "labels" not in columns:
        # Causal examples: the ids are the labels, and the model shifts them.
        unseen = columns.get("attention_mask", columns.get("segment_ids"))
        columns["labels"] = columns["input_ids"].clone()
        if unseen is not None:
            columns["labels"][unseen == 0] = IGNORED
    return columns


def main(arguments=None):
    from tiny import CAUSAL, loss_of, model_for, read_manifest

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shards")
    parser.add_argument("--steps", type=int, default=10**9, help="stop after so many")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=8, help="rows a rank and step")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--checkpoint", help="saved at the end; gone on from if it is there")
    given = parser.parse_args(arguments)

    rank, ranks = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if ranks > 1:
        torch.distributed.init_process_group("gloo")
    manifest = read_manifest(given.shards)
    torch.manual_seed(0)
    model = model_for(manifest)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    cursor, losses = None, []
    if given.checkpoint and os.path.exists(given.checkpoint):
        saved = torch.load(given.checkpoint)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        cursor = Cursor(*saved["cursor"])
    trained = torch.nn.parallel.DistributedDataParallel(model) if ranks > 1 else model

    rows = ShardRows(
        given.shards, manifest, given.batch_size, epochs=given.epochs, rank=rank, ranks=ranks,
        cursor=cursor,
    )
    loader = torch.utils.data.DataLoader(rows, batch_size=None, num_workers=given.workers)
    kind = "causal" if manifest["objective"]["name"] in CAUSAL else "bidirectional"
    for step, batch in enumerate(loader):
        if step == given.steps:
            break
        loss = loss_of(trained, batch.columns, kind)
        # Ranks are averaged as if they had equally many rows, so each counts by those that it has.
        optimizer.zero_grad()
        (loss * (batch.rows * ranks / batch.rows_of_step)).backward()
        optimizer.step()
        losses.append(loss.item())
        cursor = batch.cursor
    if rank == 0:
        tenth = max(1, len(losses) // 10)
        first, last = np.mean(losses[:tenth]), np.mean(losses[-tenth:])
        print(f"{len(losses)} steps, loss {first:.3f} to {last:.3f}, next: {cursor}")
        if given.checkpoint:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save({**state, "cursor": tuple(cursor)}, given.checkpoint)
    if ranks > 1:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
