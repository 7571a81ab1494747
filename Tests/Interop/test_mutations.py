# SPDX-License-Identifier: Apache-2.0
"""What `prep validate` notices: datasets with one fault each and correct digests, and good ones."""

import json
import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest
from conftest import REPOSITORY, manifest, run
from distortions import IGNORED, distort

MICROWORLD = REPOSITORY / "Fixtures" / "microworld.py"
DOCUMENTS = 3000


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Tokens of many small documents, in two splits, and their tokenizer."""
    parent = tmp_path_factory.mktemp("world")
    command = [sys.executable, str(MICROWORLD), "--seed", "3", "--documents", str(DOCUMENTS)]
    text = parent / "world.jsonl"
    text.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    tokenizer = parent / "tokenizer.json"
    run("tokenizer", "train", text, "--vocab-size", 1500, "-o", tokenizer)
    options = ["--tokenizer", tokenizer, "--sentences", "--split", "train=0.9,validation=0.1"]
    run("tokenize", text, *options, "-o", parent / "tokens")
    return parent / "tokens"


def build(world, parent, name, objective, *settings, seed=0):
    path = parent / name
    pairs = [argument for setting in settings for argument in ("--set", setting)]
    run("build", world, "--objective", objective, *pairs, "--seed", seed, "-o", path)
    return path


GOOD = {
    "mlm": ("mlm", "length=128"),
    "nsp": ("mlm", "length=128", "nsp=true"),
    "t5": ("t5-span", "length=64"),
    "clm": ("clm", "length=128", "boundaries=segments", "labels=column"),
    "sop": ("mlm", "length=128", "pairs=sop"),
    "rtd": ("rtd", "length=128"),
    "originals": ("rtd", "length=128", "originals=true"),
    "fim": ("fim", "length=256"),
    "bart": ("bart", "length=128"),
    "infilling": ("text-infilling", "length=128", "unit=tokens"),
    "deletion": ("token-deletion", "length=128"),
    "rotation": ("document-rotation", "length=128"),
    "permutation": ("sentence-permutation", "length=128"),
    "plm": ("plm", "length=128"),
    "prefix": ("prefix-lm", "length=128"),
    "ul2": ("ul2", "length=128"),
    "words": ("mlm", "length=128", "masking=whole-word"),
    "mdlm": ("mdlm", "length=128"),
    "span": ("mlm", "length=128", "masking=span"),
}


@pytest.fixture(scope="module")
def good(world, tmp_path_factory):
    parent = tmp_path_factory.mktemp("good")
    return {name: build(world, parent, name, *settings) for name, settings in GOOD.items()}


def validate(path, *options, status=None):
    done = run("validate", path, "--json", "-q", *options, status=status)
    return done.status, json.loads(done.stdout)


class Facts:
    """What a mutation has to know of the tokenizer."""

    def __init__(self, directory):
        facts = manifest(directory)["tokenizer"]
        self.roles = facts["roles"]
        self.sentinels = facts["sentinels"]
        self.size = facts["vocabulary_size"]
        named = json.loads((directory / "tokenizer.json").read_bytes())["added_tokens"]
        self.special = np.zeros(self.size, bool)
        self.special[[token["id"] for token in named]] = True
        self.ordinary = np.flatnonzero(~self.special)
        self.random = np.random.default_rng(5)

    def restore(self, c):
        """Inputs with every label put back."""
        labels = c["labels"]
        return np.where(labels == IGNORED, c["input_ids"], labels)


# Masked language modelling


def too_few_masked(c, f):
    drop = (c["labels"] != IGNORED) & (f.random.random(c["labels"].shape) < 0.3)
    c["input_ids"] = np.where(drop, c["labels"], c["input_ids"])
    c["labels"][drop] = IGNORED


def always_the_mask_token(c, f):
    c["input_ids"][c["labels"] != IGNORED] = f.roles["mask"]


def random_tokens_by_frequency(c, f):
    labels = c["labels"]
    is_random = (labels != IGNORED) & (c["input_ids"] != labels)
    is_random &= c["input_ids"] != f.roles["mask"]
    common = f.restore(c)[~f.special[f.restore(c)]]
    draws = f.random.choice(common, is_random.sum())
    same = draws == labels[is_random]
    draws[same] = f.ordinary[0]
    c["input_ids"][is_random] = draws


def no_random_tokens(c, f):
    labels = c["labels"]
    is_random = (labels != IGNORED) & (c["input_ids"] != f.roles["mask"])
    c["input_ids"][is_random] = labels[is_random]


def masks_at_the_front(c, f):
    original = f.restore(c)
    for row in range(len(original)):
        old = np.flatnonzero(c["labels"][row] != IGNORED)
        inputs = c["input_ids"][row, old].copy()
        new = np.flatnonzero(~f.special[original[row]])[: len(old)]
        # A random token may happen to be the original of its new place.
        c["input_ids"][row] = original[row]
        c["input_ids"][row, new] = inputs
        c["labels"][row] = IGNORED
        c["labels"][row, new] = original[row, new]


def visible_labels(c, f):
    show = (c["labels"] != IGNORED) & (f.random.random(c["labels"].shape) < 0.1)
    c["input_ids"][show] = c["labels"][show]


def masked_separator(c, f):
    row = 7
    end = int(c["attention_mask"][row].sum()) - 1
    c["labels"][row, end] = c["input_ids"][row, end]
    c["input_ids"][row, end] = f.roles["mask"]


def label_at_padding(c, f):
    row = int(np.argmin(c["attention_mask"].sum(1)))
    c["labels"][row, -1] = f.ordinary[3]


def mask_without_label(c, f):
    row, position = np.argwhere(c["input_ids"] == f.roles["mask"])[11]
    c["labels"][row, position] = IGNORED


def shifted_labels(c, f):
    c["labels"] = np.roll(c["labels"], 1, axis=1)


def hole_in_the_attention(c, f):
    c["attention_mask"][3, 5] = 0


def other_text(c, f):
    row = 9
    position = np.flatnonzero((c["labels"][row] == IGNORED) & ~f.special[c["input_ids"][row]])[4]
    c["input_ids"][row, position] = f.ordinary[17]


def wrong_label(c, f):
    row, position = np.argwhere(c["labels"] != IGNORED)[30]
    old = c["labels"][row, position]
    c["labels"][row, position] = f.ordinary[f.ordinary != old][5]


def replaced_by_a_copy(c, f):
    lengths = c["attention_mask"].sum(1) if "attention_mask" in c else np.zeros(len(c["labels"]))
    first, second = np.flatnonzero(lengths == np.bincount(lengths.astype(int)).argmax())[:2]
    for column in c.values():
        column[second] = column[first]


def a_row_less(c, f):
    for name, column in c.items():
        c[name] = np.delete(column, 4, axis=0) if isinstance(column, np.ndarray) else (
            column[:4] + column[5:]
        )


def shifted_source(c, f):
    c["source_offset"][2] = [offset + 1 for offset in c["source_offset"][2]]


def unknown_source(c, f):
    c["source_document"][5] = ["nowhere"] * len(c["source_document"][5])


def short_source(c, f):
    c["source_length"][6] = [length - 1 for length in c["source_length"][6]]


# Pairs


def unbalanced_pairs(c, f):
    flip = f.random.random(len(c["next_sentence_label"])) < 0.2
    c["next_sentence_label"][flip] = 1


def label_by_length(c, f):
    second = c["token_type_ids"].sum(1)
    c["next_sentence_label"] = (second > np.median(second)).astype(np.int64)


def mixed_segments(c, f):
    c["token_type_ids"][4, 2] = 1


def inverted_pairs(c, f):
    c["next_sentence_label"] = 1 - c["next_sentence_label"]


def some_pairs_mislabelled(c, f):
    """As many of either label as before."""
    label = c["next_sentence_label"]
    for value in (0, 1):
        label[np.flatnonzero(label == value)[10:20]] = 2
    label[label == 2] = np.tile([0, 1], 10)


# Whole words


def half_a_word_shown(c, f):
    """The first of two tokens in a row that are masked."""
    for ids, labels in zip(c["input_ids"], c["labels"]):
        masked = labels != IGNORED
        for position in np.flatnonzero(masked[:-1] & masked[1:])[:1]:
            ids[position] = labels[position]
            labels[position] = IGNORED


def a_draw_for_each_token(c, f):
    labels = c["labels"]
    draw = f.random.choice(3, labels.shape, p=[0.8, 0.1, 0.1])
    other = f.random.choice(f.ordinary, labels.shape)
    other = np.where(other == labels, f.ordinary[0], other)
    inputs = np.choose(draw, [f.roles["mask"], other, labels])
    c["input_ids"] = np.where(labels == IGNORED, c["input_ids"], inputs)


def spans_scattered(c, f):
    """As many tokens, each on its own."""
    original, counts = f.restore(c), (c["labels"] != IGNORED).sum(1)
    c["labels"][:] = IGNORED
    for ids, labels, count in zip(original, c["labels"], counts):
        places = f.random.choice(np.flatnonzero(~f.special[ids]), count, replace=False)
        labels[places] = ids[places]
    c["input_ids"][:] = original
    a_draw_for_each_token(c, f)


# Diffusion, permutation, replaced tokens


def diffusion_from_the_front(c, f):
    original = f.restore(c)
    count = (c["labels"] != IGNORED).sum(1)
    used = c["attention_mask"].sum(1)
    first = np.isin(original[:, 0], list(f.roles.values())).astype(int)
    place = np.arange(original.shape[1])[None, :] - first[:, None]
    hidden = (place >= 0) & (place < count[:, None]) & (place < (used - first)[:, None])
    c["labels"] = np.where(hidden, original, IGNORED)
    c["input_ids"] = np.where(hidden, f.roles["mask"], original)


def targets_at_the_front(c, f):
    for ids, target, rank in zip(c["input_ids"], c["target"], c["factorization_rank"]):
        ranks = rank[target == 1].copy()
        places = np.flatnonzero(~f.special[ids])[: len(ranks)]
        target[:], rank[:] = 0, 0
        target[places], rank[places] = 1, ranks


def replacements_undone(c, f):
    undone = (c["labels"] == 1) & (f.random.random(c["labels"].shape) < 0.5)
    c["input_ids"][undone] = c["original_ids"][undone]
    c["labels"][undone] = 0


# Span corruption


def t5_rows(c):
    for row in range(len(c["input_ids"])):
        labels = c["labels"][row]
        end = int(np.argmax(labels == IGNORED)) if (labels == IGNORED).any() else len(labels)
        yield row, end


def shifted_sentinels(c, f):
    for column in (c["input_ids"], c["labels"]):
        is_sentinel = np.isin(column[8], f.sentinels)
        column[8][is_sentinel] -= 1


def swapped_sentinels(c, f):
    row = c["labels"][8]
    first, second = np.flatnonzero(np.isin(row, f.sentinels))[:2]
    row[[first, second]] = row[[second, first]]


def truncated_target(c, f):
    c["labels"][2, -4:] = IGNORED


def no_eos(c, f):
    for row, end in t5_rows(c):
        c["labels"][row, end - 1] = f.ordinary[0]


def even_spans(c, f):
    """Every row with spans as equal as can be: the right counts, the wrong law."""
    for row, end in t5_rows(c):
        source, noise, spans = [], 0, 0
        labels, cursor = c["labels"][row, : end - 1], 0
        for token in c["input_ids"][row]:
            if token == f.roles["eos"]:
                break
            if token not in f.sentinels:
                source.append(token)
                continue
            spans += 1
            cursor += 1
            while cursor < len(labels) and labels[cursor] not in f.sentinels:
                source.append(labels[cursor])
                noise += 1
                cursor += 1
        clean = len(source) - noise
        parts = lambda n: [n * (k + 1) // spans - n * k // spans for k in range(spans)]
        inputs, targets, at = [], [], 0
        for index, (gap, span) in enumerate(zip(parts(clean), parts(noise))):
            inputs += source[at : at + gap] + [f.sentinels[index]]
            targets += [f.sentinels[index]] + source[at + gap : at + gap + span]
            at += gap + span
        c["input_ids"][row, : len(inputs)] = inputs
        c["labels"][row, : len(targets)] = targets


def label_in_the_input(c, f):
    """The longest span of each row also at the start of its input."""
    for row, end in t5_rows(c):
        labels = c["labels"][row, : end - 1]
        starts = np.flatnonzero(np.isin(labels, f.sentinels))
        spans = sorted(np.split(labels, starts), key=len)
        span = spans[-1][1:]
        first = int(np.argmax(np.isin(c["input_ids"][row], f.sentinels)))
        if len(span) >= 4 and first >= len(span):
            c["input_ids"][row, : len(span)] = span


# Causal language modelling


def id_outside(c, f):
    c["input_ids"][1, 1] = f.size + 3
    c["labels"][1, 1] = f.size + 3


def wrong_positions(c, f):
    c["position_ids"][6] = np.arange(c["position_ids"].shape[1]) + 1


def label_shifted_by_the_builder(c, f):
    c["labels"] = np.roll(c["labels"], -1, axis=1)


def gap_in_the_segments(c, f):
    row = int(np.argmax(c["segment_ids"].max(1)))
    c["segment_ids"][row][c["segment_ids"][row] > 1] += 1


# Replaced tokens, pairs of sentences


def shuffled_order_labels(c, f):
    c["sentence_order_label"] = f.random.permutation(c["sentence_order_label"])


def half_of_the_replacements_unlabelled(c, f):
    c["labels"][(c["labels"] == 1) & (f.random.random(c["labels"].shape) < 0.5)] = 0


# Fill in the middle


def suffix_for_middle(c, f):
    for row in c["input_ids"]:
        marks = [np.flatnonzero(row == f.roles[name]) for name in ("fim-suffix", "fim-middle")]
        if all(map(len, marks)):
            row[marks[0][0]], row[marks[1][0]] = row[marks[1][0]], row[marks[0][0]]


def other_middle(c, f):
    row = next(row for row in c["input_ids"] if (row == f.roles["fim-middle"]).any())
    place = int(np.flatnonzero(row == f.roles["fim-middle"])[0]) + 2
    row[place] = f.ordinary[f.ordinary != row[place]][7]


def rearranged(c, f):
    """For each row its fragments, and of rearranged ones prefix, middle and suffix."""
    for row, ids in enumerate(c["input_ids"]):
        used = [int(token) for token in ids[: int(c["attention_mask"][row].sum())]]
        fragments = []
        while used:
            end = used.index(f.roles["eos"]) + 1 if f.roles["eos"] in used else len(used)
            fragment, used = used[:end], used[end:]
            parts = None
            if fragment[0] == f.roles["fim-prefix"]:
                suffix, middle = (fragment.index(f.roles[n]) for n in ("fim-suffix", "fim-middle"))
                parts = fragment[1:suffix], fragment[middle + 1 : -1], fragment[suffix + 1 : middle]
            fragments.append((fragment, parts))
        yield row, fragments


def write_fragments(c, f, row, fragments):
    ids = [token for fragment in fragments for token in fragment]
    c["input_ids"][row] = f.roles["fim-pad"]
    c["input_ids"][row, : len(ids)] = ids
    c["attention_mask"][row] = np.arange(c["attention_mask"].shape[1]) < len(ids)


def fragments_in_order(c, f):
    for row, fragments in rearranged(c, f):
        texts = [fragment if parts is None else [*sum(parts, []), f.roles["eos"]]
                 for fragment, parts in fragments]
        write_fragments(c, f, row, texts)


def fragments_cut_in_thirds(c, f):
    for row, fragments in rearranged(c, f):
        texts = []
        for fragment, parts in fragments:
            if parts is not None:
                text = sum(parts, [])
                first, second = len(text) // 3, 2 * len(text) // 3
                head = [f.roles["fim-prefix"], *text[:first], f.roles["fim-suffix"]]
                middle = [f.roles["fim-middle"], *text[first:second], f.roles["eos"]]
                if fragment[1] == f.roles["fim-suffix"]:
                    head = [f.roles["fim-prefix"], f.roles["fim-suffix"]]
                    middle = [f.roles["fim-middle"], *text[:second], f.roles["eos"]]
                fragment = [*head, *text[second:], *middle]
            texts.append(fragment)
        write_fragments(c, f, row, texts)


def an_end_token_lost(c, f):
    """Between a rearranged fragment and one that is not."""
    for row, fragments in rearranged(c, f):
        for index, (fragment, parts) in enumerate(fragments[:-1]):
            following = fragments[index + 1][0]
            if parts is not None and following[0] != f.roles["fim-prefix"]:
                if following[-1] == f.roles["eos"]:
                    texts = [text for text, _ in fragments]
                    texts[index] = fragment[:-1]
                    return write_fragments(c, f, row, texts)


# BART's noises


def blocks(c):
    """For each row its number, the length of its text with framing, and the text."""
    for row, labels in enumerate(c["labels"]):
        end = int((labels != IGNORED).sum())
        yield row, end, labels[1 : end - 1]


def write_block(c, f, row, body):
    c["input_ids"][row] = f.roles["pad"]
    used = [f.roles["bos"], *body, f.roles["eos"]]
    c["input_ids"][row, : len(used)] = used
    c["attention_mask"][row] = np.arange(c["attention_mask"].shape[1]) < len(used)


def unchanged(c, f):
    for row, _, text in blocks(c):
        write_block(c, f, row, text)


def always_rotated_by_half(c, f):
    for row, _, text in blocks(c):
        write_block(c, f, row, np.roll(text, len(text) // 2))


def reversed_text(c, f):
    for row, _, text in blocks(c):
        write_block(c, f, row, text[::-1])


def deleted_in_front(c, f):
    for row, _, text in blocks(c):
        write_block(c, f, row, text[len(text) + 2 - int(c["attention_mask"][row].sum()) :])


def sentences_in_place(c, f):
    """As many masks for as many tokens, in a text that keeps its order."""
    for row, _, text in blocks(c):
        used = int(c["attention_mask"][row].sum())
        masks = int((c["input_ids"][row, :used] == f.roles["mask"]).sum())
        kept = used - 2 - masks
        gone = np.bincount(f.random.integers(0, masks, len(text) - kept), minlength=masks)
        stays = np.bincount(f.random.integers(0, masks + 1, kept), minlength=masks + 1)
        body, at = [*text[: stays[0]]], stays[0]
        for hidden, shown in zip(gone, stays[1:]):
            at += hidden
            body += [f.roles["mask"], *text[at : at + shown]]
            at += shown
        write_block(c, f, row, body)


def a_mask_for_each_token(c, f):
    for row, _, text in blocks(c):
        body = text.copy()
        count = max(1, round(0.3 * len(text)))
        body[f.random.choice(len(text), count, replace=False)] = f.roles["mask"]
        write_block(c, f, row, body)


def masks_in_front(c, f):
    for row, _, text in blocks(c):
        used = int(c["attention_mask"][row].sum())
        masks = int((c["input_ids"][row, :used] == f.roles["mask"]).sum())
        kept = used - 2 - masks
        write_block(c, f, row, [f.roles["mask"]] * masks + list(text[len(text) - kept :]))


def too_few_deleted(c, f):
    for row, _, text in blocks(c):
        gone = f.random.choice(len(text), round(0.2 * len(text)), replace=False)
        write_block(c, f, row, np.delete(text, gone))


# Permutations, prefixes, mixtures


def left_to_right(c, f):
    for ranks, targets in zip(c["factorization_rank"], c["target"]):
        ranks[targets == 1] = np.arange(1, targets.sum() + 1)


def prefixes_of_a_quarter(c, f):
    for row in range(len(c["input_ids"])):
        used = int(c["attention_mask"][row].sum())
        text = [*c["input_ids"][row, : used - 1], *c["labels"][row][c["labels"][row] >= 0]]
        split = max(1, len(text) // 4)
        c["input_ids"][row] = f.roles["pad"]
        c["input_ids"][row, : split + 1] = [*text[:split], f.roles["eos"]]
        c["attention_mask"][row] = np.arange(c["attention_mask"].shape[1]) <= split
        c["labels"][row] = IGNORED
        c["labels"][row, : len(text) - split] = text[split:]


def a_denoiser_less(c, f):
    keep = np.flatnonzero(c["task"] != 0)
    for name, column in c.items():
        is_array = isinstance(column, np.ndarray)
        c[name] = column[keep] if is_array else [column[row] for row in keep]


MUTATIONS = [
    ("sop", shuffled_order_labels, "pair-label"),
    ("rtd", half_of_the_replacements_unlabelled, "replaced-tokens"),
    ("fim", suffix_for_middle, "sentinel-order"),
    ("fim", other_middle, "not-lossless"),
    ("fim", fragments_in_order, "rearranged-share"),
    ("fim", fragments_cut_in_thirds, "suffix-lengths"),
    ("fim", an_end_token_lost, "provenance"),
    ("permutation", reversed_text, "kept-neighbours"),
    ("deletion", deleted_in_front, "deletion-positions"),
    ("span", spans_scattered, "span-neighbours"),
    ("bart", sentences_in_place, "rearranged-rows"),
    ("infilling", a_mask_for_each_token, "masks-per-token"),
    ("infilling", masks_in_front, "mask-positions"),
    ("deletion", too_few_deleted, "rate"),
    ("rotation", unchanged, "rotations"),
    ("rotation", always_rotated_by_half, "rotations"),
    ("permutation", unchanged, "rearranged-rows"),
    ("plm", left_to_right, "first-rank"),
    ("prefix", prefixes_of_a_quarter, "prefix-lengths"),
    ("ul2", a_denoiser_less, "denoiser-shares"),
    ("mlm", too_few_masked, "mask-count"),
    ("mlm", always_the_mask_token, "mask-share"),
    ("mlm", random_tokens_by_frequency, "random-tokens"),
    ("mlm", no_random_tokens, "random-share"),
    ("mlm", masks_at_the_front, "mask-positions"),
    ("mlm", visible_labels, "mask-share"),
    ("mlm", masked_separator, "label-on-special"),
    ("mlm", label_at_padding, "label-on-special"),
    ("mlm", mask_without_label, "mask-without-label"),
    ("mlm", shifted_labels, "mask-without-label"),
    ("mlm", hole_in_the_attention, "mask-shape"),
    ("mlm", other_text, "not-lossless"),
    ("mlm", wrong_label, "not-lossless"),
    ("mlm", replaced_by_a_copy, "served-twice"),
    ("mlm", a_row_less, "serving-count"),
    ("mlm", shifted_source, "not-lossless"),
    ("mlm", unknown_source, "unknown-document"),
    ("mlm", short_source, "provenance"),
    ("nsp", unbalanced_pairs, "pair-label-rate"),
    ("nsp", label_by_length, "pair-surface"),
    ("nsp", mixed_segments, "token-types"),
    ("nsp", inverted_pairs, "pair-label"),
    ("nsp", some_pairs_mislabelled, "pair-label"),
    ("words", half_a_word_shown, "whole-word"),
    ("words", a_draw_for_each_token, "whole-word"),
    ("mdlm", diffusion_from_the_front, "mask-positions"),
    ("plm", targets_at_the_front, "target-positions"),
    ("originals", replacements_undone, "replaced-tokens"),
    ("t5", shifted_sentinels, "sentinel-order"),
    ("t5", swapped_sentinels, "sentinel-order"),
    ("t5", truncated_target, "eos"),
    ("t5", no_eos, "eos"),
    ("t5", even_spans, "span-lengths"),
    ("t5", label_in_the_input, "label-in-input"),
    ("clm", id_outside, "id-range"),
    ("clm", wrong_positions, "position"),
    ("clm", label_shifted_by_the_builder, "label"),
    ("clm", gap_in_the_segments, "segment-shape"),
]

# What needs no source to be seen.
NEEDS_SOURCE = {"not-lossless", "unknown-document", "whole-word"}


@pytest.mark.parametrize(
    "dataset, mutation, rule", MUTATIONS, ids=[f"{m[0]}-{m[1].__name__}" for m in MUTATIONS]
)
def test_a_distorted_dataset_is_caught_by_name(
    good, world, tmp_path, dataset, mutation, rule
):
    facts = Facts(good[dataset])
    path = distort(good[dataset], tmp_path / "d", lambda columns: mutation(columns, facts))
    options = ["--against", world] if rule in NEEDS_SOURCE else []
    status, report = validate(path, *options)
    rules = {finding["rule"] for finding in report["findings"]}
    assert status == 1 and rule in rules, report["findings"]
    assert not rules & {"file-digest", "shard-digest", "content-digest", "row-count", "token-count"}


def test_resealing_alone_is_no_fault(good, world, tmp_path):
    for name, dataset in good.items():
        if name == "sop":
            continue  # These stories begin and end in the same way: the order shows.
        path = distort(dataset, tmp_path / name, lambda columns: None)
        status, report = validate(path, "--against", world)
        assert (status, report["findings"]) == (0, [])


def test_held_out_rows_in_train_are_caught(good, tmp_path):
    held_out = {}
    distort(good["clm"], tmp_path / "copy", held_out.update, split="validation")

    def contaminate(columns):
        for name, column in columns.items():
            rows = held_out[name][:20]
            column[:20] = rows

    path = distort(good["clm"], tmp_path / "d", contaminate)
    status, report = validate(path)
    assert status == 1
    assert "shared-rows" in {finding["rule"] for finding in report["findings"]}


def test_sums_of_the_manifest_are_checked(good, tmp_path):
    def seal(path):
        names = sorted(item.name for item in path.iterdir() if item.name != "SHA256SUMS")
        lines = [f"{sha256((path / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
        (path / "SHA256SUMS").write_text("".join(lines))

    for name, path in (("counts", ["counts", "source_tokens"]), ("totals", ["totals", "all", "rows"])):
        copy = distort(good["mlm"], tmp_path / name, lambda columns: None)
        facts = manifest(copy)
        place = facts
        for member in path[:-1]:
            place = place[member]
        place[path[-1]] -= 1
        (copy / "manifest.json").write_text(json.dumps(facts))
        seal(copy)
        status, report = validate(copy)
        assert (status, [f["rule"] for f in report["findings"]]) == (1, ["manifest-sums"])
        assert ".".join(path) in report["findings"][0]["message"]


CLEAN = [
    ("t5-iid", "length=32", "targets_length=5"),
    ("fim", "length=32", "rate=1"),
    ("fim", "length=64", "spm_share=0"),
    ("clm", "length=128"),
    ("clm", "length=128", "window=t+1", "separator=none"),
    ("mlm", "length=128"),
    ("mlm", "length=128", "whole_word=true"),
    ("mlm", "length=128", "count=bernoulli"),
    ("mlm", "length=128", "count=stochastic", "rate=0.3"),
    ("mlm", "length=128", "nsp=true"),
    ("t5-span", "length=128"),
    ("t5-span", "length=128", "roll=true", "separator=eos"),
    ("t5-span", "preset=t5"),
    ("mlm", "preset=roberta", "length=128"),
    ("clm", "packing=best-fit", "length=128"),
    ("t5-span", "layout=decoder", "length=128"),
    ("prefix-lm", "length=128"),
    ("ul2", "length=128"),
    ("text-infilling", "length=128"),
    ("rtd", "length=128"),
    ("mdlm", "length=128"),
    ("fim", "length=256"),
    ("bart", "length=128"),
    ("bart", "preset=bart", "length=128"),
    ("mbart", "preset=mbart", "language_token=2", "length=128"),
    ("token-masking", "length=128", "random_share=0.2"),
    ("token-deletion", "length=128", "unit=words"),
    ("sentence-permutation", "length=128"),
    ("document-rotation", "length=128", "rotate_share=0.5"),
    ("plm", "length=128"),
    ("mlm", "length=128", "masking=ngram", "packing=best-fit"),
    ("mntp", "length=128", "masking=whole-word", "packing=sentences"),
    ("t5-iid", "length=32", "targets_length=5"),
    ("fim", "length=32", "rate=1"),
    ("fim", "length=64", "spm_share=0"),
    ("mixture", "members=clm,prefix-lm", "layout=decoder", "by=tokens", "clm.labels=column"),
]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("recipe", CLEAN, ids=["-".join(recipe) for recipe in CLEAN])
def test_an_undistorted_dataset_gives_no_finding(world, tmp_path, recipe, seed):
    path = build(world, tmp_path, "d", *recipe, seed=seed)
    status, report = validate(path, "--against", world)
    assert (status, report["findings"]) == (0, [])
    assert not [note for note in report["not_checked"] if note.startswith("losslessness")]


def test_files_without_a_manifest_are_checked_by_their_objective(good, world, tmp_path):
    bare = tmp_path / "bare"
    bare.mkdir()
    for path in good["mlm"].glob("train*.arrow"):
        (bare / path.name).write_bytes(path.read_bytes())
    options = ["--tokenizer", good["mlm"] / "tokenizer.json", "--objective", "mlm"]
    settings = ["--set", "length=128"]
    status, report = validate(bare, *options, *settings)
    assert (status, report["findings"]) == (0, [])
    assert any("no manifest" in note for note in report["not_checked"])
    assert any("--against" in note for note in report["not_checked"])
    status, report = validate(bare, *options, *settings, "--set", "mask_share=0.7")
    assert status == 1
    assert {finding["rule"] for finding in report["findings"]} == {"mask-share"}
