// SPDX-License-Identifier: Apache-2.0

extension PrefixLM {
  func restore(_ row: ExampleRow) -> [Int64]? {
    pair.texts(of: row).map { Array($0.input + $0.target) }
  }
}

extension UL2 {
  func restore(_ row: ExampleRow) -> [Int64]? {
    let task = row["task"]?.first
    guard let denoiser = denoisers.first(where: { Int64($0.task) == task }),
      let texts = pair.texts(of: row)
    else { return nil }
    let sides = SequencePair.Sides(
      input: denoiser.mode == nil ? texts.input : texts.input.dropFirst(), target: texts.target)
    switch denoiser.corruption {
    case .split: return Array(sides.input + sides.target)
    case .spans(let noise):
      guard !noise.isCut(to: pair.targetsLength) else { return nil }
      return SpanSides.stretches(sides, isSentinel: isSentinel).map { $0.flatMap(\.tokens) }
    }
  }
}

extension IIDNoise {
  /// Noise that is left out, or whose runs are not told apart, cannot be put back.
  func restore(_ row: ExampleRow) -> [Int64]? {
    guard let texts = pair.texts(of: row) else { return nil }
    switch (inputs, targets) {
    case (_, .full): return Array(texts.target)
    case (.spans, .spans), (.same, .spans):
      return SpanSides.stretches(texts, isSentinel: isSentinel).map { $0.flatMap(\.tokens) }
    case (.tokens, .spans), (.tokens, .drop):
      guard replaces else { return nil }
      var noise = texts.target.lazy.filter { !isSentinel[Int($0)] }.makeIterator()
      return texts.input.map { isSentinel[Int($0)] ? noise.next() ?? $0 : $0 }
    case (.spans, .drop), (.same, .drop), (.drop, _): return nil
    }
  }
}

extension BlockNoise {
  /// The target is the source.
  func restore(_ row: ExampleRow) -> [Int64]? {
    var check = RowCheck(row)
    guard let sides = pair.sides(&check) else { return nil }
    return content(&check, "labels", sides.target).map { Array($0) }
  }
}
