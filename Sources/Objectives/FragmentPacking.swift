// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Documents end to end in rows, cut to fragments that fit together with what will be added to
/// them: an end token after each document and, where a coin chose the fragment for rearrangement,
/// its sentinels, an end token and some tokens for cuts inside a token.
///
/// A fragment is never cut again, so nothing that a model is to learn from loses its end. Where
/// what is left of a row is too short to be worth cutting a document for, it stays empty.
public struct FragmentPacking: Sendable, Hashable {
  /// Tokens in a row.
  public let window: Int
  /// How often a fragment is chosen.
  public let rate: Double
  /// Tokens that are kept free for a chosen fragment, besides its end token.
  public let reserve: Int
  /// What ends a document.
  public let separator: TokenID
  /// Whether the last, short row is a frame.
  public let keepsTail: Bool

  /// A document is not cut for fewer tokens than this, unless its whole rest fits.
  var shortest: Int { min(16, max(1, window / 4)) }
}

/// The rows of a unit, fragment by fragment.
struct FragmentPlan: Sendable {
  private struct Fragment: Sendable {
    let stretch: Stretch
    let isChosen: Bool
  }

  private let fragments: [Fragment]
  /// Where the fragments of each row start, and at the end their number.
  private let rows: [Int]
  private let separator: TokenID

  var count: Int { rows.count - 1 }

  init(
    _ rule: FragmentPacking, unit: TokenizedUnit, order: [UInt32], _ random: RandomStreams,
    report: inout FramingReport
  ) {
    var stream = random.stream(.frame)
    let rate = Probability(rule.rate)
    var fragments: [Fragment] = []
    var rows = [0]
    var used = 0
    for document in order {
      let index = Int(document)
      let length = unit.documentOffsets[index + 1] - unit.documentOffsets[index]
      guard length > 0 else {
        report.drop(.emptyDocument, tokens: 0)
        continue
      }
      var offset = 0
      while offset < length {
        // One coin a fragment, thrown before its length is known: a fragment that has to wait for
        // the next row takes its coin along.
        let isChosen = stream.bernoulli(rate)
        let added = 1 + (isChosen ? rule.reserve : 0)
        var room = rule.window - used - added
        let rest = length - offset
        if room < min(rest, rule.shortest) {
          rows.append(fragments.count)
          used = 0
          room = rule.window - added
        }
        let taken = min(rest, room)
        fragments.append(
          Fragment(
            stretch: Stretch(document: document, offset: offset, length: taken),
            isChosen: isChosen))
        offset += taken
        used += taken + (isChosen || offset == length ? added : 0)
      }
    }
    if rows.last != fragments.count {
      if rule.keepsTail || used == rule.window {
        rows.append(fragments.count)
      } else {
        for fragment in fragments[rows[rows.count - 1]...] {
          report.drop(.tail, tokens: Int(fragment.stretch.length))
        }
      }
    }
    self.fragments = fragments
    self.rows = rows
    separator = rule.separator
  }

  func load(_ index: Int, of unit: TokenizedUnit, into frame: inout Frame) {
    for fragment in fragments[rows[index]..<rows[index + 1]] {
      frame.append(unit, fragment.stretch, words: false)
      frame.chosen.append(fragment.isChosen)
      let document = Int(fragment.stretch.document)
      let end = Int(fragment.stretch.offset) + Int(fragment.stretch.length)
      if unit.documentOffsets[document] + end == unit.documentOffsets[document + 1] {
        frame.tokens.append(separator)
      }
    }
  }
}
