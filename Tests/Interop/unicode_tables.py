# SPDX-License-Identifier: Apache-2.0
"""Writes Sources/UnicodeText/ScalarProperties+Tables.swift: general categories and scripts as the regular expressions
of Hugging Face tokenizers and of tiktoken know them.

    pip install tokenizers tiktoken; python Tests/Interop/unicode_tables.py

Both engines are asked about every scalar, and have to agree (but on `\\w`, which is that of tokenizers). The tables of `CharacterClasses` follow from these:

    PREP_WRITE_TABLES=1 swift test --filter CharacterClasses"""

from pathlib import Path

import tiktoken
import tokenizers
from tokenizers import Regex, normalizers

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
TARGET = Path(__file__).parents[2] / "Sources/UnicodeText/ScalarProperties+Tables.swift"
# In the order of ICU's `UCharCategory`.
CATEGORIES = (
    "Cn Lu Ll Lt Lm Lo Mn Me Mc Nd Nl No Zs Zl Zp Cc Cf Co Cs Pd Ps Pe Pc Po Sm Sc Sk So Pi Pf".split()
)
SCRIPTS = (
    "Arabic Armenian Bengali Bopomofo Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul Hebrew"
    " Hiragana Kannada Katakana Khmer Lao Latin Malayalam Mongolian Myanmar Oriya Sinhala Tamil Telugu Thai Tibetan"
).split()
# The version that has as many letters.
VERSIONS = {136726: "15.0", 137348: "15.1", 141028: "16.0"}


def scalars(expression):
    """What an expression matches; both engines agree."""
    normalizer = normalizers.Replace(Regex(expression), "")
    found = {c for c in SCALARS if normalizer.normalize_str(chr(c)) == ""}
    ranks = {bytes([byte]): byte for byte in range(256)}
    peer = tiktoken.Encoding("peer", pat_str=expression, mergeable_ranks=ranks, special_tokens={})
    assert found == {c for c in SCALARS if peer.encode_ordinary(chr(c))}, expression
    return found


def runs(found):
    result = []
    for c in sorted(found):
        if result and result[-1][1] == c - 1:
            result[-1][1] = c
        else:
            result.append([c, c])
    return result


def lines(items, indent):
    line = indent
    for item in items:
        if len(line) + len(item) + 2 > 100:
            yield line.rstrip()
            line = indent
        line += item + ", "
    yield line.rstrip()


def source():
    categories = {name: scalars(f"\\p{{{name}}}") for name in CATEGORIES if name not in ("Cn", "Cs")}
    letters = sum(len(found) for name, found in categories.items() if name[0] == "L")
    kinds = [0] * 0x110000
    kinds[0xD800:0xE000] = [CATEGORIES.index("Cs")] * 0x800
    for name, found in categories.items():
        for c in found:
            assert kinds[c] == 0, hex(c)
            kinds[c] = CATEGORIES.index(name)
    starts = [c for c in range(0x110000) if c == 0 or kinds[c] != kinds[c - 1]]
    yield f"""// SPDX-License-Identifier: Apache-2.0

// Generated from tokenizers {tokenizers.__version__} and tiktoken {tiktoken.__version__}; do not edit.
// python Tests/Interop/unicode_tables.py writes it anew.

extension ScalarProperties {{
  /// The version of Unicode of these tables.
  public static let unicodeVersion = "{VERSIONS[letters]}"

  /// Where each run of one general category begins: the scalar × 32 + ICU's number of the category.
  static let categoryRuns: [UInt32] = [
"""
    yield "\n".join(lines((f"0x{c * 32 + kinds[c]:X}" for c in starts), "    ")) + "\n  ]\n\n"
    yield "  /// First and last scalar of each run of a script.\n"
    yield "  static let scriptRuns: [String: [(UInt32, UInt32)]] = [\n"
    for name in SCRIPTS:
        pairs = (f"(0x{a:X}, 0x{b:X})" for a, b in runs(scalars(f"\\p{{{name}}}")))
        yield f'    "{name}": [\n' + "\n".join(lines(pairs, "      ")) + "\n    ],\n"
    yield "  ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text("".join(source()))
