// SPDX-License-Identifier: Apache-2.0

public import Randomness

/// How the documents of a unit become frames: a closed set of rules that see the whole unit.
public struct Framing: Sendable, Hashable {
  /// The order of the documents before anything else.
  public enum DocumentOrder: String, Sendable, Hashable {
    /// A permutation by seed, epoch and unit.
    case shuffled
    /// As they come.
    case corpus
  }

  /// The rule.
  public enum Method: Sendable, Hashable {
    /// All documents end to end, cut into windows.
    case concatenate(Concatenation)
    /// Whole sentences of one document.
    case sentences(SentencePacking)
    /// Whole sentences across documents.
    case fullSentences(FullSentencePacking)
    /// One document, or a window of it.
    case documents(DocumentWindows)
    /// Several whole documents, packed by best fit.
    case bestFit(BestFitPacking)
    /// Two segments and whether the second follows the first, or whether they are swapped.
    case pairs(SentencePairs)
    /// Fragments of documents with room for what is added to them.
    case fragments(FragmentPacking)
    /// Rules that take turns along one stream of documents.
    case turns(Turns)
  }

  /// The rule.
  public let method: Method
  /// The order of the documents.
  public let documentOrder: DocumentOrder
  /// Whether frames carry word starts.
  public let carriesWordStarts: Bool
  /// Whether frames carry sentence starts.
  public let carriesSentenceStarts: Bool

  init(
    _ method: Method, documentOrder: DocumentOrder, carriesWordStarts: Bool = false,
    carriesSentenceStarts: Bool = false
  ) {
    self.method = method
    self.documentOrder = documentOrder
    self.carriesWordStarts = carriesWordStarts
    self.carriesSentenceStarts = carriesSentenceStarts
  }

  /// Plans all frames of a unit: one pass, without copying tokens.
  ///
  /// - Throws: ``ObjectiveError`` (`missingInput`) if the unit has no sentence starts and the rule
  ///   needs them, `tooLarge` if there are more frames than the counter can number.
  public func frames(
    of unit: TokenizedUnit, random: RandomStreams
  ) throws(ObjectiveError) -> FramedUnit {
    let order = try order(of: unit, random: random)
    let plan: FramedUnit.Plan
    var report = FramingReport()
    switch method {
    case .concatenate(let rule):
      plan = .windows(
        WindowPlan(rule, unit: unit, order: order, random: random, report: &report))
    case .sentences(let rule):
      plan = .stretches(try rule.plan(unit, order: order, report: &report))
    case .fullSentences(let rule):
      plan = .rows(try rule.plan(unit, order: order, report: &report))
    case .documents(let rule):
      plan = .rows(rule.plan(unit, order: order, report: &report))
    case .bestFit(let rule):
      plan = .rows(rule.plan(unit, order: order, report: &report))
    case .pairs(let rule):
      plan = .pairs(try rule.plan(unit, order: order, random: random, report: &report))
    case .fragments(let rule):
      plan = .fragments(FragmentPlan(rule, unit: unit, order: order, random, report: &report))
    case .turns(let rule):
      plan = .turns(
        try TurnPlan(rule, unit: unit, order: order, random: random, report: &report))
    }
    guard UInt32(exactly: plan.count) != nil else {
      throw ObjectiveError(
        .tooLarge, subject: "frames", "unit \(unit.ordinal) has \(plan.count) frames; at most 2^32")
    }
    return FramedUnit(
      unit: unit, order: order, plan: plan, report: report, carriesWordStarts: carriesWordStarts,
      carriesSentenceStarts: carriesSentenceStarts)
  }

  /// The documents with at least one token, in the order in which they are framed.
  private func order(
    of unit: TokenizedUnit, random: RandomStreams
  ) throws(ObjectiveError) -> [UInt32] {
    guard UInt32(exactly: unit.documentCount) != nil else {
      throw ObjectiveError(
        .tooLarge, subject: "documents",
        "unit \(unit.ordinal) has \(unit.documentCount) documents; at most 2^32")
    }
    let count = unit.documentCount
    switch unit.isInFinalOrder ? .corpus : documentOrder {
    case .corpus:
      return (0..<count).map { UInt32(truncatingIfNeeded: $0) }
    case .shuffled:
      var stream = random.stream(.documentOrder)
      return stream.permutation(count: count)
    }
  }
}

/// What framing lost, and what else it noted.
public struct FramingReport: Sendable, Hashable {
  /// Why source tokens are in no frame.
  public enum DropReason: String, Sendable, Hashable, CaseIterable {
    /// Documents without a token.
    case emptyDocument = "empty_document"
    /// The short end of a unit.
    case tail
    /// Documents of one sentence, of which no pair can be made.
    case oneSentenceDocument = "one_sentence_document"
    /// The ends of pairs that were too long together.
    case truncation
    /// Windows too short to be divided into an input and a target.
    case tooShort = "too_short"
  }

