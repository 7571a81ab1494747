// SPDX-License-Identifier: Apache-2.0

public import Randomness

/// All documents of a unit end to end, each followed by a separator if there is one, cut into
/// windows (Radford et al. 2019; `group_texts` of Hugging Face `transformers`).
///
/// With `window == stride` every token is in exactly one window. With `window == stride + 1`
/// neighbours share one token (Megatron-LM). A separator belongs to the document before it.
public struct Concatenation: Sendable, Hashable {
  /// Tokens in a window.
  public let window: Int
  /// From the start of one window to the start of the next.
  public let stride: Int
  /// What follows each document.
  public let separator: TokenID?
  /// Whether the last, short window is a frame.
  public let keepsTail: Bool
  /// Whether a window ends where its document does.
  public let staysInDocuments: Bool
  /// The fewest tokens of a window that is a frame.
  public let minimum: Int
  /// Windows of several lengths, in the place of ``window`` and ``stride``.
  public let kinds: WindowKinds?

  init(
    window: Int, stride: Int, separator: TokenID?, keepsTail: Bool,
    staysInDocuments: Bool = false, minimum: Int = 1, kinds: WindowKinds? = nil
  ) {
    self.window = window
    self.stride = stride
    self.separator = separator
    self.keepsTail = keepsTail
    self.staysInDocuments = staysInDocuments
    self.minimum = minimum
    self.kinds = kinds
  }
}

/// Kinds of windows, each with its own length; one is drawn for every window.
public struct WindowKinds: Sendable, Hashable {
  /// The length of a window of each kind.
  public let lengths: [Int]
  /// How often each kind is drawn.
  public let shares: DiscreteDistribution
}

/// The windows of a unit: document ends, searched when a window is loaded.
struct WindowPlan: Sendable {
  let count: Int
  private let rule: Concatenation
  private let documents: [UInt32]
  /// Where each document starts in the stream, and at the end the length of the stream.
  private let starts: [Int]
  /// The windows where they are not all alike; empty where they are.
  private let windows: [Window]

  private struct Window: Sendable {
    let start: Int
    let length: UInt32
    let kind: UInt16
  }

  init(
    _ rule: Concatenation, unit: TokenizedUnit, order: [UInt32], random: RandomStreams,
    report: inout FramingReport
  ) {
    let separators = rule.separator == nil ? 0 : 1
    var documents: [UInt32] = []
    var starts = [0]
    var total = 0
    documents.reserveCapacity(order.count)
    starts.reserveCapacity(order.count + 1)
    for document in order {
      let length =
        unit.documentOffsets[Int(document) + 1] - unit.documentOffsets[Int(document)]
      guard length > 0 else {
        report.drop(.emptyDocument, tokens: 0)
        continue
      }
      total += length + separators
      documents.append(document)
      starts.append(total)
    }
    self.rule = rule
    self.documents = documents
    self.starts = starts
    guard rule.kinds == nil, !rule.staysInDocuments, rule.minimum <= 1 else {
      windows = Self.windows(rule, starts, random, &report)
      count = windows.count
      return
    }
    windows = []
    let overlap = rule.window - rule.stride
    if rule.keepsTail {
      let steps = (total - overlap + rule.stride - 1) / rule.stride
      count = total == 0 ? 0 : max(1, steps)
    } else {
      count = total < rule.window ? 0 : (total - rule.window) / rule.stride + 1
    }
    let served = count == 0 ? 0 : min(total, (count - 1) * rule.stride + rule.window)
    Self.report(.tail, served..<total, rule, starts, &report)
  }

  /// Plans windows one after another.
  private static func windows(
    _ rule: Concatenation, _ starts: [Int], _ random: RandomStreams, _ report: inout FramingReport
  ) -> [Window] {
    let total = starts[starts.count - 1]
    var windows: [Window] = []
    var start = 0
    var document = 0
    while start < total {
      while rule.staysInDocuments, starts[document + 1] <= start { document += 1 }
      let limit = rule.staysInDocuments ? starts[document + 1] : total
      var kind = 0
      var length = rule.window
      if let kinds = rule.kinds {
        // The ordinal of the frame that this window becomes; more than 2³² are refused later.
        var stream = random.stream(.frame, frame: UInt32(truncatingIfNeeded: windows.count))
        kind = stream.next(kinds.shares)
        length = kinds.lengths[kind]
      }
      let end = min(start + length, limit)
      if end - start < length, !rule.keepsTail {
        Self.report(.tail, start..<end, rule, starts, &report)
      } else if end - start < rule.minimum {
        Self.report(.tooShort, start..<end, rule, starts, &report)
      } else {
        windows.append(
          Window(
            start: start, length: UInt32(truncatingIfNeeded: end - start),
            kind: UInt16(truncatingIfNeeded: kind)))
      }
      start = end
    }
    return windows
  }

  /// Reports a stretch of the stream that is in no window, without its separators.
  private static func report(
    _ reason: FramingReport.DropReason, _ stretch: Range<Int>, _ rule: Concatenation,
    _ starts: [Int], _ report: inout FramingReport
  ) {
    guard !stretch.isEmpty else { return }
    let separators = rule.separator == nil ? 0 : 1
    var document = self.document(at: stretch.lowerBound, starts)
    while document + 1 < starts.count, starts[document] < stretch.upperBound {
      let end = min(starts[document + 1] - separators, stretch.upperBound)
      let lost = end - max(starts[document], stretch.lowerBound)
      if lost > 0 { report.drop(reason, tokens: lost) }
      document += 1
    }
  }

  func load(_ index: Int, of unit: TokenizedUnit, into frame: inout Frame, words: Bool) {
    let separators = rule.separator == nil ? 0 : 1
    var position = index * rule.stride
    var end = min(position + rule.window, starts[starts.count - 1])
    if !windows.isEmpty {
      position = windows[index].start
      end = position + Int(windows[index].length)
      frame.kind = Int(windows[index].kind)
    }
    var document = Self.document(at: position, starts)
    while position < end {
      let contentEnd = starts[document + 1] - separators
      let length = max(0, min(end, contentEnd) - position)
      frame.append(
        unit, document: Int(documents[document]), offset: position - starts[document],
        length: length, words: words)
      position += length
      if let separator = rule.separator, position < end {
        frame.tokens.append(separator)
        if words, unit.wordStarts != nil { frame.wordStarts.append(true) }
        position += 1
      }
      document += 1
    }
  }

  /// The last document that starts at or before a position.
  private static func document(at position: Int, _ starts: [Int]) -> Int {
    var low = 0
    var high = starts.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= position { low = middle } else { high = middle }
    }
    return low
  }
}
