# SPDX-License-Identifier: Apache-2.0
"""Every objective is fed to the heads that it names, unchanged, and they learn from it."""

import re

import numpy as np
import pytest
import torch
import transformers
from conftest import manifest, table
from objective_catalogue import objectives, options

IGNORED = -100
STEPS, BATCH, LENGTH = 50, 8, 64


def heads():
    """Each objective with each of its heads: a class, what the catalogue says of it, settings."""
    for name, entry in objectives().items():
        for head in entry["heads"]:
            kind, _, note = head.rstrip(")").partition(" (")
            if name == "mixture":
                kind = "T5ForConditionalGeneration"  # what its default members are fed to
            settings = re.findall(r"\b\w+=[\w-]+", note)
            yield pytest.param(name, kind, note, settings, id="-".join([name, kind, *settings]))


def tiny(kind, note, facts):
    """A small random model of the class that the catalogue names."""
    roles = facts["tokenizer"]["roles"]
    size = {
        "vocab_size": facts["tokenizer"]["vocabulary_size"],
        "pad_token_id": roles["pad"],
        "bos_token_id": roles["bos"],
        "eos_token_id": roles["eos"],
    }
    encoder = {
        **size,
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 128,
        "max_position_embeddings": 512,
    }
    decoder_start = facts["objective"]["facts"].get("decoder_start_token_id")
    bart = {
        **size,
        "d_model": 64,
        "max_position_embeddings": 512,
        "decoder_start_token_id": decoder_start,
        "forced_eos_token_id": None,
    }
    for side in ("encoder", "decoder"):
        bart |= {f"{side}_layers": 2, f"{side}_attention_heads": 2, f"{side}_ffn_dim": 128}
    t5 = {**size, "d_model": 64, "d_kv": 32, "d_ff": 128, "num_layers": 2, "num_heads": 2}
    t5 |= {"decoder_start_token_id": decoder_start}
    xlnet = {**size, "d_model": 64, "n_layer": 2, "n_head": 2, "d_inner": 128}
    named = transformers
    configs = {
        "T5ForConditionalGeneration": lambda: named.T5Config(**t5),
        "BartForConditionalGeneration": lambda: named.BartConfig(**bart),
        "MBartForConditionalGeneration": lambda: named.MBartConfig(**bart),
        "BertForPreTraining": lambda: named.BertConfig(**encoder),
        "AlbertForPreTraining": lambda: named.AlbertConfig(**encoder, embedding_size=64),
        "ElectraForPreTraining": lambda: named.ElectraConfig(**encoder, embedding_size=64),
        "XLNetLMHeadModel": lambda: named.XLNetConfig(**xlnet),
        "AutoModelForMaskedLM": lambda: named.BertConfig(**encoder),
        # BERT under a causal head: attention in both directions, a loss that shifts the labels.
        "with bidirectional attention": lambda: named.BertConfig(**encoder, is_decoder=False),
        "AutoModelForCausalLM": lambda: named.LlamaConfig(**encoder),
    }
    config = configs[note if note in configs else kind]()
    model = getattr(transformers, kind)
    if not kind.startswith("Auto"):
        return model(config)
    made = model.from_config(config)
    if note.endswith("ForConditionalGeneration"):
        assert type(made).__name__ == note
    return made


def fed(name, rows, facts):
    """The columns that the manifest names, as int64, and what the objective's page adds to them."""
    columns = {}
    for column in facts["objective"]["model_columns"]:
        values = rows[column].combine_chunks()
        scalar = not hasattr(values.type, "value_type")
        values = (values if scalar else values.flatten()).to_numpy(zero_copy_only=False)
        assert values.dtype.kind in "iu", f"{column} cannot be cast without loss"
        shape = (len(rows),) if scalar else (len(rows), -1)
        columns[column] = torch.from_numpy(values.astype(np.int64).reshape(shape))
    if name == "plm":
        return columns | permuted(rows, columns)
    if "labels" not in columns:
        # The ids are the labels, but for padding.
        unseen = columns["attention_mask"] == 0
        columns["labels"] = columns["input_ids"].masked_fill(unseen, IGNORED)
    return columns


def permuted(rows, columns):
    """What XLNet needs, made from ranks and targets as docs/objectives/plm.md says."""
    rank, target = (
        np.array(rows[column].to_pylist(), np.int64) for column in ("factorization_rank", "target")
    )
    before = rank[:, None, :] < rank[:, :, None]
    same = rank[:, None, :] == rank[:, :, None]
    sees = before | (same & (target[:, None, :] == 0))
    most = int(target.sum(axis=1).max())
    mapping = np.zeros((len(rows), most, rank.shape[1]), np.float32)
    labels = np.full((len(rows), most), IGNORED)
    ids = columns["input_ids"].numpy()
    for row in range(len(rows)):
        places = np.flatnonzero(target[row])
        mapping[row, np.arange(len(places)), places] = 1
        labels[row, : len(places)] = ids[row, places]
    return {
        "perm_mask": torch.from_numpy((~sees).astype(np.float32)),
        "target_mapping": torch.from_numpy(mapping),
        "labels": torch.from_numpy(labels),
    }


def losses(model, columns):
    """The losses of fifty steps through the rows, in random order."""
    torch.manual_seed(1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    model.train()
    rows = len(columns["input_ids"])
    order = torch.cat([torch.randperm(rows) for _ in range(STEPS * BATCH // rows + 1)])
    found = []
    for step in range(STEPS):
        batch = order[step * BATCH : (step + 1) * BATCH]
        loss = model(**{name: values[batch] for name, values in columns.items()}).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        found.append(loss.item())
    return np.array(found)


@pytest.fixture(scope="module", autouse=True)
def quiet():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()


@pytest.mark.parametrize("name, kind, note, settings", list(heads()))
def test_the_head_learns(prep, tokens, name, kind, note, settings, tmp_path):
    short = [f"length={LENGTH}", *settings]
    prep("build", tokens, *options(name, None, *short), "-o", tmp_path / "built")
    facts = manifest(tmp_path / "built")
    columns = fed(name, table(tmp_path / "built", "train"), facts)
    torch.manual_seed(0)
    model = tiny(kind, note, facts)
    found = losses(model, columns)
    first, last = found[:10].mean(), found[-10:].mean()
    print(f"{name} {kind}: {first:.3f} to {last:.3f}")
    assert np.isfinite(found).all() and (found > 0).all()
    assert last < 0.97 * first, f"from {first:.3f} to {last:.3f}"


@pytest.mark.parametrize("name, preset", [("clm", "best-fit"), ("mlm", "modernbert")])
def test_packed_rows_are_fed_with_their_positions(prep, tokens, name, preset, tmp_path):
    arguments = options(name, preset, f"length={LENGTH}")
    prep("build", tokens, *arguments, "-o", tmp_path / "built")
    facts = manifest(tmp_path / "built")
    columns = fed(name, table(tmp_path / "built", "train"), facts)
    assert set(columns) == {"input_ids", "labels", "position_ids"}
    torch.manual_seed(0)
    kind = {"clm": "AutoModelForCausalLM", "mlm": "AutoModelForMaskedLM"}[name]
    found = losses(tiny(kind, "", facts), columns)
    assert np.isfinite(found).all() and (found > 0).all()
    assert found[-10:].mean() < 0.97 * found[:10].mean()