  /// Things worth knowing that lose nothing.
  public enum Event: String, Sendable, Hashable, CaseIterable {
    /// Sentences longer than a window, cut.
    case cutSentences = "cut_sentences"
    /// Pairs whose coin said "random" but for which no other document had a partner.
    case pairsWithoutPartner = "pairs_without_partner"
    /// Tokens served in a random second segment and again in their own document (put-back pairs).
    case repeatedTokens = "repeated_tokens"
  }

  /// What was lost for one reason.
  public struct Drop: Sendable, Hashable {
    /// Why.
    public let reason: DropReason
    /// From how many documents.
    public var documents: Int
    /// How many tokens.
    public var tokens: Int
  }

  /// What was lost, by reason, in the order of the reasons; without those that did not occur.
  public var drops: [Drop] {
    DropReason.allCases.compactMap { reason in entries.first { $0.reason == reason } }
  }

  private var entries: [Drop] = []
  private var events: [Event: Int] = [:]

  /// How often something was noted.
  public func count(of event: Event) -> Int { events[event] ?? 0 }

  mutating func drop(_ reason: DropReason, documents: Int = 1, tokens: Int) {
    if let index = entries.firstIndex(where: { $0.reason == reason }) {
      entries[index].documents += documents
      entries[index].tokens += tokens
    } else {
      entries.append(Drop(reason: reason, documents: documents, tokens: tokens))
    }
  }

  mutating func note(_ event: Event, _ amount: Int = 1) {
    events[event, default: 0] += amount
  }
}

/// A unit cut into frames: planned once, then any frame in any order from any thread.
public struct FramedUnit: Sendable {
  /// The plan of each rule.
  enum Plan: Sendable {
    case windows(WindowPlan)
    case stretches([Stretch])
    case rows(RowPlan)
    case pairs([PlannedPair])
    case fragments(FragmentPlan)
    case turns(TurnPlan)

    var count: Int {
      switch self {
      case .windows(let plan): plan.count
      case .stretches(let stretches): stretches.count
      case .rows(let plan): plan.count
      case .pairs(let pairs): pairs.count
      case .fragments(let plan): plan.count
      case .turns(let plan): plan.count
      }
    }
  }

  /// The documents.
  public let unit: TokenizedUnit
  /// What was lost or noted on the way.
  public let report: FramingReport
  /// The documents in the order in which they were framed.
  let order: [UInt32]
  private let plan: Plan
  private let carriesWordStarts: Bool
  private let carriesSentenceStarts: Bool

  init(
    unit: TokenizedUnit, order: [UInt32], plan: Plan, report: FramingReport,
    carriesWordStarts: Bool, carriesSentenceStarts: Bool
  ) {
    self.unit = unit
    self.order = order
    self.plan = plan
    self.report = report
    self.carriesWordStarts = carriesWordStarts
    self.carriesSentenceStarts = carriesSentenceStarts
  }

  /// How many frames there are; each becomes exactly one example.
  public var count: Int { plan.count }

  /// Fills a frame.
  ///
  /// - Precondition: `index` is in `0..<count`.
  public func load(_ index: Int, into frame: inout Frame) {
    precondition(index >= 0 && index < count, "no such frame")
    frame.removeAll()
    frame.ordinal = UInt32(truncatingIfNeeded: index)
    frame.count = count
    switch plan {
    case .windows(let plan):
      plan.load(index, of: unit, into: &frame, words: carriesWordStarts)
    case .stretches(let stretches):
      frame.append(unit, stretches[index], words: carriesWordStarts)
    case .rows(let plan):
      plan.load(index, of: unit, into: &frame, words: carriesWordStarts)
    case .pairs(let pairs):
      frame.append(unit, pairs[index].first, words: carriesWordStarts)
      frame.append(unit, pairs[index].second, words: carriesWordStarts)
      frame.label = pairs[index].isNegative ? 1 : 0
    case .fragments(let plan):
      plan.load(index, of: unit, into: &frame)
    case .turns(let plan):
      plan.load(index, of: unit, into: &frame)
    }
    if carriesSentenceStarts { frame.appendSentenceStarts(of: unit) }
  }
}

/// A stretch of one document, as plans keep it.
public struct Stretch: Sendable, Hashable {
  /// The document, by its position in the unit.
  public internal(set) var document: UInt32
  /// The first token, counted from the start of the document.
  public internal(set) var offset: UInt32
  /// How many tokens.
  public internal(set) var length: UInt32

  /// A stretch of a unit, which has less than 2³¹ tokens.
  public init(document: UInt32, offset: Int, length: Int) {
    self.document = document
    // Offsets and lengths are below the unit's 2³¹ tokens.
    self.offset = UInt32(truncatingIfNeeded: offset)
    self.length = UInt32(truncatingIfNeeded: length)
  }
}

extension Frame {
  mutating func append(_ unit: TokenizedUnit, _ stretch: Stretch, words: Bool) {
    append(
      unit, document: Int(stretch.document), offset: Int(stretch.offset),
      length: Int(stretch.length), words: words)
  }
}
