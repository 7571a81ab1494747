# SPDX-License-Identifier: Apache-2.0
"""A document inside a packed row gives the logits that it gives alone: with the mask, only with it."""

import sys

import numpy as np
import pytest
import torch
import transformers
from conftest import REPOSITORY, manifest, table

sys.path.insert(0, str(REPOSITORY / "Pipelines" / "trainers"))
from packed_mask import packed_mask  # noqa: E402

LENGTH = 64
ATTENTION = ["eager", "sdpa"]


@pytest.fixture(scope="module", autouse=True)
def quiet():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()


@pytest.fixture(scope="module")
def packed(prep, tokens, tmp_path_factory):
    """Packed rows of prep, those with at least three documents, by objective."""
    found = {}
    for name, preset in (("clm", "best-fit"), ("mlm", "modernbert")):
        path = tmp_path_factory.mktemp("packed") / name
        settings = ["--set", f"preset={preset}", "--set", f"length={LENGTH}"]
        # Pieces of documents, so that several fit into a row.
        prep("build", tokens, "--objective", name, *settings, "-o", path)
        rows = table(path)
        columns = {
            column: torch.tensor(np.array(rows[column].to_pylist(), np.int64))
            for column in ("input_ids", "position_ids", "segment_ids")
        }
        several = columns["segment_ids"].max(dim=1).values >= 3
        assert several.sum() >= 2
        chosen = {column: values[several][:4] for column, values in columns.items()}
        found[name] = chosen, manifest(path)["tokenizer"]["vocabulary_size"]
    return found


def tiny(kind, vocabulary, attention, **more):
    """A small random model with weights large enough for attention to matter."""
    shape = {
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 96,
        "max_position_embeddings": 256,
        "initializer_range": 0.3,
    }
    specials = dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id"), 0)
    configs = {
        "BertForMaskedLM": lambda: transformers.BertConfig(**shape),
        "ModernBertForMaskedLM": lambda: transformers.ModernBertConfig(
            **shape, cls_token_id=0, sep_token_id=0, local_attention=8, global_attn_every_n_layers=2
        ),
        "GPT2LMHeadModel": lambda: transformers.GPT2Config(
            n_embd=64, n_layer=2, n_head=2, initializer_range=0.3
        ),
        "LlamaForCausalLM": lambda: transformers.LlamaConfig(**shape, num_key_value_heads=2),
        "T5ForConditionalGeneration": lambda: transformers.T5Config(
            d_model=64, d_kv=32, d_ff=96, num_layers=2, num_heads=2, initializer_factor=3.0
        ),
    }
    config = configs[kind]()
    for name, value in {"vocab_size": vocabulary, **specials, **more}.items():
        setattr(config, name, value)
    torch.manual_seed(0)
    model = getattr(transformers, kind)._from_config(config, attn_implementation=attention)
    assert model.config._attn_implementation == attention
    return model.eval()


def documents(segment_ids):
    """Row, first and last position of every document."""
    for row, segments in enumerate(segment_ids):
        for number in range(1, int(segments.max()) + 1):
            places = torch.nonzero(segments == number)[:, 0]
            yield row, int(places[0]), int(places[-1]) + 1


@torch.no_grad()
def difference(model, rows, given):
    """The largest difference between logits in the row and alone, over all documents."""
    together = model(rows["input_ids"], position_ids=rows["position_ids"], **given).logits
    worst = 0.0
    for row, first, last in documents(rows["segment_ids"]):
        alone = model(rows["input_ids"][row : row + 1, first:last]).logits[0]
        worst = max(worst, (together[row, first:last] - alone).abs().max().item())
    return worst


CASES = [
    ("BertForMaskedLM", "mlm", "bidirectional"),
    ("ModernBertForMaskedLM", "mlm", "bidirectional"),
    ("GPT2LMHeadModel", "clm", "causal"),
    ("LlamaForCausalLM", "clm", "causal"),
]


