// SPDX-License-Identifier: Apache-2.0

/// Rows of which some texts are rearranged to prefix, suffix and middle.
extension RowCutter {
  /// The row where it is short enough, else its texts one by one, each shortened where neither its
  /// gap nor the joint of middle and suffix is.
  func middles(_ row: RowContent) -> [TrainingExample] {
    let count = min(row.inputs.count, row.labels.count)
    let tokens = (0..<count).map { TargetToken(token: row.inputs[$0], label: row.labels[$0]) }
    guard let prefix = plan.roles["fim-prefix"], let suffix = plan.roles["fim-suffix"],
      let middle = plan.roles["fim-middle"]
    else { return windows(row, shift: 1, isCausal: true) }
    let marks = Marks(prefix: prefix, suffix: suffix, middle: middle, end: plan.roles["eos"])
    let fragments = Self.fragments(tokens, marks)
    if count <= length {
      var piece = causal(tokens)
      var start = 0
      for fragment in fragments {
        if let parts = marks.parts(fragment) {
          piece.parts = .init(
            suffix: parts.suffix.shifted(by: start), middle: parts.middle.shifted(by: start))
        }
        start += fragment.count
      }
      return [piece]
    }
    return fragments.flatMap { fragment -> [TrainingExample] in
      guard let parts = marks.parts(fragment) else {
        return stride(from: 0, to: fragment.count, by: length - 1).compactMap { start in
          let end = min(start + length, fragment.count)
          return end - start > 1 ? causal(Array(fragment[start..<end])) : nil
        }
      }
      let short = shortened(fragment, parts, marks)
      var piece = causal(short)
      piece.parts = marks.parts(short)
      return [piece]
    }
  }

  private func causal(_ tokens: [TargetToken]) -> TrainingExample {
    TrainingExample(
      inputs: tokens.map(\.token),
      labels: tokens.dropFirst().map(\.label) + [TrainingExample.ignored], attention: .causal)
  }

  /// Texts, each ending with the end token or where the next one is marked to begin.
  private static func fragments(_ tokens: [TargetToken], _ marks: Marks) -> [[TargetToken]] {
    var fragments: [[TargetToken]] = [[]]
    for token in tokens {
      if token.token == marks.prefix, fragments.last?.isEmpty == false { fragments.append([]) }
      fragments[fragments.count - 1].append(token)
      if token.token == marks.end { fragments.append([]) }
    }
    return fragments.filter { !$0.isEmpty }
  }

  /// A rearranged text of at most ``length`` tokens: the end of the prefix, the beginning of the
  /// suffix, and of a long middle the end, what is before it going over to the prefix.
  private func shortened(
    _ fragment: [TargetToken], _ parts: TrainingExample.Parts, _ marks: Marks
  ) -> [TargetToken] {
    guard fragment.count > length else { return fragment }
    let tail = fragment.last?.token == marks.end ? fragment.suffix(1) : []
    let end = fragment.count - tail.count
    let suffix = fragment[parts.suffix].prefix((length - 4) * 3 / 10)
    let middleStart = min(parts.suffix.upperBound + 1, end)
    let before = parts.suffix.lowerBound > 2 ? fragment[1..<(parts.suffix.lowerBound - 1)] : []
    let room = length - 4 - suffix.count
    let mark = fragment[middleStart - 1]
    let suffixMark = fragment[parts.suffix.lowerBound - 1]
    if parts.suffix.lowerBound == 2 {
      // Suffix first: prefix and middle stand together.
      return [fragment[0], suffixMark] + suffix + [mark] + fragment[middleStart..<end].suffix(room)
        + tail
    }
    let text = before + fragment[middleStart..<end]
    let kept = text.suffix(room)
    let middleCount = min(end - middleStart, room * 6 / 10, kept.count)
    return [fragment[0]] + kept.dropLast(middleCount) + [suffixMark] + suffix + [mark]
      + kept.suffix(middleCount) + tail
  }

  private struct Marks {
    let prefix: Int32
    let suffix: Int32
    let middle: Int32
    let end: Int32?

    /// Where suffix and middle stand in a rearranged text; the middle as the outputs that predict
    /// it. Nil for other texts.
    func parts(_ fragment: [TargetToken]) -> TrainingExample.Parts? {
      guard fragment.first?.token == prefix,
        let suffixMark = fragment.firstIndex(where: { $0.token == suffix }),
        let middleMark = fragment.firstIndex(where: { $0.token == middle }),
        suffixMark < middleMark, middleMark + 1 < fragment.count
      else { return nil }
      var start = middleMark
      // With the suffix first nothing tells prefix from middle: the last part is taken for it.
      if suffixMark == 1 {
        start = max(middleMark, fragment.count - 1 - (fragment.count - middleMark) / 2)
      }
      return .init(suffix: (suffixMark + 1)..<middleMark, middle: start..<(fragment.count - 1))
    }
  }
}

extension Range<Int> {
  fileprivate func shifted(by offset: Int) -> Range<Int> {
    (lowerBound + offset)..<(upperBound + offset)
  }
}
