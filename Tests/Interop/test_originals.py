# SPDX-License-Identifier: Apache-2.0
"""Draws held against the procedures that defined them, carried out again on the very same rows.

The programs that published these objectives are not packages; each is a few lines, written here as
its paper or code defines it, without its defects where prep leaves them out."""

import json

import numpy as np
import pytest
from test_objectives import IGNORED, matrix
from test_statistics import (  # noqa: F401 (fixtures)
    ROWS,
    assert_law,
    assert_same_law,
    byte_of,
    draw,
    masks,
    restored,
    source,
    special_ids,
    word_starts,
)


@pytest.fixture
def random():
    return np.random.default_rng(11)


def composition(total, parts, random):
    """A number as a sum of positive parts: ones shuffled among the places after the first."""
    ones = np.arange(total - 1) < parts - 1
    random.shuffle(ones)
    return np.bincount(np.concatenate([[0], np.cumsum(ones)]))


def binned(values, size):
    return np.bincount(np.minimum(values, size), minlength=size + 1)


def test_t5_noise_is_that_of_random_spans(draw, random):
    rows, facts = draw("t5-span", preset="t5")
    ours = np.stack([mask for mask, _ in masks(rows, facts) if len(mask) == 568])
    theirs = []
    for _ in range(ROWS):
        noise, clean = composition(85, 28, random), composition(568 - 85, 28, random)
        lengths = np.stack([clean, noise], axis=1).reshape(-1)
        theirs.append(np.repeat(np.arange(56) % 2 == 1, lengths))
    both = [ours, np.stack(theirs)]
    assert_same_law(*(binned(np.argmax(mask, axis=1), 60) for mask in both))
    # Neighbours that are both noise at one place, at another, and at both.
    pairs = [mask[:, 100] * 4 + mask[:, 101] * 2 + mask[:, 300] for mask in both]
    assert_same_law(*(np.bincount(pair, minlength=8) for pair in pairs))
    tails = [mask[:, -284:].sum(axis=1) for mask in both]
    assert_same_law(*(np.bincount(tail, minlength=86) for tail in tails))


def words_of(rows, source, starts):
    """For each row of one stretch behind one framing token: where its words begin."""
    bounds = []
    for ((document, offset, length),) in source.pieces(rows):
        begins = starts[document][offset : offset + length].astype(bool).copy()
        begins[0] = True
        bounds.append(np.append(np.flatnonzero(begins), length))
    return bounds


