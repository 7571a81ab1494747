# SPDX-License-Identifier: Apache-2.0
"""Tokenizers with parts drawn at random, made by Hugging Face tokenizers and by sentencepiece: prep encodes as they
do, or refuses by name.

Quick by default: a few of each model. PREP_FULL=1 draws hundreds."""

import json
import random

import pytest
from conftest import FULL, run
from test_differential_tokenizers import BYTES, byte_ends, grown, rounded

tokenizers = pytest.importorskip("tokenizers")
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers  # noqa: E402

BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
EXPRESSIONS = [
    r"\s+", r"\p{N}{2,}", r"\p{L}+\p{M}*", r" ?\p{Lu}?\p{Ll}+", r"[^\s\p{L}\p{N}]+", r"\w+|[^\w\s]+", r"\d{1,3}",
    r"[A-Z]{2,4}|[a-z]{3,}?", r"(?i:the|and|'s)", r"\p{Han}|\p{Hiragana}+", r" +| *\n+", r"(?<=\p{L})-(?=\p{L})",
    r"[\p{P}\p{S}&&[^_]]", r"\bthe\b", r"^a", r"\d(?=(?:\d{3})+\b)", r"[a-zA-Z0-9_.+-]+@[a-z]+", r"(?:ab)+|a|b",
    r"\p{N}{3}|\p{N}+", r"\r?\n", "[\\t\u00a0\u3000 ]+", r"[\-\]\[.,;]", r"[0]+|[.]{2,}", r"\S+\s*",
]  # fmt: skip


