# SPDX-License-Identifier: Apache-2.0
"""Examples, checked row by row in numpy against the tokens that they name as their source."""

import json
from collections import defaultdict

import numpy as np
import pytest
from conftest import FULL, manifest, table

IGNORED = -100


def lists(column):
    """A list column as one flat array and the bounds of its rows."""
    column = column.combine_chunks()
    flat = column.flatten().to_numpy(zero_copy_only=False)
    lengths = column.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64)
    return flat, np.concatenate([[0], np.cumsum(lengths)])


def matrix(rows, name):
    flat, bounds = lists(rows[name])
    return flat.reshape(len(bounds) - 1, -1).astype(np.int64)


class Source:
    """The tokens of a dataset by document, and the stretches that examples name."""

    def __init__(self, directory):
        rows = table(directory)
        self.ids = rows["id"].to_pylist()
        flat, bounds = lists(rows["input_ids"])
        pairs = zip(self.ids, bounds, bounds[1:])
        self.tokens = {name: flat[a:b].astype(np.int64) for name, a, b in pairs}
        assert len(self.tokens) == len(self.ids), "ids name documents"
        flat, bounds = lists(rows["sentence_starts"])
        self.sentences = {n: flat[a:b] for n, a, b in zip(self.ids, bounds, bounds[1:])}
        facts = manifest(directory)["tokenizer"]
        self.roles = facts["roles"]
        self.sentinels = facts["sentinels"]
        self.special = np.zeros(facts["vocabulary_size"], bool)
        named = json.loads((directory / "tokenizer.json").read_bytes())["added_tokens"]
        self.special[[token["id"] for token in named]] = True

    def pieces(self, rows):
        """For each row its stretches: document, offset, length."""
        names = ("source_document", "source_offset", "source_length")
        columns = [rows[name].to_pylist() for name in names]
        return [list(zip(*row, strict=True)) for row in zip(*columns, strict=True)]

    def stretch(self, document, offset, length):
        found = self.tokens[document][offset : offset + length]
        assert len(found) == length
        return found


@pytest.fixture(scope="module")
def source(real_tokens):
    return Source(real_tokens)


def build(prep, tokens, parent, *options):
    prep("build", tokens, *options, "-o", parent / "built")
    prep("validate", parent / "built")
    return table(parent / "built"), manifest(parent / "built")


def served(source, pieces):
    """How often each token was served, by document."""
    counts = {name: np.zeros(len(tokens), np.int64) for name, tokens in source.tokens.items()}
    for row in pieces:
        for document, offset, length in row:
            assert offset + length <= len(counts[document])
            counts[document][offset : offset + length] += 1
    return counts


def close_to(count, trials, share):
    return abs(count / trials - share) < 4.5 * (share * (1 - share) / trials) ** 0.5


# t5-span


def spans(row, sentinels):
    """Stretches of a row after each sentinel, in the order of the sentinels."""
    places = np.flatnonzero(row > sentinels[0] - 256)
    expected = sentinels[: len(places)]
    assert row[places].tolist() == expected, "sentinels count down from the first"
    return np.split(row, places)[0], [s[1:] for s in np.split(row, places)[1:]]


@pytest.fixture(scope="module")
def t5(prep, real_tokens, tmp_path_factory):
    return build(prep, real_tokens, tmp_path_factory.mktemp("t5"), "--objective", "t5-span")


