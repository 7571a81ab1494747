# SPDX-License-Identifier: Apache-2.0
"""Writes Sources/Tokenization/Normalization/ScalarSets+Tables.swift: what Hugging Face tokenizers takes for a control
character, a mark, punctuation, part of a word, a number, and its lower case.

    pip install tokenizers; python Tests/Interop/tokenizers_tables.py

The library asks four crates of different Unicode versions; here it is asked itself about every scalar."""

from pathlib import Path

import tokenizers
from tokenizers import normalizers, pre_tokenizers

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
TARGET = Path(__file__).parents[2] / "Sources/Tokenization/Normalization/ScalarSets+Tables.swift"


def bert(**options):
    everything = dict.fromkeys(
        ["clean_text", "handle_chinese_chars", "strip_accents", "lowercase"], False
    )
    return normalizers.BertNormalizer(**{**everything, **options})


def vanishing(normalizer):
    return [c for c in SCALARS if normalizer.normalize_str(chr(c)) == ""]


def cut(pre_tokenizer, pieces):
    def count(c):
        return len(pre_tokenizer.pre_tokenize_str(f"a{chr(c)}a"))

    return [c for c in SCALARS if count(c) in pieces]


def sets():
    yield "controls", "Removed by `BertNormalizer`", vanishing(bert(clean_text=True))
    yield "nonspacingMarks", "Accents to `BertNormalizer`", vanishing(bert(strip_accents=True))
    yield "combiningMarks", "Accents to `StripAccents`", vanishing(normalizers.StripAccents())
    yield "punctuation", "`Punctuation`", cut(pre_tokenizers.Punctuation(), [3])
    yield "wordCharacters", "`\\w` to `Whitespace`", cut(pre_tokenizers.Whitespace(), [1])
    yield "numbers", "`Digits`", cut(pre_tokenizers.Digits(), [2, 3])


def runs(scalars):
    result = []
    for c in scalars:
        if result and result[-1][1] == c - 1:
            result[-1][1] = c
        else:
            result.append([c, c])
    return [tuple(run) for run in result]


def lower_runs():
    """Runs of capitals (first, last, step, distance) that are lowered by the same distance."""
    lowercase = normalizers.Lowercase()
    result = []
    for c in SCALARS:
        lowered = lowercase.normalize_str(chr(c))
        if lowered == chr(c) or c < 0x80:
            continue
        if len(lowered) > 1:
            assert (c, lowered) == (0x130, "i\u0307")
            continue
        distance = ord(lowered) - c
        if result:
            first, last, step, known = result[-1]
            if known == distance and c - last <= 2 and step in (0, c - last):
                result[-1] = (first, c, c - last, distance)
                continue
        result.append((c, c, 0, distance))
    return [(first, last, step or 1, distance) for first, last, step, distance in result]


def literal(values, form):
    text = [form.format(*value) for value in values]
    lines, line = [], "     "
    for item in text:
        if len(line) + len(item) + 2 > 98:
            lines.append(line)
            line = "     "
        line += f" {item},"
    return "\n".join([*lines, line])


def source():
    yield f"""// SPDX-License-Identifier: Apache-2.0

// Generated from tokenizers {tokenizers.__version__}; do not edit.
// python Tests/Interop/tokenizers_tables.py writes it anew.

extension ScalarSets {{
"""
    for name, summary, scalars in sets():
        yield f"  /// {summary}: first and last scalar of each run.\n"
        yield f"  static let {name}: [ClosedRange<UInt32>] = [\n"
        yield literal(runs(scalars), "0x{:X}...0x{:X}") + "\n  ]\n\n"
    yield "  /// Capitals beyond ASCII: first, last, step, and the distance to the small letter.\n"
    yield "  static let capitals: [(UInt32, UInt32, UInt32, Int32)] = [\n"
    yield literal(lower_runs(), "(0x{:X}, 0x{:X}, {}, {})") + "\n  ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text("".join(source()))