@pytest.mark.parametrize("attention", ATTENTION)
@pytest.mark.parametrize("kind, objective, direction", CASES)
def test_the_mask_and_only_the_mask_isolates(packed, kind, objective, direction, attention):
    rows, vocabulary = packed[objective]
    model = tiny(kind, vocabulary, attention)
    segments = rows["segment_ids"]
    mask = packed_mask(segments, direction)
    if kind.startswith("ModernBert"):
        # Its local layers look at no token further away than half of local_attention.
        near = packed_mask(segments, direction, window=model.config.local_attention // 2)
        mask = {"full_attention": mask, "sliding_attention": near}
    assert difference(model, rows, {"attention_mask": mask}) < 1e-4
    # Withheld: neither positions alone, nor a mask of padding, nor segment_ids, which nobody reads.
    ones = (segments > 0).long()
    for withheld in ({}, {"attention_mask": ones}):
        assert difference(model, rows, withheld) > 0.01
    try:
        ignored = difference(model, rows, {"attention_mask": ones, "segment_ids": segments})
    except TypeError:
        return  # the model says that it does not know them
    assert ignored > 0.01


@pytest.mark.parametrize("attention", ATTENTION)
@torch.no_grad()
def test_an_encoder_decoder_needs_three_masks(prep, examples, attention):
    """T5: three examples in one row, each with its own input and target."""
    facts = manifest(examples["t5"])
    model = tiny("T5ForConditionalGeneration", facts["tokenizer"]["vocabulary_size"], attention)
    rows = table(examples["t5"], "train").slice(0, 3).to_pylist()
    start = facts["objective"]["facts"]["decoder_start_token_id"]
    inputs = [torch.tensor(row["input_ids"]) for row in rows]
    # Shifted in each segment, so that no target begins with the end of the one before.
    targets = [torch.tensor([start, *row["labels"][:-1]]) for row in rows]
    ids, decoder_ids = torch.cat(inputs)[None], torch.cat(targets)[None]

    def numbered(parts):
        return torch.cat([torch.full_like(p, k + 1) for k, p in enumerate(parts)])[None]

    def logits(encoder_mask, cross_mask, decoder_mask):
        encoded = model.encoder(ids, attention_mask=encoder_mask)
        return model(
            encoder_outputs=encoded,
            attention_mask=cross_mask,
            decoder_input_ids=decoder_ids,
            decoder_attention_mask=decoder_mask,
        ).logits[0]

    source, target = numbered(inputs), numbered(targets)
    masks = [
        packed_mask(source),
        packed_mask(target, key_segment_ids=source),
        packed_mask(target, "causal"),
    ]
    alone = torch.cat(
        [model(input_ids=i[None], decoder_input_ids=t[None]).logits[0] for i, t in zip(inputs, targets)]
    )
    assert (logits(*masks) - alone).abs().max() < 1e-4
    for withheld in range(3):
        given = [None if k == withheld else mask for k, mask in enumerate(masks)]
        assert (logits(*given) - alone).abs().max() > 0.01, withheld


@pytest.mark.parametrize("attention", ATTENTION)
@torch.no_grad()
def test_prefixes_are_seen_both_ways_in_their_own_document(packed, attention):
    rows, vocabulary = packed["clm"]
    segments = rows["segment_ids"]
    lengths = torch.full((len(segments), int(segments.max())), 3)
    for kind in ("GPT2LMHeadModel", "LlamaForCausalLM"):
        model = tiny(kind, vocabulary, attention)

        def logits(mask, row=slice(None), places=slice(None)):
            ids = rows["input_ids"][row, places]
            positions = rows["position_ids"][row, places]
            return model(ids, position_ids=positions, attention_mask=mask).logits

        together = logits(packed_mask(segments, "prefix", lengths))
        causal = logits(packed_mask(segments, "causal"))
        for row, first, last in documents(segments):
            one = torch.ones(1, last - first, dtype=torch.long)
            mask = packed_mask(one, "prefix", torch.tensor([3]))
            alone = logits(mask, slice(row, row + 1), slice(first, last))[0]
            assert (together[row, first:last] - alone).abs().max() < 1e-4
            if last - first > 3:
                assert (causal[row, first:last] - alone).abs().max() > 0.01


def naive(segments, kind, lengths, window):
    """The mask of one row, pair by pair."""
    place, seen = {}, []
    for index, number in enumerate(segments):
        place[index] = index - segments.index(number)
    for query, own in enumerate(segments):
        row = []
        for key, other in enumerate(segments):
            allowed = own == other
            if kind != "bidirectional":
                within = kind == "prefix" and 0 < own <= len(lengths) and place[key] < lengths[own - 1]
                allowed = allowed and (key <= query or within)
            if window is not None:
                allowed = allowed and abs(query - key) <= window
            row.append(allowed)
        seen.append(row)
    return seen


@pytest.mark.parametrize("kind", ["bidirectional", "causal", "prefix"])
@pytest.mark.parametrize("window", [None, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_mask_is_that_of_its_definition(kind, window, dtype):
    segments = [[1, 1, 1, 2, 2, 3, 3, 3, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1, 1, 2]]
    lengths = [[2, 1, 3], [5, 1, 0]] if kind == "prefix" else None
    given = None if lengths is None else torch.tensor(lengths)
    mask = packed_mask(torch.tensor(segments), kind, given, window=window, dtype=dtype)
    assert mask.shape == (2, 1, 10, 10) and mask.dtype == dtype
    for row, ids in enumerate(segments):
        expected = torch.tensor(naive(ids, kind, lengths and lengths[row], window))
        assert torch.equal(mask[row, 0] == 0, expected)
        assert (mask[row, 0][~expected] == torch.finfo(dtype).min).all()
