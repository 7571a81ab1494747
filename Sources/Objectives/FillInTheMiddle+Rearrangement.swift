// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension FillInTheMiddle {
  /// The three parts of a fragment, token by token.
  struct Parts {
    /// Prefix, middle and suffix, end to end.
    var tokens: [TokenID] = []
    var prefixEnd = 0
    var middleEnd = 0
    var areCutAtTokens = false

    /// Tokens of the rearranged fragment, without an end token.
    var rearrangedCount: Int { tokens.count + 3 }
  }

  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) throws(ObjectiveError) {
    let used: Int
    switch level {
    case .context:
      used = try buildFragments(frame, random, services, into: &out)
    case .document:
      used = frame.tokens.count
      let tokens = frame.tokens
      out.tokenIDs(0, count: padding == .fixed ? width : used) { row in
        _ = row.update(fromContentsOf: tokens)
        row[used...].update(repeating: padID)
      }
      tallyDocuments(frame, random, into: &out)
    }
    let total = padding == .fixed ? width : used
    if let labels {
      let row = out.lastTokenIDs(0, count: total)
      out.integers(labels, count: total) { values in
        for (index, id) in row.prefix(used).enumerated() {
          values[index] = Int32(truncatingIfNeeded: id)
        }
        values[used...].update(repeating: Column.ignoredLabel)
      }
    }
    if let attention { out.mask(attention, ones: used, count: total) }
    out.tally.inputTokens += used
    out.tally.inputPadding += total - used
    out.tally.lossTokens += max(0, used - 1)
    out.endRow()
  }

  /// Writes a row of fragments and returns its length without padding.
  private func buildFragments(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) throws(ObjectiveError) -> Int {
    var stream = random.stream(.mask, frame: frame.ordinal)
    let tokens = frame.tokens
    let pieces = frame.pieces
    let chosen = frame.chosen
    let scratch = out.scratch
    var row: [TokenID] = []
    swap(&row, &scratch.row)
    defer { swap(&row, &scratch.row) }
    row.removeAll(keepingCapacity: true)
    // What the fragments from each on need at least.
    var needed = 0
    for index in pieces.indices {
      let end = index + 1 < pieces.count ? pieces[index + 1].start : tokens.count
      needed += chosen[index] ? pieces[index].length + 4 : end - pieces[index].start
    }
    var rearranged = 0
    for index in pieces.indices {
      let piece = pieces[index]
      let end = index + 1 < pieces.count ? pieces[index + 1].start : tokens.count
      guard chosen[index] else {
        row.append(contentsOf: tokens[piece.start..<end])
        needed -= end - piece.start
        continue
      }
      needed -= piece.length + 4
      let isSuffixFirst = stream.bernoulli(suffixFirst)
      let room = width - row.count - needed - 1
      try split(
        tokens, piece.start..<piece.end, room: room, services, scratch, &stream)
      append(scratch.split, isSuffixFirst: isSuffixFirst, to: &row)
      row.append(endID)
      rearranged += scratch.split.rearrangedCount + 1
      out.tally.add(of: .rearrangedFragments)
      if isSuffixFirst { out.tally.add(of: .suffixFirstFragments) }
      if cutsCharacters, scratch.split.areCutAtTokens {
        out.tally.add(of: .fragmentsCutAtTokens)
      }
    }
    if rearranged > 0 { out.tally.add(of: .rearrangedRows) }
    out.tally.add(rearranged, of: .rearrangedTokens)
    let used = row.count
    out.tokenIDs(0, count: padding == .fixed ? width : used) { target in
      _ = target.update(fromContentsOf: row)
      target[used...].update(repeating: padID)
    }
    return used
  }

  /// The parts in the order in which a model reads them.
  func append(_ parts: Parts, isSuffixFirst: Bool, to row: inout [TokenID]) {
    row.append(prefixID)
    if !isSuffixFirst { row.append(contentsOf: parts.tokens[..<parts.prefixEnd]) }
    row.append(suffixID)
    row.append(contentsOf: parts.tokens[parts.middleEnd...])
    row.append(middleID)
    row.append(
      contentsOf: parts.tokens[(isSuffixFirst ? 0 : parts.prefixEnd)..<parts.middleEnd])
  }

  /// Splits tokens in three at two places, each of all places with equal probability.
  ///
  /// Cuts move to where tokens end if the parts do not fit, if the tokens hold a special one, whose
  /// text would become ordinary tokens, or if the tokenizer does not give the text back.
  private func split(
    _ tokens: [TokenID], _ range: Range<Int>, room: Int, _ services: borrowing Services,
    _ scratch: Scratch, _ stream: inout RandomStream
  ) throws(ObjectiveError) {
    if cutsCharacters {
      guard let codec = services.textCodec else {
        throw ObjectiveError(
          .missingInput, objective: Self.descriptor.name, subject: "text codec",
          "cuts=character needs a tokenizer that encodes text")
      }
      if !holdsSpecial(tokens, range),
        splitText(tokens, range, room: room, codec, scratch, &stream)
      {
        return
      }
    }
    let first = stream.uniform(below: range.count + 1)
    let second = stream.uniform(below: range.count + 1)
    scratch.split.tokens.removeAll(keepingCapacity: true)
    scratch.split.tokens.append(contentsOf: tokens[range])
    scratch.split.prefixEnd = min(first, second)
    scratch.split.middleEnd = max(first, second)
    scratch.split.areCutAtTokens = true
  }

  private func holdsSpecial(_ tokens: [TokenID], _ range: Range<Int>) -> Bool {
    vocabulary.withSpecialFlags { special in
      tokens.withUnsafeBufferPointer { tokens in
        var found = false
        for index in range {
          let token = Int(tokens[index])
          found = found || token >= special.count || special[token]
        }
        return found
      }
    }
  }

  /// Splits the text of tokens between characters; false if that cannot be done.
  private func splitText(
    _ tokens: [TokenID], _ range: Range<Int>, room: Int, _ codec: any TextCodec,
    _ scratch: Scratch, _ stream: inout RandomStream
  ) -> Bool {
    var text: [UInt8] = []
    var recoded: [UInt8] = []
    var parts = Parts()
    swap(&text, &scratch.text)
    swap(&recoded, &scratch.recoded)
    swap(&parts, &scratch.split)
    defer {
      swap(&text, &scratch.text)
      swap(&recoded, &scratch.recoded)
      swap(&parts, &scratch.split)
    }
    text.removeAll(keepingCapacity: true)
    recoded.removeAll(keepingCapacity: true)
    parts.tokens.removeAll(keepingCapacity: true)
    tokens.withUnsafeBufferPointer {
      codec.decode(UnsafeBufferPointer(rebasing: $0[range]), into: &text)
    }
    let characters = Characters.count(in: text)
    let one = stream.uniform(below: characters + 1)
    let other = stream.uniform(below: characters + 1)
    let first = Characters.offset(of: min(one, other), of: characters, in: text)
    let second = Characters.offset(of: max(one, other), of: characters, in: text)
    do throws(ObjectiveError) {
      try text.withUnsafeBufferPointer { text throws(ObjectiveError) in
        try codec.encode(UnsafeBufferPointer(rebasing: text[..<first]), into: &parts.tokens)
        parts.prefixEnd = parts.tokens.count
        try codec.encode(UnsafeBufferPointer(rebasing: text[first..<second]), into: &parts.tokens)
        parts.middleEnd = parts.tokens.count
        try codec.encode(UnsafeBufferPointer(rebasing: text[second...]), into: &parts.tokens)
      }
    } catch {
      // Text that the tokenizer cannot spell, as torn characters if it normalizes.
      return false
    }
    guard parts.rearrangedCount <= room else { return false }
    parts.tokens.withUnsafeBufferPointer { codec.decode($0, into: &recoded) }
    parts.areCutAtTokens = false
    return recoded == text
  }
}

