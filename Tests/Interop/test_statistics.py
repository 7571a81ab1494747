# SPDX-License-Identifier: Apache-2.0
"""The laws that examples are drawn by, measured on real text against closed forms and peers.

Every bound is for what is drawn independently: a row, one span a row, a word; never for the tokens
of one draw, which go together. A test compares at a false-alarm rate of ALARM, shared among its
comparisons. Seeds are fixed: a test that passes keeps passing until the draws change."""

import unicodedata
from itertools import permutations
from math import comb, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from objective_catalogue import options
from conftest import FULL, manifest, read_jsonl, table, write_jsonl
from test_objectives import IGNORED, Source, lists, matrix
from tokenizers import Tokenizer

ALARM = 1e-6
ROWS = 20_000 if FULL else 4_000


def limit(comparisons=1):
    """How many standard deviations are too many, in either direction."""
    return NormalDist().inv_cdf(1 - ALARM / 2 / comparisons)


def assert_share(count, trials, share, comparisons=1):
    deviation = (count / trials - share) / sqrt(share * (1 - share) / trials)
    assert abs(deviation) < limit(comparisons), (count / trials, share, deviation)


def excess(statistic, freedom):
    """A chi-squared statistic in standard deviations (Wilson and Hilferty)."""
    return ((statistic / freedom) ** (1 / 3) - 1 + 2 / (9 * freedom)) / sqrt(2 / (9 * freedom))


def assert_law(observed, expected, comparisons=1):
    """Chi-squared; bins that are hardly ever hit are joined with their neighbours."""
    bins, at = [], [0.0, 0.0]
    for pair in zip(observed, expected, strict=True):
        at = [a + b for a, b in zip(at, pair)]
        if at[1] >= 10:
            bins.append(at)
            at = [0.0, 0.0]
    bins[-1] = [a + b for a, b in zip(bins[-1], at)]
    found, law = np.array(bins).T
    assert np.isclose(found.sum(), law.sum()) and len(found) > 1
    found_excess = excess(((found - law) ** 2 / law).sum(), len(found) - 1)
    assert found_excess < limit(comparisons), (found_excess, found, law)