def runs(chosen):
    """Lengths of stretches of neighbours that are chosen."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(int), [0]])))
    return edges[1::2] - edges[::2]


def albert(bounds, budget, random, most=3):
    """N-grams of words in random order, shortened to what is left, no word twice."""
    words = len(bounds) - 1
    sizes = np.diff(bounds)
    weights = 1 / np.arange(1, most + 1)
    taken, left = np.zeros(words, bool), budget
    for word in random.permutation(words):
        if left <= 0 or taken[word]:
            continue
        count = min(random.choice(most, p=weights / weights.sum()) + 1, words - word)
        while count and sizes[word : word + count].sum() > left:
            count -= 1
        if count and not taken[word : word + count].any():
            taken[word : word + count] = True
            left -= sizes[word : word + count].sum()
    return taken


def spanbert(bounds, budget, random):
    """Spans of words of geometric length from anchors that are free, until the budget is met."""
    length = bounds[-1]
    weights = 0.8 ** np.arange(10)
    chosen = np.zeros(length, bool)
    while chosen.sum() < budget:
        words = random.choice(10, p=weights / weights.sum()) + 1
        anchor = random.integers(length)
        if chosen[anchor]:
            continue
        word = np.searchsorted(bounds, anchor, side="right") - 1
        for token in range(bounds[word], bounds[min(word + words, len(bounds) - 1)]):
            if chosen.sum() < budget:
                chosen[token] = True
    return chosen


def labelled(rows, source):
    """For each row which tokens of its text have a label."""
    labels = matrix(rows, "labels")
    lengths = [length for ((_, _, length),) in source.pieces(rows)]
    return [row[1 : length + 1] != IGNORED for row, length in zip(labels, lengths)]


def test_ngrams_are_those_of_albert(draw, source, real_tokens, random):
    rows, _ = draw("mlm", "masking=ngram", "length=128")
    bounds = words_of(rows, source, word_starts(real_tokens))
    first = [], []
    total = [], []
    for chosen, bound in zip(labelled(rows, source), bounds):
        budget = max(1, round(0.15 * int(bound[-1])))
        ours = np.add.reduceat(chosen, bound[:-1]) > 0
        for index, words in enumerate((ours, albert(bound, budget, random))):
            found = runs(words)
            total[index].append(words.sum())
            # One run a row: those of a row go together.
            if len(found):
                first[index].append(found[len(found) // 2])
    assert_same_law(*(binned(np.array(values), 40) for values in total))
    assert_same_law(*(binned(np.array(values), 8) for values in first))


def test_spans_are_those_of_spanbert(draw, source, real_tokens, random):
    rows, _ = draw("mlm", "length=128", preset="spanbert")
    bounds = words_of(rows, source, word_starts(real_tokens))
    counts, longest = ([], []), ([], [])
    for chosen, bound in zip(labelled(rows, source), bounds):
        budget = int(np.ceil(0.15 * (bound[-1])))
        theirs = spanbert(bound, budget, random)
        assert chosen.sum() == theirs.sum() == budget
        for index, picked in enumerate((chosen, theirs)):
            counts[index].append(len(runs(picked)))
            longest[index].append(runs(picked).max())
    assert_same_law(*(binned(np.array(values), 20) for values in counts))
    assert_same_law(*(binned(np.array(values), 30) for values in longest))


def test_counts_are_rounded_as_roberta_does(draw, random):
    rows, _ = draw("mlm", preset="roberta")
    labels, mask = matrix(rows, "labels"), matrix(rows, "attention_mask")
    sizes = mask.sum(axis=1)
    ours = (labels != IGNORED).sum(axis=1)
    # The published rate counts the framing tokens, which prep does not select.
    theirs = np.floor(0.15 * sizes + random.random(len(sizes))).astype(int)
    assert set((ours - np.floor(0.15 * sizes)).tolist()) <= {0, 1}
    assert_same_law(*(np.bincount(n - np.floor(0.15 * sizes).astype(int), minlength=2) for n in (ours, theirs)))


def test_positions_are_drawn_with_replacement_as_in_electra(draw, random):
    rows, facts = draw("rtd", preset="electra")
    labels, mask = matrix(rows, "labels"), matrix(rows, "attention_mask")
    ours = (labels != IGNORED).sum(axis=1)
    theirs = [
        len(set(random.integers(0, size - 2, max(1, min(19, round(0.15 * int(size))))).tolist()))
        for size in mask.sum(axis=1)
    ]
    assert_same_law(np.bincount(ours, minlength=20), np.bincount(theirs, minlength=20))


def fairseq(length, random, rate=0.3, mean=3.5):
    """Text infilling over tokens: spans from starts without replacement, running into each other
    or over the end, then insertions; gives the number of masks and of tokens that stay."""
    budget = int(np.ceil(rate * length))
    lengths = []
    while sum(lengths) < budget:
        lengths.append(min(random.poisson(mean), budget - sum(lengths)))
    spans = [n for n in lengths if n]
    covered = np.zeros(length, bool)
    masks = 0
    reach = -1
    for start, span in zip(np.sort(random.choice(length, len(spans), replace=False)), random.permutation(spans)):
        if start > reach:
            masks += 1
        covered[start : start + span] = True
        reach = max(reach, start + span - 1)
    return masks + len(lengths) - len(spans), length - covered.sum()


def test_overlapping_spans_are_those_of_fairseq(draw, random):
    settings = ["unit=tokens", "placement=overlap", "rounding=up", "poisson_mean=3.5"]
    rows, facts = draw("text-infilling", *settings)
    roles = facts["tokenizer"]["roles"]
    inputs, labels = matrix(rows, "input_ids"), matrix(rows, "labels")
    size = (labels != IGNORED).sum(axis=1) - 2
    long = size >= 300
    found = (inputs == roles["mask"]).sum(axis=1)[long]
    framing = [roles[name] for name in ("bos", "eos", "pad", "mask")]
    stayed = (~np.isin(inputs, framing)).sum(axis=1)[long]
    theirs = np.array([fairseq(int(n), random) for n in size[long]])
    assert long.sum() > 500
    for ours, other in ((found, theirs[:, 0]), (stayed, theirs[:, 1])):
        # The same rows: by how far each is from what is usual at its length.
        scale = size[long]
        bins = [np.clip(((n / scale) * 200).astype(int), 0, 199) for n in (ours, other)]
        assert_same_law(*(np.bincount(b, minlength=200) for b in bins))


def test_middles_are_cut_as_in_the_paper(draw, source, real_tokens, random):
    rows, facts = draw("fim", "length=512")
    roles = facts["tokenizer"]["roles"]
    path = real_tokens / "tokenizer.json"
    names = {i: t for t, i in json.loads(path.read_bytes())["model"]["vocab"].items()}

    def text(ids):
        data = bytes(byte_of(c) for token in ids for c in names[int(token)])
        return data.decode("utf-8", errors="surrogateescape")

    pre, suf, mid, eos = (roles[n] for n in ("fim-prefix", "fim-suffix", "fim-middle", "eos"))
    cuts, drawn = [], []
    rearranged = suffix_first = 0
    for row, mask in zip(matrix(rows, "input_ids"), matrix(rows, "attention_mask")):
        row = row[mask == 1]
        starts = np.flatnonzero(row == pre)
        for start in starts:
            end = start + int(np.argmax(row[start:] == eos))
            part = row[start:end]
            rearranged += 1
            suffix_first += part[1] == suf
        if not len(starts):
            continue
        # One fragment a row.
        start = starts[0]
        part = row[start : start + int(np.argmax(row[start:] == eos))]
        a, b = (int(np.argmax(part == token)) for token in (suf, mid))
        if part[1] == suf:
            continue
        prefix, suffix, middle = (len(text(x)) for x in (part[1:a], part[a + 1 : b], part[b + 1 :]))
        total = prefix + middle + suffix
        if total >= 200:
            cuts.append((prefix / total, (prefix + middle) / total))
            low, high = np.sort(random.integers(0, total + 1, 2))
            drawn.append((low / total, high / total))
    cuts, drawn = np.array(cuts), np.array(drawn)
    assert len(cuts) > 300
    for index in (0, 1):
        bins = [np.minimum((x[:, index] * 20).astype(int), 19) for x in (cuts, drawn)]
        assert_same_law(*(np.bincount(b, minlength=20) for b in bins))
    assert_law(
        [suffix_first, rearranged - suffix_first], np.array([0.5, 0.5]) * rearranged
    )
    counts = facts["counts"]
    assert rearranged == counts["rearranged_fragments"]


def xlnet(bounds, budget, random, context=6, most=5):
    """N-grams of words from left to right, each with context × n words around it; single tokens make
    up what is missing at the end."""
    words = len(bounds) - 1
    weights = 1 / np.arange(1, most + 1)
    chosen, at = np.zeros(bounds[-1], bool), 0
    while at < words and chosen.sum() < budget:
        count = random.choice(most, p=weights / weights.sum()) + 1
        begin = at + random.integers(0, context * count)
        at += context * count + count
        if begin + count > words:
            break
        span = slice(bounds[begin], bounds[min(begin + count, words)])
        if chosen.sum() + span.stop - span.start <= budget:
            chosen[span] = True
    free = np.flatnonzero(~chosen)
    chosen[random.choice(free, budget - chosen.sum(), replace=False)] = True
    return chosen


def test_targets_are_those_of_xlnet(draw, source, real_tokens, random):
    rows, _ = draw("plm", "length=256")
    bounds = words_of(rows, source, word_starts(real_tokens))
    firsts, counts = ([], []), ([], [])
    for row, bound in zip(matrix(rows, "target"), bounds):
        budget = max(1, round(int(bound[-1]) / 6))
        ours = row[: bound[-1]] == 1
        assert ours.sum() == budget
        for index, chosen in enumerate((ours, xlnet(bound, budget, random))):
            words = np.add.reduceat(chosen, bound[:-1]) > 0
            firsts[index].append(runs(words)[0])
            counts[index].append(words.sum())
    assert_same_law(*(binned(np.array(values), 8) for values in firsts))
    assert_same_law(*(binned(np.array(values), 60) for values in counts))