extension FillInTheMiddle {
  /// Rearranges whole documents, for `level=document`.
  func rewrite(
    _ unit: TokenizedUnit, _ random: RandomStreams, _ services: borrowing Services
  ) throws(ObjectiveError) -> TokenizedUnit? {
    guard level == .document else { return nil }
    let scratch = Scratch()
    var tokens: [TokenID] = []
    tokens.reserveCapacity(unit.tokens.count + 4 * unit.documentCount)
    var offsets = [0]
    offsets.reserveCapacity(unit.documentCount + 1)
    for document in 0..<unit.documentCount {
      let range = unit.documentOffsets[document]..<unit.documentOffsets[document + 1]
      var stream = random.stream(.document, frame: UInt32(truncatingIfNeeded: document))
      if !range.isEmpty, stream.bernoulli(rate) {
        let isSuffixFirst = stream.bernoulli(suffixFirst)
        try split(unit.tokens, range, room: .max, services, scratch, &stream)
        append(scratch.split, isSuffixFirst: isSuffixFirst, to: &tokens)
      } else {
        tokens.append(contentsOf: unit.tokens[range])
      }
      offsets.append(tokens.count)
    }
    return try unit.rewritten(tokens: tokens, documentOffsets: offsets)
  }

  /// The coin of a document tells again whether it was rearranged. A document counts as a fragment
  /// in the row in which it starts.
  private func tallyDocuments(
    _ frame: borrowing Frame, _ random: RandomStreams, into out: inout ExampleBuilder
  ) {
    let pieces = frame.pieces
    var rearranged = 0
    for index in pieces.indices {
      let piece = pieces[index]
      var stream = random.stream(.document, frame: UInt32(truncatingIfNeeded: piece.document))
      guard stream.bernoulli(rate) else { continue }
      let end = index + 1 < pieces.count ? pieces[index + 1].start : frame.tokens.count
      rearranged += end - piece.start
      guard piece.offset == 0, piece.length > 0 else { continue }
      out.tally.add(of: .rearrangedFragments)
      if stream.bernoulli(suffixFirst) { out.tally.add(of: .suffixFirstFragments) }
    }
    if rearranged > 0 { out.tally.add(of: .rearrangedRows) }
    out.tally.add(rearranged, of: .rearrangedTokens)
  }
}

/// Places between the characters (Unicode scalars) of UTF-8 text, of which the ends may be torn: the
/// bytes before the first whole character belong to it.
enum Characters {
  /// How many characters there are; 1 for a torn one alone, 0 for nothing.
  static func count(in text: [UInt8]) -> Int {
    guard !text.isEmpty else { return 0 }
    return max(1, starts(in: text, 0..<text.count))
  }

  /// Where a character starts: 0 for the first, the end for the one behind the last.
  static func offset(of character: Int, of count: Int, in text: [UInt8]) -> Int {
    if character == 0 { return 0 }
    if character == count { return text.count }
    // In steps first, then byte by byte.
    var start = 0
    var left = character
    while start + 256 <= text.count {
      let step = starts(in: text, start..<start + 256)
      if step > left { break }
      left -= step
      start += 256
    }
    while start < text.count {
      if text[start] & 0xC0 != 0x80 {
        if left == 0 { return start }
        left -= 1
      }
      start += 1
    }
    return text.count
  }

  private static func starts(in text: [UInt8], _ range: Range<Int>) -> Int {
    text.withUnsafeBufferPointer { text in
      var continuations = 0
      for index in range { continuations &+= text[index] & 0xC0 == 0x80 ? 1 : 0 }
      return range.count - continuations
    }
  }
}