def assert_same_law(first, second):
    """Two samples, each of independent draws, in the same bins."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    both = first + second
    kept = both >= 10
    first, second = (np.append(x[kept], x[~kept].sum()) for x in (first, second))
    both = first + second
    first, second, both = (x[both > 0] for x in (first, second, both))
    shares = [both * x.sum() / both.sum() for x in (first, second)]
    statistic = sum(((x - y) ** 2 / y).sum() for x, y in zip((first, second), shares))
    assert len(both) > 1
    assert excess(statistic, len(both) - 1) < limit(), (first, second)


@pytest.fixture(scope="module")
def source(real_tokens):
    return Source(real_tokens)


@pytest.fixture
def draw(prep, real_tokens, tmp_path):
    """Builds an objective from real text; gives its rows and its manifest."""

    def build(name, *settings, preset=None, rows=ROWS, tokens=real_tokens):
        built = tmp_path / "built"
        few = ["--limit", rows] if rows else []
        prep("build", tokens, *options(name, preset, *settings), *few, "-o", built, "--overwrite")
        return table(built), manifest(built)

    return build


def text_of(row, framing):
    """What stands between the framing tokens of a row."""
    return row[~np.isin(row, framing)]


# Span corruption


def part_law(total, parts):
    """P(a part is k), k from 1, of a uniform composition of a number into positive parts."""
    every = comb(total - 1, parts - 1)
    return np.array([comb(total - k - 1, parts - 2) / every for k in range(1, total - parts + 2)])


def sum_law(total, parts, first):
    """P(the first parts sum to m), m from 0."""
    law = np.zeros(total + 1)
    if first in (0, parts):
        law[total if first else 0] = 1
        return law
    every = comb(total - 1, parts - 1)
    for m in range(first, total - parts + first + 1):
        law[m] = comb(m - 1, first - 1) * comb(total - m - 1, parts - first - 1) / every
    return law


def noise_law(length, noise, spans):
    """P(position p is noise) where both compositions are uniform and the clean one begins."""
    law = np.zeros(length)
    for j in range(1, spans + 1):
        clean = sum_law(length - noise, spans, j)
        begins = np.cumsum(np.convolve(clean, sum_law(noise, spans, j - 1)))
        ends = np.cumsum(np.convolve(clean, sum_law(noise, spans, j)))
        law += (begins - ends)[:length]
    return law


def noise_mask(row, target, sentinels, eos):
    """Which tokens of the source are noise, from a row and its target; checks the sentinels."""
    row, target = row[: int(np.argmax(row == eos))], target[: int(np.argmax(target == eos))]
    is_sentinel, marks = np.isin(row, sentinels), np.flatnonzero(np.isin(target, sentinels))
    count = len(marks)
    assert row[is_sentinel].tolist() == sentinels[:count], "in order, each once"
    assert target[marks].tolist() == sentinels[:count]
    assert count == 0 or marks[0] == 0
    lengths = np.diff(np.append(marks, len(target))) - 1
    assert (lengths > 0).all()
    times = np.ones(len(row), int)
    times[is_sentinel] = lengths
    return np.repeat(is_sentinel, times), lengths


def masks(rows, facts):
    inputs, labels = matrix(rows, "input_ids"), matrix(rows, "labels")
    sentinels, eos = facts["tokenizer"]["sentinels"], facts["tokenizer"]["roles"]["eos"]
    return [noise_mask(*pair, sentinels, eos) for pair in zip(inputs, labels)]


def test_t5_spans_and_positions_have_the_closed_forms(draw):
    rows, facts = draw("t5-span")
    found = masks(rows, facts)
    noise = np.stack([mask for mask, _ in found])
    lengths = np.stack([spans for _, spans in found])
    assert noise.shape == (ROWS, 568) and lengths.shape == (ROWS, 28)
    assert (noise.sum(axis=1) == 85).all()
    # The spans of a row make up 85 together; one a row, each place in turn, is independent.
    one = lengths[np.arange(ROWS), np.arange(ROWS) % 28]
    law = part_law(85, 28)
    assert_law(np.bincount(one, minlength=len(law) + 1)[1:], law * ROWS, 3)
    assert law[:2] == pytest.approx([0.3214, 0.2207], abs=1e-4)
    clean = np.argmax(noise, axis=1)
    law = part_law(483, 28)
    assert_law(np.bincount(clean, minlength=len(law) + 1)[1:], law * ROWS, 3)
    expected = noise_law(568, 85, 28)
    assert expected.sum() == pytest.approx(85) and expected[-1] == pytest.approx(1)
    assert not noise[:, 0].any() and noise[:, -1].all()
    inner = slice(1, -1)
    spread = np.sqrt(expected * (1 - expected) / ROWS)[inner]
    deviations = (noise.mean(axis=0) - expected)[inner] / spread
    assert np.abs(deviations).max() < limit(3 * len(deviations))


def test_rolled_noise_is_equally_likely_everywhere(draw):
    rows, facts = draw("t5-span", "roll=true")
    noise = np.stack([mask for mask, _ in masks(rows, facts)])
    count, length = set(noise.sum(axis=1).tolist()), noise.shape[1]
    assert len(count) == 1
    for place in range(length):
        assert_share(noise[:, place].sum(), len(noise), count.copy().pop() / length, length)


def test_independent_noise_is_independent(draw):
    rows, facts = draw("t5-iid", "tail=drop")
    noise = np.stack([mask for mask, _ in masks(rows, facts)])
    assert noise.shape[1] == 511
    assert_share(noise.sum(), noise.size, 0.15, 514)
    for place in range(511):
        assert_share(noise[:, place].sum(), len(noise), 0.15, 514)
    # Neighbours: every other pair, so that no token is in two.
    both = noise[:, 0:510:2] & noise[:, 1:511:2]
    assert_share(both.sum(), both.size, 0.15**2, 514)


SHARES = {None: [1 / 7] * 7, "ul2r": [0.25, 0, 0.125, 0, 0.125, 0, 0.5]}
MODES = ["nlu", "nlu", "nlg", "nlg", "nlg", "nlg", "s2s"]


@pytest.mark.parametrize("preset", SHARES)
def test_denoisers_are_drawn_by_their_weights(draw, preset):
    rows, facts = draw("ul2", preset=preset)
    task = np.array(rows["task"].to_pylist())
    found = np.bincount(task, minlength=7)
    law = np.array(SHARES[preset]) * len(rows)
    assert (found[law == 0] == 0).all()
    assert_law(found[law > 0], law[law > 0], 2)
    roles = facts["tokenizer"]["roles"]
    inputs = matrix(rows, "input_ids")
    assert inputs[:, 0].tolist() == [roles[MODES[kind]] for kind in task]
    sentinels = np.isin(inputs, facts["tokenizer"]["sentinels"]).sum(axis=1)
    assert (sentinels[task == 6] == 0).all()
    if preset is None:
        for kind, spans in enumerate([28, 11, 127, 57, 1, 8]):
            assert (sentinels[task == kind] == spans).all(), kind
        # S divides 510 tokens anywhere.
        rest = (matrix(rows, "labels")[task == 6] != IGNORED).sum(axis=1) - 1
        assert rest.min() >= 1 and rest.max() <= 509
        assert_law(np.bincount((rest - 1) * 10 // 509, minlength=10), bins(509, 10, len(rest)), 2)


def bins(size, count, total):
    """How often each of some bins is expected to be hit by a uniform draw from 0..<size."""
    return np.bincount(np.arange(size) * count // size, minlength=count) * total / size


def test_a_prefix_ends_anywhere_in_the_second_half(draw):
    rows, _ = draw("prefix-lm", "noise_density=0.25", "windows=stream", "tail=drop")
    rest = (matrix(rows, "labels") != IGNORED).sum(axis=1) - 1
    prefix = matrix(rows, "attention_mask").sum(axis=1) - 1
    assert (prefix + rest == 511).all()
    # From round-half-even(510 / 2) to 510.
    assert prefix.min() >= 255 and prefix.max() <= 510
    size = 256
    assert_law(np.bincount((prefix - 255) * 16 // size, minlength=16), bins(size, 16, len(prefix)))


# Texts and their noise


def test_every_permutation_of_sentences_is_as_likely(draw, source):
    rows, facts = draw("sentence-permutation", "length=96", rows=5 * ROWS)
    roles = facts["tokenizer"]["roles"]
    framing = [roles["bos"], roles["eos"], roles["pad"], IGNORED]
    seen = {count: dict.fromkeys(permutations(range(count)), 0) for count in (2, 3, 4)}
    inputs, labels = matrix(rows, "input_ids"), matrix(rows, "labels")
    for row, target, stretches in zip(inputs, labels, source.pieces(rows)):
        ((document, offset, length),) = stretches
        starts = source.sentences[document].astype(int)
        inside = starts[(starts > offset) & (starts < offset + length)] - offset
        target = text_of(target, framing)
        assert np.array_equal(target, source.stretch(document, offset, length))
        sentences = [part.tolist() for part in np.split(target, inside)]
        if len(sentences) not in seen:
            continue
        row = text_of(row, framing).tolist()
        orders = [
            order for order in seen[len(sentences)] if sum((sentences[i] for i in order), []) == row
        ]
        assert orders, "the sentences, in some order"
        if len(orders) == 1:  # else two sentences are the same
            seen[len(sentences)][orders[0]] += 1
    for orders in seen.values():
        total = sum(orders.values())
        assert total > 300
        assert_law(list(orders.values()), [total / len(orders)] * len(orders), len(seen))


def test_every_rotation_is_as_likely(draw):
    rows, facts = draw("document-rotation", "length=128")
    roles = facts["tokenizer"]["roles"]
    framing = [roles["bos"], roles["eos"], roles["pad"], IGNORED]
    found, law = np.zeros(16), np.zeros(16)
    for row, target in zip(matrix(rows, "input_ids"), matrix(rows, "labels")):
        row, target = text_of(row, framing), text_of(target, framing)
        places = [
            place
            for place in np.flatnonzero(target == row[0])
            if np.array_equal(np.roll(target, -place), row)
        ]
        assert places, "the text, begun somewhere else"
        if len(places) == 1 and len(target) >= 16:
            found[places[0] * 16 // len(target)] += 1
            law += bins(len(target), 16, 1)
    assert found.sum() > 0.9 * ROWS
    assert_law(found, law)


def poisson_spans(budget, mean, random):
    """How many spans the definition draws until they sum to the budget."""
    total = count = 0
    while total < budget:
        total += random.poisson(mean)
        count += 1
    return count


@pytest.mark.parametrize("unit", ["words", "tokens"])
def test_infilling_draws_as_many_spans_as_its_definition(draw, source, real_tokens, unit):
    rows, facts = draw("text-infilling", f"unit={unit}")
    roles = facts["tokenizer"]["roles"]
    inputs, labels = matrix(rows, "input_ids"), matrix(rows, "labels")
    found = (inputs == roles["mask"]).sum(axis=1)
    size = (labels != IGNORED).sum(axis=1) - 2
    if unit == "tokens":
        framing = [roles[name] for name in ("bos", "eos", "pad", "mask")]
        removed = size - (~np.isin(inputs, framing)).sum(axis=1)
        assert removed.tolist() == [max(1, round(0.3 * int(n))) for n in size]
    else:
        starts = word_starts(real_tokens)
        size = np.array([words_in(starts, *row[0]) for row in source.pieces(rows)])
    random = np.random.default_rng(1)
    expected = np.array(
        [poisson_spans(max(1, round(0.3 * int(n))), 3.0, random) for n in size]
    )
    # The rows are the same: their differences are independent, and 0 in the mean.
    assert facts["counts"].get("dropped_insertions", 0) < 0.001 * found.sum()
    difference = found - expected
    deviation = difference.mean() / (difference.std() / sqrt(len(rows)))
    assert abs(deviation) < limit(2), deviation
    widths = [x - x.mean() for x in (found - size * 0.1, expected - size * 0.1)]
    assert np.std(widths[0]) == pytest.approx(np.std(widths[1]), rel=limit(2) / sqrt(len(rows)))


def word_starts(directory):
    rows = table(directory)
    flat, bounds = lists(rows["word_starts"])
    return {n: flat[a:b] for n, a, b in zip(rows["id"].to_pylist(), bounds, bounds[1:])}


def words_in(starts, document, offset, length):
    found = starts[document][offset : offset + length].astype(bool)
    return int(found[1:].sum()) + 1


# Encoders


def test_sentence_order_labels_are_fair_and_true(draw, source):
    rows, _ = draw("mlm", "pairs=sop", "length=128")
    swapped = np.array(rows["sentence_order_label"].to_pylist(), bool)
    assert_share(swapped.sum(), len(swapped), 0.5)
    for label, (first, second) in zip(swapped, source.pieces(rows)):
        assert first[0] == second[0]
        assert (first[1] > second[1]) == label
        early, late = (second, first) if label else (first, second)
        assert early[1] + early[2] <= late[1]


def test_diffusion_masks_at_the_rate_that_it_names(draw):
    rows, facts = draw("mdlm", "length=256")
    p = np.array(rows["p_mask"].to_pylist())
    assert p.min() >= 0.001 and p.max() <= 1
    time = (p - 0.001) / 0.999
    found = np.bincount(np.minimum((time * 20).astype(int), 19), minlength=20)
    assert_law(found, [len(p) / 20] * 20, 2)
    masked = (matrix(rows, "labels") != IGNORED).sum(axis=1)
    size = matrix(rows, "attention_mask").sum(axis=1)
    spread = size * p * (1 - p)
    usual = spread > 5
    score = ((masked - size * p) / np.sqrt(spread))[usual]
    assert abs(score.mean()) * sqrt(len(score)) < limit(4)
    variance = 2 + ((1 - 6 * p * (1 - p)) / spread)[usual]
    assert abs((score**2 - 1).sum()) / sqrt(variance.sum()) < limit(4)


def test_targets_come_in_any_order(draw):
    rows, facts = draw("plm")
    target, rank = matrix(rows, "target").astype(bool), matrix(rows, "factorization_rank")
    assert (rank[~target] == 0).all()
    counts = target.sum(axis=1)
    content = ~np.isin(matrix(rows, "input_ids"), special_ids(facts))
    assert counts.tolist() == [max(1, round(int(n) / 6)) for n in content.sum(axis=1)]
    assert (target <= content).all()
    found, law = np.zeros(8), np.zeros(8)
    for places, ranks in zip(target, rank):
        ranks = ranks[places]
        assert np.array_equal(np.sort(ranks), np.arange(1, len(ranks) + 1))
        if len(ranks) >= 8:
            found[(ranks[0] - 1) * 8 // len(ranks)] += 1
            law += bins(len(ranks), 8, 1)
    assert_law(found, law)


def special_ids(facts):
    return [*facts["tokenizer"]["roles"].values(), *facts["tokenizer"]["sentinels"]]


@pytest.mark.parametrize(
    "name, preset, length", [("clm", "best-fit", 2048), ("clm", "best-fit", 1024)]
    + [("mlm", "modernbert", 1024)]
)
def test_best_fit_wastes_less_than_one_percent(draw, source, name, preset, length):
    rows, facts = draw(name, f"length={length}", preset=preset, rows=0)
    counts = facts["counts"]
    filled = int((matrix(rows, "segment_ids") > 0).sum())
    places = len(rows) * length
    assert filled == counts["input_tokens"] and places - filled == counts["input_padding"]
    assert filled / places >= 0.99
    served = sum(map(sum, rows["source_length"].to_pylist()))
    assert served == sum(map(len, source.tokens.values()))


# Words


LANGUAGES = {
    "Japanese": ("multilingual/aozora_ja", None, 24),
    "Thai": ("multilingual/pud_cc-by-sa", "Thai", 1000),
    "German": ("multilingual/pud_cc-by-sa", "German", 1000),
    "code": ("code/code", None, 120),
}


def alone(character):
    """True for characters of scripts without spaces, False for letters of others, else None.

    A combining mark belongs to the character before it."""
    name = unicodedata.name(character, "")
    if unicodedata.category(character).startswith("M"):
        return False
    if name.startswith(("CJK UNIFIED", "HIRAGANA LETTER", "KATAKANA LETTER", "THAI CHARACTER")):
        return True
    if name.startswith(("LATIN", "GREEK", "CYRILLIC", "DIGIT")):
        return False
    return None


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_masked_whole(prep, shared, draw, real_tokenizer, language, tmp_path):
    file, lang, count = LANGUAGES[language]
    records = [
        {"id": record["id"], "text": record["text"][:20_000]}
        for record in read_jsonl(shared(f"{file}.jsonl.zst"))
        if lang in (None, record["lang"])
    ][:count]
    path = write_jsonl(tmp_path / "texts.jsonl", records)
    made = tmp_path / "tokens"
    prep("tokenize", path, "--tokenizer", real_tokenizer, "--sentences", "-o", made)
    starts, tokens = word_starts(made), Source(made)

    # Where words start, by the pre-tokenizer of another implementation and the names of characters.
    peer = Tokenizer.from_file(str(real_tokenizer))
    several = 0
    for record in records:
        found = starts[record["id"]].astype(bool)
        encoded = peer.encode(record["text"], add_special_tokens=False)
        assert encoded.ids == tokens.tokens[record["id"]].tolist()
        before = None
        text = peer.normalizer.normalize_str(record["text"])
        for i, (word, (start, _), token) in enumerate(
            zip(encoded.word_ids, encoded.offsets, encoded.tokens)
        ):
            inside = byte_of(token) & 0xC0 == 0x80
            if word != before:
                assert found[i], "a pre-token starts a word"
            elif inside:
                assert not found[i], "no word starts inside a character"
            elif start < len(text) and alone(text[start]) is not None:
                assert found[i] == alone(text[start]), (text[start], token)
                several += 1
            before = word
    assert several > 300

    settings = ["masking=whole-word", "packing=document", "length=128"]
    rows, facts = draw("mlm", *settings, rows=0, tokens=made)
    inputs, labels = matrix(rows, "input_ids"), matrix(rows, "labels")
    fates = np.zeros(3, int)
    longer = 0
    mask = facts["tokenizer"]["roles"]["mask"]
    for row, target, stretches in zip(inputs, labels, tokens.pieces(rows)):
        ((document, offset, length),) = stretches
        begins = starts[document][offset : offset + length].astype(bool)
        begins[0] = True
        kinds = np.where(row == mask, 0, np.where(row == target, 2, 1))
        kinds = np.where(target == IGNORED, -1, kinds)[1 : length + 1]
        word = np.cumsum(begins) - 1
        first = kinds[begins]
        assert np.array_equal(kinds, first[word]), "one draw for all of a word"
        fates += np.bincount(first[first >= 0], minlength=3)
        longer += int((np.bincount(word)[first >= 0] > 1).sum())
        assert (target != IGNORED).sum() <= max(1, round(0.15 * length))
    assert longer > 50
    assert_law(fates, fates.sum() * np.array([0.8, 0.1, 0.1]))


def byte_of(token):
    """The first byte of a token in the alphabet of byte-level BPE."""
    character = ord(token[0])
    if character < 256:
        return character
    shifted = [b for b in range(256) if not (33 <= b <= 126 or 161 <= b <= 172 or 174 <= b)]
    return shifted[character - 256]


# Peers


def restored(rows):
    inputs, labels = matrix(rows, "input_ids"), matrix(rows, "labels")
    return inputs, labels, np.where(labels == IGNORED, inputs, labels)


@pytest.fixture(scope="module")
def peer(real_tokens):
    transformers = pytest.importorskip("transformers")
    return transformers, transformers.AutoTokenizer.from_pretrained(real_tokens)


def fates(inputs, labels, originals, mask):
    chosen = labels != IGNORED
    return [
        int((chosen & (inputs == mask)).sum()),
        int((chosen & (inputs != mask) & (inputs != originals)).sum()),
        int((chosen & (inputs == originals)).sum()),
    ]


def test_independent_masks_are_those_of_the_collator(draw, peer):
    transformers, tokenizer = peer
    rows, facts = draw("mlm", "count=bernoulli", "packing=concatenate", "length=128")
    inputs, labels, originals = restored(rows)
    full = matrix(rows, "attention_mask").all(axis=1)
    inputs, labels, originals = inputs[full], labels[full], originals[full]
    assert len(originals) > 500
    special = np.isin(originals, special_ids(facts))
    collator = transformers.DataCollatorForLanguageModeling(
        tokenizer=tokenizer, mlm_probability=0.15, return_tensors="np", seed=1
    )
    batch = collator(
        [
            {"input_ids": row, "special_tokens_mask": mask}
            for row, mask in zip(originals.tolist(), special.astype(int).tolist())
        ]
    )
    theirs = batch["input_ids"], batch["labels"]
    ours = inputs, labels
    mask = facts["tokenizer"]["roles"]["mask"]
    assert_same_law(*(fates(*drawn, originals, mask) for drawn in (ours, theirs)))
    chosen = [drawn[1] != IGNORED for drawn in (ours, theirs)]
    assert_same_law(*(np.bincount(c.sum(axis=1), minlength=129) for c in chosen))
    pairs = [(c[:, 1:] & c[:, :-1]).sum(axis=1) for c in chosen]
    assert_same_law(*(np.bincount(c, minlength=129) for c in pairs))
    assert_same_law(*(c.sum(axis=0) for c in chosen))


def test_whole_words_are_those_of_the_collator(draw, peer, source, real_tokens):
    transformers, tokenizer = peer
    shares = ["mask_share=1", "random_share=0"]
    settings = ["masking=whole-word", "count=bernoulli", "length=128", *shares]
    rows, facts = draw("mlm", *settings)
    inputs, labels, originals = restored(rows)
    special = np.isin(originals, special_ids(facts))
    # The collator sees a word where there is a gap between offsets.
    starts = word_starts(real_tokens)
    begins = np.zeros(originals.shape, bool)
    for row, stretches in zip(begins, source.pieces(rows)):
        ((document, offset, length),) = stretches
        row[1 : length + 1] = starts[document][offset : offset + length]
        row[1] = True
    ends = np.arange(originals.shape[1])[None, :] * 2 + np.cumsum(begins, axis=1)
    offsets = np.stack([ends, ends + 2], axis=2)
    with pytest.warns(UserWarning, match="whole word masking"):
        collator = transformers.DataCollatorForLanguageModeling(
            tokenizer=tokenizer,
            mlm_probability=0.15,
            whole_word_mask=True,
            return_tensors="np",
            seed=1,
        )
    theirs = []
    for at in range(0, len(originals), 64):
        part = slice(at, at + 64)
        _, drawn = collator.numpy_mask_tokens(
            originals[part].copy(), special[part].astype(int), offsets[part]
        )
        theirs.append(drawn != IGNORED)
        assert len(drawn)
    theirs, ours = np.concatenate(theirs), labels != IGNORED
    words = [(chosen & begins).sum(axis=1) for chosen in (ours, theirs)]
    assert_same_law(*(np.bincount(w, minlength=129) for w in words))
    tokens = [chosen.sum(axis=1) for chosen in (ours, theirs)]
    assert_same_law(*(np.bincount(t, minlength=129) for t in tokens))
    every = (begins & ~special).sum()
    assert_share((ours & begins).sum(), every, 0.15, 2)
    assert_share((theirs & begins).sum(), every, 0.15, 2)