def test_t5_has_the_published_lengths(source, t5):
    rows, facts = t5
    inputs, labels = matrix(rows, "input_ids"), matrix(rows, "labels")
    assert inputs.shape[1] == 512 and labels.shape[1] == 114
    assert facts["objective"]["facts"]["tokens_length"] == 568
    assert facts["objective"]["facts"]["spans"] == 28
    sentinels = np.isin(inputs, source.sentinels)
    assert (sentinels.sum(axis=1) == 28).all()
    assert (np.isin(labels, source.sentinels).sum(axis=1) == 28).all()
    eos = source.roles["eos"]
    assert (inputs[:, -1] == eos).all() and (labels[:, -1] == eos).all()
    assert (labels != IGNORED).all()
    # 85 noise tokens of 568, in 28 spans; the first token is never noise, the last always is.
    assert not sentinels[:, 0].any() and sentinels[:, -2].all()
    assert len(rows) == (sum(map(len, source.tokens.values())) // 568)


def test_t5_restores_the_source_exactly(source, t5):
    rows, facts = t5
    inputs, labels = matrix(rows, "input_ids"), matrix(rows, "labels")
    pieces = source.pieces(rows)
    lengths = []
    for row, targets, stretches in zip(inputs, labels, pieces):
        kept, gaps = spans(row[:-1], source.sentinels)
        nothing, noise = spans(targets[:-1], source.sentinels)
        assert len(nothing) == 0 and len(noise) == len(gaps) == 28
        whole = [kept]
        for span, gap in zip(noise, gaps):
            assert len(span) > 0
            whole += [span, gap]
        lengths += map(len, noise)
        original = np.concatenate([source.stretch(*piece) for piece in stretches])
        assert np.array_equal(np.concatenate(whole), original)
        assert not source.special[original].any()
    assert sum(lengths) == 85 * len(rows)
    assert np.mean(lengths) == pytest.approx(85 / 28)
    # A uniform composition of 85 into 28 parts: a part is 1 with probability 27 / 84.
    assert close_to(lengths.count(1), len(lengths), 27 / 84)
    counts = served(source, pieces)
    assert max(count.max() for count in counts.values() if len(count)) == 1
    dropped = sum(int((count == 0).sum()) for count in counts.values())
    assert dropped == facts["counts"]["dropped_tokens_tail"] < 568


# mlm


def masked(source, rows, rate=0.15):
    """Checks every row of a masked dataset and returns how many were masked, changed and kept."""
    inputs, labels = matrix(rows, "input_ids"), matrix(rows, "labels")
    attention = matrix(rows, "attention_mask").astype(bool)
    chosen = labels != IGNORED
    restored = np.where(chosen, labels, inputs)
    candidates = attention & ~source.special[restored]
    assert not (chosen & ~candidates).any(), "framing and padding are never chosen"
    assert (inputs[~attention] == source.roles["pad"]).all()
    expected = [max(1, round(rate * int(n))) for n in candidates.sum(axis=1)]
    assert chosen.sum(axis=1).tolist() == expected
    for row, content, stretches in zip(restored, candidates, source.pieces(rows)):
        original = np.concatenate([source.stretch(*piece) for piece in stretches])
        assert np.array_equal(row[content], original)
    mask = chosen & (inputs == source.roles["mask"])
    kept = chosen & (inputs == labels)
    changed = chosen & ~mask & ~kept
    assert not source.special[inputs[changed]].any(), "random tokens are ordinary ones"
    return chosen, mask, changed, kept, candidates


def check_shares(chosen, mask, changed, kept):
    total = int(chosen.sum())
    assert total > 100_000
    for part, share in ((mask, 0.8), (changed, 0.1), (kept, 0.1)):
        assert close_to(int(part.sum()), total, share)


@pytest.fixture(scope="module")
def mlm(prep, real_tokens, tmp_path_factory):
    return build(prep, real_tokens, tmp_path_factory.mktemp("mlm"), "--objective", "mlm")


def test_mlm_masks_exactly_and_by_80_10_10(source, mlm):
    rows, facts = mlm
    chosen, mask, changed, kept, candidates = masked(source, rows)
    check_shares(chosen, mask, changed, kept)
    assert int(chosen.sum()) == facts["counts"]["loss_tokens"]
    # Every place in a full row is as likely as any other.
    full = candidates.sum(axis=1) == candidates.shape[1] - 2
    by_place = chosen[full][:, 1:-1].sum(axis=0)
    spread = 4.5 * (full.sum() * 0.15 * 0.85) ** 0.5
    assert np.abs(by_place - by_place.mean()).max() < spread


def test_mlm_replaces_by_any_ordinary_token(source, mlm):
    rows, _ = mlm
    inputs, labels = matrix(rows, "input_ids"), matrix(rows, "labels")
    changed = (labels != IGNORED) & (inputs != labels) & (inputs != source.roles["mask"])
    drawn = np.bincount(inputs[changed], minlength=len(source.special))
    ordinary = drawn[~source.special]
    expected = ordinary.mean()
    assert drawn[source.special].sum() == 0
    # Chi-squared over all ordinary tokens, by its normal approximation.
    statistic = ((ordinary - expected) ** 2).sum() / expected
    freedom = len(ordinary) - 1
    assert abs(statistic - freedom) < 4.5 * (2 * freedom) ** 0.5


def test_mlm_serves_every_token_once(source, mlm):
    rows, _ = mlm
    inputs = matrix(rows, "input_ids")
    assert (inputs[:, 0] == source.roles["cls"]).all()
    assert ((inputs == source.roles["sep"]).sum(axis=1) == 1).all()
    pieces = source.pieces(rows)
    assert all(len({piece[0] for piece in row}) == 1 for row in pieces), "one document a row"
    assert all((count == 1).all() for count in served(source, pieces).values())


# mlm with nsp


@pytest.fixture(scope="module")
def pairs(prep, real_tokens, tmp_path_factory):
    options = ["--objective", "mlm", "--set", "nsp=true"]
    return build(prep, real_tokens, tmp_path_factory.mktemp("nsp"), *options)


def test_pairs_are_masked_like_single_segments(source, pairs):
    chosen, mask, changed, kept, _ = masked(source, pairs[0])
    check_shares(chosen, mask, changed, kept)


def test_pairs_are_laid_out_as_in_bert(source, pairs):
    rows, _ = pairs
    inputs, types = matrix(rows, "input_ids"), matrix(rows, "token_type_ids")
    attention = matrix(rows, "attention_mask")
    for row, kind, mask, stretches in zip(inputs, types, attention, source.pieces(rows)):
        (_, _, first), (_, _, second) = stretches
        assert first > 0 and second > 0
        length = first + second + 3
        assert mask.sum() == length and mask[:length].all()
        assert row[0] == source.roles["cls"]
        assert row[first + 1] == row[length - 1] == source.roles["sep"]
        assert (kind[: first + 2] == 0).all() and (kind[first + 2 : length] == 1).all()


def test_half_of_the_pairs_are_random(source, pairs):
    rows, _ = pairs
    random = np.array(rows["next_sentence_label"].to_pylist(), bool)
    assert close_to(int(random.sum()), len(random), 0.5)
    for label, (first, second) in zip(random, source.pieces(rows)):
        if label:
            assert first[0] != second[0], "from another document"
        else:
            assert first[0] == second[0] and first[1] + first[2] == second[1], "what follows"


def test_every_sentence_of_a_pair_is_served_once(source, pairs):
    rows, facts = pairs
    counts = served(source, source.pieces(rows))
    assert max(count.max() for count in counts.values() if len(count)) == 1
    missing = {name: int((count == 0).sum()) for name, count in counts.items()}
    short = [name for name, starts in source.sentences.items() if len(starts) < 2]
    for name in short:
        assert missing.pop(name) == len(source.tokens[name])
    dropped = facts["counts"]
    assert len(short) == dropped.get("dropped_documents_one_sentence_document", 0)
    truncated = dropped.get("dropped_tokens_truncation", 0)
    assert sum(missing.values()) == truncated < 0.0001 * dropped["source_tokens"]


def test_segments_begin_where_sentences_do(source, pairs):
    rows, facts = pairs
    starts = {name: set(found.tolist()) for name, found in source.sentences.items()}
    begin = [offset in starts[name] for row in source.pieces(rows) for name, offset, _ in row]
    assert begin.count(False) <= facts["counts"]["cut_sentences"] * 4
    assert begin.count(False) < 0.02 * len(begin)


class Probe:
    """What lengths alone could tell: logistic regression on powers, and a tree of thresholds."""

    def __init__(self, first, second):
        first, second = np.asarray(first, float), np.asarray(second, float)
        total = first + second
        self.features = np.stack(
            [first, second, total, abs(first - second), first - second, first / total], axis=1
        )

    def logistic(self, labels, train):
        x = (self.features - self.features[train].mean(0)) / (self.features[train].std(0) + 1e-9)
        x = np.concatenate([np.ones((len(x), 1)), x, x**2, x[:, :1] * x[:, 1:2]], axis=1)
        weights = np.zeros(x.shape[1])
        for _ in range(30):
            p = 1 / (1 + np.exp(-np.clip(x[train] @ weights, -30, 30)))
            curvature = (x[train] * (p * (1 - p))[:, None]).T @ x[train] + np.eye(x.shape[1])
            weights += np.linalg.solve(curvature, x[train].T @ (labels[train] - p) - weights)
        return ((x @ weights > 0) == labels)[~train].mean()

    def tree(self, labels, train, depth=5):
        prediction = np.zeros(len(labels), bool)

        def grow(inside, depth):
            learn = inside & train
            prediction[inside] = labels[learn].mean() > 0.5 if learn.any() else False
            if depth == 0 or learn.sum() < 100:
                return
            best = None
            for column in self.features.T:
                order = np.argsort(column[learn], kind="stable")
                value, ones = column[learn][order], np.cumsum(labels[learn][order])
                left = np.arange(1, len(value))
                a, b = ones[:-1], ones[-1] - ones[:-1]
                right = len(value) - left
                impurity = a * (left - a) / left + b * (right - b) / right
                impurity[value[1:] == value[:-1]] = np.inf
                k = int(impurity.argmin())
                if np.isfinite(impurity[k]) and (best is None or impurity[k] < best[0]):
                    best = (impurity[k], column <= value[k])
            if best is not None:
                grow(inside & best[1], depth - 1)
                grow(inside & ~best[1], depth - 1)

        grow(np.ones(len(labels), bool), depth)
        return (prediction == labels)[~train].mean()


def probed(source, rows):
    """How often each probe is right on the documents that it was not trained on."""
    pieces = source.pieces(rows)
    labels = np.array(rows["next_sentence_label"].to_pylist(), bool)
    half = {name: index % 2 == 0 for index, name in enumerate(source.ids)}
    train = np.array([half[first[0]] for first, _ in pieces])
    probe = Probe([first[2] for first, _ in pieces], [second[2] for _, second in pieces])
    return {"logistic": probe.logistic(labels, train), "tree": probe.tree(labels, train)}


@pytest.mark.parametrize("length", [512, 128])
def test_lengths_alone_do_not_tell_the_label(prep, source, real_tokens, pairs, length, tmp_path):
    rows = pairs[0]
    if length != 512:
        options = ["--objective", "mlm", "--set", "nsp=true", "--set", f"length={length}"]
        rows, _ = build(prep, real_tokens, tmp_path, *options)
    found = probed(source, rows)
    print(found)
    assert len(rows) > 20_000
    assert max(found.values()) < 0.55, found


def test_the_probe_would_notice(prep, source, real_tokens, tmp_path):
    """The published put-back does leak: its random halves fill the row, its true ones may not."""
    options = ["--objective", "mlm", "--set", "preset=bert", "--set", "length=512"]
    prep("build", real_tokens, *options, "-o", tmp_path / "built")
    found = probed(source, table(tmp_path / "built"))
    print(found)
    assert max(found.values()) > 0.55, found


# clm


def test_clm_windows_concatenate_to_the_documents(prep, source, real_tokens, tmp_path):
    rows, facts = build(prep, real_tokens, tmp_path, "--objective", "clm")
    inputs = matrix(rows, "input_ids")
    attention = matrix(rows, "attention_mask").astype(bool)
    assert inputs.shape[1] == 1024
    assert attention[:-1].all(), "only the last window of a unit is short"
    stream = inputs[attention]
    eos = source.roles["eos"]
    ends = np.flatnonzero(stream == eos)
    assert ends[-1] == len(stream) - 1
    found = defaultdict(int)
    for start, end in zip([0, *(ends[:-1] + 1)], ends):
        found[stream[start:end].tobytes()] += 1
    expected = defaultdict(int)
    for tokens in source.tokens.values():
        expected[tokens.tobytes()] += 1
    assert found == expected
    counts = served(source, source.pieces(rows))
    assert all((count == 1).all() for count in counts.values())


def test_clm_keeps_the_order_of_the_corpus_on_request(prep, source, real_tokens, tmp_path):
    options = ["--objective", "clm", "--set", "document_order=corpus", "--set", "length=512"]
    rows, _ = build(prep, real_tokens, tmp_path, *options)
    stream = matrix(rows, "input_ids")[matrix(rows, "attention_mask").astype(bool)]
    eos = [source.roles["eos"]]
    parts = [part for name in source.ids for part in (source.tokens[name], eos)]
    assert np.array_equal(stream, np.concatenate(parts))


def test_clm_shuffles_documents_by_default(prep, source, real_tokens, tmp_path):
    rows, _ = build(prep, real_tokens, tmp_path, "--objective", "clm", "--set", "length=512")
    seen = [piece[0] for row in source.pieces(rows) for piece in row]
    order = list(dict.fromkeys(seen))
    place = {name: index for index, name in enumerate(source.ids)}
    moves = [place[b] - place[a] for a, b in zip(order, order[1:])]
    assert abs(moves.count(1)) < 20 and order != source.ids


@pytest.mark.skipif(not FULL, reason="PREP_FULL=1 checks every row of other settings as well")
@pytest.mark.parametrize("length", [64, 128, 256, 1024])
@pytest.mark.parametrize("seed", [0, 1, 2**63])
def test_mlm_is_exact_at_other_lengths(prep, source, real_tokens, length, seed, tmp_path):
    options = ["--objective", "mlm", "--set", f"length={length}", "--seed", seed]
    rows, _ = build(prep, real_tokens, tmp_path, *options)
    chosen, mask, changed, kept, _ = masked(source, rows)
    check_shares(chosen, mask, changed, kept)
