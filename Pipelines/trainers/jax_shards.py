# SPDX-License-Identifier: Apache-2.0
"""JAX from the files, without another library: a small masked model, its loss and its optimizer.

    python jax_shards.py SHARDS --steps 100

Labels of −100 have no loss. To gather with −100 would take the hundredth entry from the end, in
silence: the weights say what counts, and where they are 0 the label is replaced before it is used.

Needs pyarrow, numpy and jax. Takes `mlm` (and `mntp`) with `attention_mask`."""

import argparse
import json

import jax
import jax.numpy as jnp
import numpy as np
import pyarrow as pa

IGNORED = -100
WIDTH, HEADS, LAYERS = 64, 2, 2


def batches(directory, manifest, size, seed=0):
    """Batches of rows as integers, epoch after epoch: record batches permuted, and their rows."""
    files = [
        pa.ipc.open_file(f"{directory}/{shard['file']}")
        for unit in manifest["units"]
        for shard in unit["shards"]
        if shard["split"] == "train"
    ]
    places = [(file, index) for file in files for index in range(file.num_record_batches)]
    random = np.random.default_rng(seed)
    while True:
        for place in random.permutation(len(places)):
            file, index = places[place]
            batch = file.get_batch(index)
            columns = {
                name: batch[name].flatten().to_numpy().reshape(batch.num_rows, -1).astype(np.int32)
                for name in ("input_ids", "attention_mask", "labels")
            }
            order = random.permutation(batch.num_rows)
            # Equal shapes, so that nothing is compiled twice: a short end is left for later epochs.
            for start in range(0, len(order) - size + 1, size):
                chosen = order[start : start + size]
                yield {name: values[chosen] for name, values in columns.items()}


def weighted_loss(logits, labels):
    """Mean cross entropy of the positions that have a label."""
    weights = labels != IGNORED
    safe = jnp.where(weights, labels, 0)
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), safe[..., None], axis=-1)[..., 0]
    return -(chosen * weights).sum() / jnp.maximum(weights.sum(), 1)


def initial(key, vocabulary, length):
    """Parameters of a transformer encoder, tied embeddings."""
    def normal(*shape):
        nonlocal key
        key, own = jax.random.split(key)
        return 0.02 * jax.random.normal(own, shape)

    layer = lambda: {
        "attention": normal(WIDTH, 3 * WIDTH),
        "out": normal(WIDTH, WIDTH),
        "up": normal(WIDTH, 4 * WIDTH),
        "down": normal(4 * WIDTH, WIDTH),
    }
    embeddings = {"tokens": normal(vocabulary, WIDTH), "positions": normal(length, WIDTH)}
    return {**embeddings, "layers": [layer() for _ in range(LAYERS)]}


def normalized(x):
    return (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-6)


def forward(parameters, ids, attention_mask):
    rows, length = ids.shape
    x = parameters["tokens"][ids] + parameters["positions"][:length]
    seen = attention_mask[:, None, None, :] == 1
    for layer in parameters["layers"]:
        mixed = (normalized(x) @ layer["attention"]).reshape(rows, length, 3, HEADS, -1)
        query, key, value = (mixed[:, :, part].swapaxes(1, 2) for part in range(3))
        scores = query @ key.swapaxes(-1, -2) / np.sqrt(WIDTH // HEADS)
        shares = jax.nn.softmax(jnp.where(seen, scores, -1e9))
        x = x + (shares @ value).swapaxes(1, 2).reshape(rows, length, WIDTH) @ layer["out"]
        x = x + jax.nn.gelu(normalized(x) @ layer["up"]) @ layer["down"]
    return normalized(x) @ parameters["tokens"].T


@jax.jit
def train_step(state, batch):
    """One step of Adam."""
    def loss_of(parameters):
        logits = forward(parameters, batch["input_ids"], batch["attention_mask"])
        return weighted_loss(logits, batch["labels"])

    parameters, first, second, step = state
    loss, gradients = jax.value_and_grad(loss_of)(parameters)
    step = step + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.99 * v + 0.01 * g * g, second, gradients)

    def moved(p, m, v):
        return p - 2e-3 * (m / (1 - 0.9**step)) / (jnp.sqrt(v / (1 - 0.99**step)) + 1e-8)

    return (jax.tree.map(moved, parameters, first, second), first, second, step), loss


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shards")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=8)
    given = parser.parse_args(arguments)

    with open(f"{given.shards}/manifest.json") as file:
        manifest = json.load(file)
    vocabulary = manifest["tokenizer"]["vocabulary_size"]
    length = manifest["objective"]["parameters"]["length"]
    parameters = initial(jax.random.key(0), vocabulary, length)
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state, losses = (parameters, zeros, zeros, 0), []
    rows = batches(given.shards, manifest, given.batch_size)
    for _ in range(given.steps):
        state, loss = train_step(state, next(rows))
        losses.append(loss)
    tenth = max(1, given.steps // 10)
    first, last = np.mean(losses[:tenth]), np.mean(losses[-tenth:])
    print(f"{given.steps} steps, loss {first:.3f} to {last:.3f}")


if __name__ == "__main__":
    main()