class Drawn:
    """Parts of tokenizers, drawn."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def yes(self, chance=0.5):
        return self.random.random() < chance

    def one(self, *choices):
        return self.random.choice(choices)

    def bert(self):
        accents = self.one(None, True, False)
        flags = {"clean_text": self.yes(0.7), "handle_chinese_chars": self.yes(0.7)}
        return normalizers.BertNormalizer(strip_accents=accents, lowercase=self.yes(), **flags)

    def replacement(self):
        pattern = self.one(" ", "``", "a", Regex(r"\s+"), Regex(" {2,}"), Regex(r"\p{M}"), Regex(r"[^\w\s]+"), Regex(r"\d+"))
        return normalizers.Replace(pattern, self.one("", " ", "▁", "xy", "é"))

    def normalizer(self):
        norm = normalizers
        simple = [norm.NFC, norm.NFD, norm.NFKC, norm.NFKD, norm.Lowercase, norm.StripAccents, norm.Nmt]
        makers = [*simple, self.bert, self.replacement, lambda: norm.Prepend(self.one("▁", "ab")),
                  lambda: norm.Strip(left=self.yes(), right=self.yes())]  # fmt: skip
        steps = [self.one(*makers)() for _ in range(self.one(0, 0, 1, 1, 2, 3, 4))]
        return None if not steps else steps[0] if len(steps) == 1 and self.yes() else norm.Sequence(steps)

    def cut(self):
        pre = pre_tokenizers
        pattern = Regex(self.one(*EXPRESSIONS)) if self.yes(0.7) else self.one(" ", "-", "▁", "th", "\n")
        return self.one(
            lambda: pre.Whitespace(),
            lambda: pre.WhitespaceSplit(),
            lambda: pre.BertPreTokenizer(),
            lambda: pre.Punctuation(self.one(*BEHAVIORS)),
            lambda: pre.Digits(self.yes()),
            lambda: pre.Split(pattern, self.one(*BEHAVIORS), self.yes(0.3)),
            lambda: pre.Split(pattern, self.one(*BEHAVIORS), self.yes(0.3)),
            lambda: pre.UnicodeScripts(),
            lambda: pre.CharDelimiterSplit(self.one("-", "e")),
        )()

    def metaspace(self):
        scheme = self.one("always", "first", "never")
        return pre_tokenizers.Metaspace(self.one("▁", "▁", "_"), scheme, self.yes(0.7))

    def pre_tokenizer(self, last=None):
        steps = [self.cut() for _ in range(self.one(0, 0, 1, 1, 2, 3))]
        if last or self.yes(0.4):
            steps.append(last or self.metaspace())
        return None if not steps else steps[0] if len(steps) == 1 and self.yes() else pre_tokenizers.Sequence(steps)

    def added(self):
        contents = ["newword", "wordy", "Été", "<mask>", "[X]", "  ", "the", "th", "ﬁ", "A b", "漢", " q", "ſ"]
        for content in self.random.sample(contents, self.one(0, 1, 3)):
            flags = {key: self.yes(0.4) for key in ("single_word", "lstrip", "rstrip", "normalized")}
            # Ordinary words are none: prep makes no special token of the letters of a text.
            yield AddedToken(content, special=content[0] in "<[" and self.yes(), **flags)

    def byte_level(self):
        options = {key: self.yes() for key in ("add_prefix_space", "use_regex", "trim_offsets")}
        affixes = self.one({}, {}, {}, {"end_of_word_suffix": "</w>"}, {"continuing_subword_prefix": "##"})
        model = models.BPE(
            ignore_merges=self.yes(0.3), fuse_unk=self.yes(0.2), dropout=self.one(None, None, 0.0),
            **affixes, **self.one({}, {"unk_token": "<unk>"}),
        )  # fmt: skip
        alphabet = pre_tokenizers.ByteLevel.alphabet() if self.yes(0.9) else []
        trainer = trainers.BpeTrainer(
            vocab_size=700, initial_alphabet=alphabet, show_progress=False, special_tokens=["<unk>"], **affixes
        )
        return model, trainer, self.pre_tokenizer(pre_tokenizers.ByteLevel(**options))

    def characters(self):
        fallback = self.yes()
        affixes = {"end_of_word_suffix": "</w>"} if self.yes(0.1) else {}
        model = models.BPE(
            byte_fallback=fallback, fuse_unk=self.yes(), ignore_merges=self.yes(0.3), **affixes,
            **self.one({}, {"unk_token": "<unk>"}, {"unk_token": "<unk>"}),
        )  # fmt: skip
        special = ["<unk>", *(BYTES if fallback and self.yes(0.9) else [])]
        trainer = trainers.BpeTrainer(
            vocab_size=900, special_tokens=special, show_progress=False, limit_alphabet=self.one(60, 400), **affixes
        )
        return model, trainer, self.pre_tokenizer()

    def word_piece(self):
        prefix = self.one("##", "##", "", "@@")
        model = models.WordPiece(
            unk_token="[UNK]", continuing_subword_prefix=prefix, max_input_chars_per_word=self.one(100, 5, 10**6)
        )
        trainer = trainers.WordPieceTrainer(
            vocab_size=900, special_tokens=["[UNK]"], show_progress=False, continuing_subword_prefix=prefix
        )
        return model, trainer, self.pre_tokenizer()

    def unigram(self):
        fallback = self.yes()
        special = ["<unk>", *(BYTES if fallback else [])]
        trainer = trainers.UnigramTrainer(
            vocab_size=3000, special_tokens=special, unk_token="<unk>", show_progress=False
        )
        return models.Unigram(), trainer, self.pre_tokenizer()

    def tokenizer(self, kind, texts):
        model, trainer, pre_tokenizer = getattr(self, kind)()
        result = Tokenizer(model)
        if normalizer := self.normalizer():
            result.normalizer = normalizer
        if pre_tokenizer:
            result.pre_tokenizer = pre_tokenizer
        result.train_from_iterator(texts, trainer)
        result.add_tokens(list(self.added()))
        document = json.loads(result.to_str())
        if kind == "unigram" and "<0x00>" in result.get_vocab():
            document["model"]["byte_fallback"] = True
        return document


@pytest.fixture(scope="session")
def samples(documents):
    texts = list(grown(7, 3_000 if FULL else 500))
    texts += [record["text"][:400] for record in documents]
    return [text for text in texts if text]


def encode(path, texts, mode):
    lines = "\n".join(json.dumps(text) for text in texts) + "\n"
    arguments = ["--tokenizer", path, "--ends", "--added-tokens", mode]
    return run("tokenizer", "encode", *arguments, input=lines.encode(), status=None)


def check(path, document, texts, mode):
    """Returns why it was refused: by the name of a part, or of a character without a token, which is lost there."""
    done = encode(path, texts, mode)
    if done.status:
        reasons = ["not supported", "do not agree", "has no token for byte", "has neither a token for U+"]
        assert done.status == 65 and any(reason in done.stderr for reason in reasons), done.stderr
        return done.stderr
    peer = Tokenizer.from_str(json.dumps({**document, **({"added_tokens": []} if mode == "never" else {})}))
    ours = [json.loads(line) for line in done.stdout.splitlines()]
    for text, mine, theirs in zip(texts, ours, peer.encode_batch(texts, add_special_tokens=False), strict=True):
        assert mine["ids"] == theirs.ids, ascii(text)
        assert list(rounded(text, mine["ends"])) == byte_ends(text, theirs), ascii(text)
    return None


@pytest.mark.parametrize("kind", ["byte_level", "characters", "word_piece", "unigram"])
@pytest.mark.parametrize("seed", range(100 if FULL else 4))
def test_drawn_tokenizers(kind, seed, samples, documents, tmp_path):
    drawn = Drawn(f"{kind} {seed}")
    document = drawn.tokenizer(kind, [record["text"] for record in documents])
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(document))
    for mode in ["never", "matched"]:
        check(path, document, samples, mode)


def sentence_piece_options(draw):
    """Options of sentencepiece's trainer, drawn."""
    yes = draw.yes
    symbols = draw.random.sample(["<mask>", "foo", "▁the", "  ", "é", "漢字", "\n", "e", "12"], draw.one(0, 0, 2, 4))
    return {
        "model_type": draw.one("bpe", "unigram"),
        "normalization_rule_name": draw.one("nmt_nfkc", "nmt_nfkc_cf", "nfkc", "nfkc_cf", "identity"),
        "user_defined_symbols": symbols,
        "control_symbols": draw.one([], ["<ctl>"]),
        "byte_fallback": yes(),
        "character_coverage": draw.one(0.98, 0.9995),
        "split_digits": yes(),
        "split_by_number": yes(),
        "split_by_whitespace": yes(0.8),
        "split_by_unicode_script": yes(),
        "allow_whitespace_only_pieces": yes(),
        "add_dummy_prefix": yes(),
        "remove_extra_whitespaces": yes(),
        "max_sentencepiece_length": draw.one(3, 16, 40),
        **draw.one({}, {"pad_id": 3}, {"bos_id": -1, "eos_id": -1}, {"unk_id": 2, "bos_id": 0, "eos_id": 1}),
        **draw.one({}, {}, {"unk_surface": " ?? "}, {"unk_piece": "[UNK]"}),
    }


