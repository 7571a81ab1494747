// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Rules that take turns along one stream of documents: whose turn a row is, is drawn from the
/// row's own stream, and the row begins where the row before it ended.
///
/// Only rules that go through documents from the first to the last can take turns. The separator of
/// a window that ended with its document's last token stands at the beginning of the next window,
/// if that one has separators and may begin with one.
public struct Turns: Sendable, Hashable {
  /// How one member cuts its rows.
  enum Rule: Sendable, Hashable {
    case windows(Concatenation)
    case sentences(SentencePacking)
    case fullSentences(FullSentencePacking)
    case documents(DocumentWindows)
  }

  /// One of those that take turns.
  struct Member: Sendable, Hashable {
    let rule: Rule
    let carriesWordStarts: Bool
    let carriesSentenceStarts: Bool

    /// The rule of a framing, or nil if it cannot take turns.
    init?(_ framing: Framing) {
      switch framing.method {
      case .concatenate(let rule) where rule.kinds != nil || rule.window == rule.stride:
        self.rule = .windows(rule)
      case .sentences(let rule): self.rule = .sentences(rule)
      case .fullSentences(let rule): self.rule = .fullSentences(rule)
      case .documents(let rule): self.rule = .documents(rule)
      case .concatenate, .bestFit, .pairs, .fragments, .turns: return nil
      }
      carriesWordStarts = framing.carriesWordStarts
      carriesSentenceStarts = framing.carriesSentenceStarts
    }

    /// What its rows may have behind the end of a document.
    var separator: TokenID? {
      switch rule {
      case .windows(let rule): rule.separator
      case .fullSentences(let rule): rule.separator
      case .documents(let rule): rule.separator
      case .sentences: nil
      }
    }

    /// Tokens of a full row, on average where there are several kinds.
    var tokensPerRow: Double {
      switch rule {
      case .windows(let rule):
        guard let kinds = rule.kinds else { return Double(rule.window) }
        return kinds.lengths.enumerated().reduce(0) {
          $0 + Double($1.element) * kinds.shares.probability(of: $1.offset)
        }
      case .sentences(let rule): return Double(rule.maximum)
      case .fullSentences(let rule): return Double(rule.maximum)
      case .documents(let rule): return Double(rule.maximum)
      }
    }
  }

  let members: [Member]
  /// How often each member has a turn.
  let shares: DiscreteDistribution
  /// The weights by which source tokens are shared out instead; nil for rows.
  var tokenWeights: [Double]?

  /// What follows documents in the rows of members that have separators; they have the same.
  var separator: TokenID? { members.lazy.compactMap(\.separator).first }
}

/// The rows of a unit, turn after turn.
struct TurnPlan: Sendable {
  private struct Row: Sendable {
    let member: UInt8
    let kind: UInt8
    /// The first of its stretches.
    let start: Int
  }

  private let rows: [Row]
  private let stretches: [Stretch]
  private let isSeparated: [Bool]
  private let members: [Turns.Member]

  var count: Int { rows.count }

  init(
    _ rule: Turns, unit: TokenizedUnit, order: [UInt32], random: RandomStreams,
    report: inout FramingReport
  ) throws(ObjectiveError) {
    var walk = try DocumentWalk(unit, order, rule.members, &report)
    var rows: [Row] = []
    var balance = rule.tokenWeights.map { TokenBalance($0, rule.members.map(\.tokensPerRow)) }
    while !walk.isAtEnd {
      // The ordinal of the frame that this row becomes; more than 2³² are refused later.
      let ordinal = UInt32(truncatingIfNeeded: rows.count)
      var stream = random.stream(.frame, frame: ordinal)
      let turn = balance?.draw(&stream) ?? stream.next(rule.shares)
      let start = walk.stretches.count
      var kind = 0
      var isRow = true
      switch rule.members[turn].rule {
      case .windows(let window):
        var length = window.window
        if let kinds = window.kinds {
          var stream = random.member(turn).stream(.frame, frame: ordinal)
          kind = stream.next(kinds.shares)
          length = kinds.lengths[kind]
        }
        isRow = walk.takeWindow(window, length: length, &report)
      case .sentences(let packing): walk.takeSentences(packing.maximum, &report)
      case .fullSentences(let packing): walk.takeFullSentences(packing, &report)
      case .documents(let windows): walk.takeDocument(windows)
      }
      guard isRow else { continue }
      balance?.add(walk.stretches[start...].reduce(0) { $0 + Int($1.length) }, of: turn)
      rows.append(
        Row(
          member: UInt8(truncatingIfNeeded: turn), kind: UInt8(truncatingIfNeeded: kind),
          start: start))
    }
    self.rows = rows
    stretches = walk.stretches
    isSeparated = walk.isSeparated
    members = rule.members
  }

  func load(_ index: Int, of unit: TokenizedUnit, into frame: inout Frame) {
    let row = rows[index]
    let member = members[Int(row.member)]
    frame.member = Int(row.member)
    frame.kind = Int(row.kind)
    let end = index + 1 < rows.count ? rows[index + 1].start : stretches.count
    for item in row.start..<end {
      frame.append(unit, stretches[item], words: member.carriesWordStarts)
      if isSeparated[item], let separator = member.separator {
        frame.tokens.append(separator)
        if member.carriesWordStarts, unit.wordStarts != nil { frame.wordStarts.append(true) }
      }
    }
    if member.carriesSentenceStarts { frame.appendSentenceStarts(of: unit) }
  }
}

/// Shares out the source tokens of a unit: whose rows turn out short has a turn more often.
private struct TokenBalance {
  /// So many full rows count before there are any.
  private static let prior = 4.0

  private let weights: [Double]
  private var rows: [Double]
  private var tokens: [Double]
  /// Each weight, divided by the mean tokens of the member's rows so far.
  private var rates: [Double]

  init(_ weights: [Double], _ fullRows: [Double]) {
    self.weights = weights
    rows = weights.map { _ in Self.prior }
    tokens = fullRows.map { Self.prior * max(1, $0) }
    rates = zip(weights, fullRows).map { $0 / max(1, $1) }
  }

  mutating func draw(_ stream: inout RandomStream) -> Int {
    var rest = stream.fraction() * rates.reduce(0, +)
    for (index, rate) in rates.enumerated() {
      if rest < rate { return index }
      rest -= rate
    }
    return rates.count - 1
  }

  mutating func add(_ count: Int, of member: Int) {
    rows[member] += 1
    tokens[member] += Double(count)
    rates[member] = weights[member] * rows[member] / tokens[member]
  }
}

extension RandomStreams {
  /// The streams of a member of a mixture; component 0 is the mixture itself.
  func member(_ index: Int) -> RandomStreams {
    component(UInt8(truncatingIfNeeded: index + 1))
  }
}
