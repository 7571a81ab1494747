// SPDX-License-Identifier: Apache-2.0

/// A walk through the documents of a unit, by rules that take turns.
struct DocumentWalk {
  /// What was taken so far, and whether a separator stands behind each stretch.
  private(set) var stretches: [Stretch] = []
  private(set) var isSeparated: [Bool] = []

  private let unit: TokenizedUnit
  private let sentences: TokenizedUnit.SentenceStarts
  /// The documents that have tokens.
  private let documents: [UInt32]
  private var document = 0
  /// Where in the document the next row begins; at its end if only its separator is left.
  private var offset = 0

  /// - Throws: ``ObjectiveError`` (`missingInput`) if a member needs sentence starts that the unit
  ///   does not have.
  init(
    _ unit: TokenizedUnit, _ order: [UInt32], _ members: [Turns.Member],
    _ report: inout FramingReport
  ) throws(ObjectiveError) {
    var documents: [UInt32] = []
    documents.reserveCapacity(order.count)
    for document in order {
      if unit.documentOffsets[Int(document) + 1] > unit.documentOffsets[Int(document)] {
        documents.append(document)
      } else {
        report.drop(.emptyDocument, tokens: 0)
      }
    }
    let needsSentences = members.contains { member in
      switch member.rule {
      case .sentences, .fullSentences: true
      case .windows, .documents: false
      }
    }
    sentences =
      needsSentences
      ? try unit.requireSentenceStarts() : TokenizedUnit.SentenceStarts(starts: [], offsets: [])
    self.unit = unit
    self.documents = documents
  }

  /// Whether no text is left.
  var isAtEnd: Bool {
    document >= documents.count || document + 1 == documents.count && offset == length
  }

  /// Takes a window.
  ///
  /// - Returns: whether it is a row; a window that is too short is counted as dropped.
  mutating func takeWindow(
    _ rule: Concatenation, length size: Int, _ report: inout FramingReport
  ) -> Bool {
    if rule.separator == nil || rule.staysInDocuments { leaveIfOver() }
    let first = stretches.count
    var room = size
    while room > 0, document < documents.count {
      let count = min(room, length - offset)
      let isOver = offset + count == length
      room -= count
      let isSeparated = isOver && rule.separator != nil && room > 0
      if isSeparated { room -= 1 }
      append(count, separated: isSeparated)
      if isSeparated || rule.separator == nil { leaveIfOver() }
      if isOver, rule.staysInDocuments { break }
    }
    let reason: FramingReport.DropReason
    if room > 0, !rule.keepsTail {
      reason = .tail
    } else if size - room < rule.minimum {
      reason = .tooShort
    } else {
      return true
    }
    for stretch in stretches[first...] where stretch.length > 0 {
      report.drop(reason, tokens: Int(stretch.length))
    }
    stretches.removeSubrange(first...)
    isSeparated.removeSubrange(first...)
    return false
  }

  /// Takes as many whole sentences of one document as fit.
  mutating func takeSentences(_ maximum: Int, _ report: inout FramingReport) {
    leaveIfOver()
    append(sentenceTokens(maximum, orCut: &report), separated: false)
    leaveIfOver()
  }

  /// Takes as many whole sentences as fit, whatever their documents.
  mutating func takeFullSentences(
    _ rule: FullSentencePacking, _ report: inout FramingReport
  ) {
    leaveIfOver()
    var room = rule.maximum
    var count = sentenceTokens(room, orCut: &report)
    let separators = rule.separator == nil ? 0 : 1
    while count > 0 {
      room -= count
      let isOver = offset + count == length
      // The first sentence of the next document decides whether the row goes on.
      var next = 0
      if isOver, document + 1 < documents.count, room > separators {
        next = sentenceTokens(room - separators, in: document + 1, from: 0)
      }
      append(count, separated: next > 0 && separators > 0)
      leaveIfOver()
      if next > 0 { room -= separators }
      count = next
    }
  }

  /// Takes a window of one document, with its separator if there is room for it.
  mutating func takeDocument(_ rule: DocumentWindows) {
    leaveIfOver()
    let count = min(rule.maximum, length - offset)
    append(
      count, separated: rule.separator != nil && offset + count == length && count < rule.maximum)
    leaveIfOver()
  }

  // MARK: Steps

  private var length: Int { length(of: document) }

  private func length(of document: Int) -> Int {
    let index = Int(documents[document])
    return unit.documentOffsets[index + 1] - unit.documentOffsets[index]
  }

  private mutating func append(_ count: Int, separated: Bool) {
    stretches.append(Stretch(document: documents[document], offset: offset, length: count))
    isSeparated.append(separated)
    offset += count
  }

  /// Goes on to the next document if nothing of this one is left.
  private mutating func leaveIfOver() {
    guard document < documents.count, offset == length else { return }
    document += 1
    offset = 0
  }

  /// The tokens of the whole sentences that fit, or a stretch of one that does not.
  private func sentenceTokens(_ maximum: Int, orCut report: inout FramingReport) -> Int {
    let count = sentenceTokens(maximum, in: document, from: offset)
    guard count == 0 else { return count }
    report.note(.cutSentences)
    return maximum
  }

  /// The tokens of the whole sentences of a document that fit, from a token on.
  private func sentenceTokens(_ maximum: Int, in document: Int, from offset: Int) -> Int {
    let index = Int(documents[document])
    let length = length(of: document)
    if length - offset <= maximum { return length - offset }
    // The last sentence start that is not too far.
    var low = sentences.offsets[index]
    var high = sentences.offsets[index + 1]
    while low < high {
      let middle = (low + high) / 2
      if Int(sentences.starts[middle]) - offset <= maximum {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low > sentences.offsets[index] else { return 0 }
    return max(0, Int(sentences.starts[low - 1]) - offset)
  }
}