@pytest.mark.parametrize("seed", range(60 if FULL else 4))
def test_drawn_sentencepiece_models(seed, samples, documents, tmp_path):
    library = pytest.importorskip("sentencepiece")
    options = sentence_piece_options(Drawn(f"sentencepiece {seed}"))
    lines = [line for record in documents for line in record["text"].split("\n") if line.strip()]
    prefix = str(tmp_path / "drawn")
    try:
        library.SentencePieceTrainer.train(
            sentence_iterator=iter(lines), model_prefix=prefix, vocab_size=2000, minloglevel=2, **options
        )
    except RuntimeError as error:
        pytest.skip(f"the library makes no such model: {error}")
    done = encode(f"{prefix}.model", samples, "never")
    if done.status:
        assert done.status == 65 and "not supported" in done.stderr, done.stderr
        return
    peer = library.SentencePieceProcessor(model_file=f"{prefix}.model")
    for text, line in zip(samples, done.stdout.splitlines(), strict=True):
        mine, theirs = json.loads(line), peer.encode(text.encode(), return_type="offset_mapping")
        assert mine["ids"] == theirs["ids"], (options, ascii(text))
        # Tokens at the beginning that have nothing of the text may end before or behind blanks that were dropped.
        offsets = theirs["offsets"]
        first = next((at for at, (start, end) in enumerate(offsets) if start < end), len(offsets))
        ends = [end for _, end in offsets[first:]]
        assert list(rounded(text, mine["ends"][first:])) == ends, (options, ascii(text))
