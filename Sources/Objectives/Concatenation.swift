// SPDX-License-Identifier: Apache-2.0

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
}

/// The windows of a unit: document ends, searched when a window is loaded.
struct WindowPlan: Sendable {
  let count: Int
  private let rule: Concatenation
  private let documents: [UInt32]
  /// Where each document starts in the stream, and at the end the length of the stream.
  private let starts: [Int]

  init(_ rule: Concatenation, unit: TokenizedUnit, order: [UInt32], report: inout FramingReport) {
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
    let overlap = rule.window - rule.stride
    if rule.keepsTail {
      let steps = (total - overlap + rule.stride - 1) / rule.stride
      count = total == 0 ? 0 : max(1, steps)
    } else {
      count = total < rule.window ? 0 : (total - rule.window) / rule.stride + 1
    }
    self.rule = rule
    self.documents = documents
    self.starts = starts
    let served = count == 0 ? 0 : min(total, (count - 1) * rule.stride + rule.window)
    reportTail(from: served, separators: separators, &report)
  }

  private func reportTail(from served: Int, separators: Int, _ report: inout FramingReport) {
    var index = documents.count - 1
    while index >= 0, starts[index + 1] > served {
      let end = starts[index + 1] - separators
      let lost = end - max(starts[index], served)
      if lost > 0 { report.drop(.tail, tokens: lost) }
      index -= 1
    }
  }

  func load(_ index: Int, of unit: TokenizedUnit, into frame: inout Frame, words: Bool) {
    let separators = rule.separator == nil ? 0 : 1
    var position = index * rule.stride
    let end = min(position + rule.window, starts[starts.count - 1])
    var document = self.document(at: position)
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
  private func document(at position: Int) -> Int {
    var low = 0
    var high = documents.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= position { low = middle } else { high = middle }
    }
    return low
  }
}
