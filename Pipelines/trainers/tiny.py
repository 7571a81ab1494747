# SPDX-License-Identifier: Apache-2.0
"""A small random model for the examples of a dataset, and the step that trains it.

Put your own model in its place: everything that depends on the data comes from the manifest."""

import json

import torch
import transformers
from packed_mask import packed_mask

CAUSAL = {"clm", "fim"}
MASKED = {"mlm"}
SEQUENCE_TO_SEQUENCE = {"t5-span", "t5-iid", "prefix-lm", "ul2"}


def read_manifest(directory):
    with open(f"{directory}/manifest.json") as file:
        return json.load(file)


def model_for(manifest):
    """GPT-2 for causal examples, BERT for masked ones, T5 for those with targets of their own."""
    name, roles = manifest["objective"]["name"], manifest["tokenizer"]["roles"]
    known = {f"{role}_token_id": roles.get(role) for role in ("pad", "bos", "eos")}
    size = {"vocab_size": manifest["tokenizer"]["vocabulary_size"], **known}
    length = max(512, manifest["objective"]["parameters"].get("length", 0))
    if name in CAUSAL:
        shape = {"n_embd": 64, "n_layer": 2, "n_head": 2, "n_positions": length}
        return transformers.GPT2LMHeadModel(transformers.GPT2Config(**size, **shape))
    if name in MASKED:
        shape = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
        shape |= {"intermediate_size": 128, "max_position_embeddings": length}
        config = transformers.BertConfig(**size, **shape)
        pairs = "next_sentence_label" in manifest["objective"]["model_columns"]
        return (transformers.BertForPreTraining if pairs else transformers.BertForMaskedLM)(config)
    if name in SEQUENCE_TO_SEQUENCE:
        shape = {"d_model": 64, "d_kv": 32, "d_ff": 128, "num_layers": 2, "num_heads": 2}
        start = manifest["objective"]["facts"]["decoder_start_token_id"]
        config = transformers.T5Config(**size, **shape, decoder_start_token_id=start)
        return transformers.T5ForConditionalGeneration(config)
    raise SystemExit(f"no tiny model for {name}: write one here")


def loss_of(model, columns, kind="bidirectional"):
    """The model's loss on a batch; packed rows are kept apart by the mask."""
    columns = dict(columns)
    segment_ids = columns.pop("segment_ids", None)
    if segment_ids is not None:
        columns["attention_mask"] = packed_mask(segment_ids, kind)
    return model(**columns).loss
