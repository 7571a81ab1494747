// SPDX-License-Identifier: Apache-2.0
internal import Randomness

/// The same labels with another context.
extension TrainingExample {
  /// What the target is written from.
  var source: ArraySlice<Int32> {
    decoderInputs == nil ? inputs.prefix(sourceLength) : inputs[...]
  }

  /// The same target from another source.
  func withSource(_ source: ArraySlice<Int32>) -> TrainingExample {
    var other = self
    guard decoderInputs == nil else {
      other.inputs = Array(source)
      return other
    }
    other.inputs = Array(source) + inputs[sourceLength...]
    // The last output of the source predicts the first token of the target.
    let written = labels[max(0, sourceLength - 1)...]
    other.labels = [Int32](repeating: Self.ignored, count: max(0, source.count - 1)) + written
    other.sourceLength = source.count
    other.attention = .prefix(source.count)
    return other
  }

  /// The same text where before each token another text stands in the place of its own.
  func withHistory(_ text: [Int32]) -> TrainingExample {
    let history = text.prefix(inputs.count)
    var segments = [Int32](repeating: 0, count: inputs.count)
    if case .segments(let own, _) = attention { segments = own }
    let places = positions ?? Array(0..<Int32(inputs.count))
    var other = self
    other.inputs = history + inputs
    other.labels = [Int32](repeating: Self.ignored, count: history.count) + labels
    other.attention = .borrowed(segments, history: history.count)
    other.positions = places.prefix(history.count) + places
    other.parts = nil
    return other
  }

  /// The same text around another suffix, if that is long enough.
  func withSuffix(of other: TrainingExample) -> TrainingExample? {
    guard let own = parts?.suffix, let range = other.parts?.suffix, range.count >= own.count else {
      return nil
    }
    var result = self
    result.inputs.replaceSubrange(own, with: other.inputs[range].prefix(own.count))
    return result
  }

  /// Only the middle has labels.
  var judgedInTheMiddle: TrainingExample {
    guard let middle = parts?.middle else { return self }
    var result = self
    for position in labels.indices where !middle.contains(position) {
      result.labels[position] = Self.ignored
    }
    return result
  }

  /// Ordinary tokens without a label change places, each within its segment.
  func withShuffledContext(
    _ stream: inout RandomStream, isSpecial: (Int32) -> Bool
  ) -> TrainingExample {
    var text = inputs.count
    var isPredicted = [Bool](repeating: false, count: text)
    for (position, label) in labels.enumerated()
    where label != Self.ignored && position + labelShift < text {
      isPredicted[position + labelShift] = true
    }
    if case .ranks(let ranks, let isTarget, _) = attention {
      text = ranks.count
      isPredicted = isTarget
    }
    var movable: [Int32: [Int]] = [:]
    for position in 0..<text where !isPredicted[position] && !isSpecial(inputs[position]) {
      var segment = tokenTypes?[position] ?? 0
      if case .segments(let segments, _) = attention { segment = segments[position] }
      movable[segment, default: []].append(position)
    }
    var other = self
    for segment in movable.keys.sorted() {
      guard let places = movable[segment] else { continue }
      var order = places
      stream.shuffle(&order)
      for (place, source) in zip(places, order) { other.inputs[place] = inputs[source] }
    }
    return other
  }
}
