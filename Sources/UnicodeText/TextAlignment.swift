// SPDX-License-Identifier: Apache-2.0

import CICUText

/// Where positions of a transformed text lie in the original: filled by ``TextPipeline``, one list
/// of changed stretches for each step that changed something.
///
/// A position between changes maps exactly. A position inside or at the end of a changed stretch
/// maps to the end of the original stretch: the fragment `e` of a decomposed `é` ends where `é`
/// ends. What was deleted belongs to what follows it. After ``TextStep/normalizeUnicode9(_:)`` the
/// stretches are single characters of the output: a composed `é` ends where its `e` did, as in
/// Hugging Face `tokenizers`. Reuse one value for many texts.
public struct TextAlignment: Sendable {
  /// Lists of changes in order of position; only the first `stepCount` are in use, the others keep
  /// their memory.
  private var steps: [[cicut_change]] = []
  private var stepCount = 0
  private var outputCount = 0

  /// The alignment of a text with itself.
  public init() {}

  /// Whether every position maps to itself.
  public var isIdentity: Bool { stepCount == 0 }

  /// Whether a step left out what its text began with.
  public var dropsBeginning: Bool {
    steps[..<stepCount].contains { changes in
      changes.first.map { $0.output_end == 0 && $0.original_end > 0 } ?? false
    }
  }

  /// The end in the original of what ends at `end` in the output. Positions outside the output are
  /// clamped to it.
  ///
  /// - Complexity: O(log changes) for each step that changed the text.
  public func originalEnd(ofOutput end: Int) -> Int {
    var position = min(max(end, 0), outputCount)
    for step in (0..<stepCount).reversed() {
      let changes = steps[step]
      var low = 0
      var high = changes.count
      while low < high {
        let middle = (low + high) / 2
        if Int(changes[middle].output_start) < position { low = middle + 1 } else { high = middle }
      }
      if low > 0 { position = changes[low - 1].originalEnd(of: position) }
    }
    return position
  }

  /// Replaces ascending output positions by the original ends, as ``originalEnd(ofOutput:)`` does
  /// for each. Positions that do not ascend are mapped too, only slower.
  ///
  /// - Complexity: O(positions + changes).
  public func mapEnds(_ ends: inout [Int]) {
    for i in ends.indices { ends[i] = min(max(ends[i], 0), outputCount) }
    for step in (0..<stepCount).reversed() {
      let changes = steps[step]
      var next = 0
      for i in ends.indices {
        let position = ends[i]
        if next > 0, Int(changes[next - 1].output_start) >= position { next = 0 }
        while next < changes.count, Int(changes[next].output_start) < position { next += 1 }
        if next > 0 { ends[i] = changes[next - 1].originalEnd(of: position) }
      }
    }
  }

  /// Adds the steps of another alignment, whose original is the output of this one.
  public mutating func append(_ other: TextAlignment) {
    for step in 0..<other.stepCount {
      var changes = other.steps[step]
      addStep(&changes)
    }
    outputCount = other.outputCount
  }

  /// Adds a step that changed these stretches of what was the output so far.
  public mutating func append(_ changes: TextChanges, outputCount: Int) {
    var items = changes.items
    addStep(&items)
    self.outputCount = outputCount
  }

  /// Forgets everything and keeps the memory.
  public mutating func reset() {
    stepCount = 0
    outputCount = 0
  }

  /// Adds a step; `fill` writes its changes into an empty list.
  mutating func addStep(_ changes: inout [cicut_change]) {
    guard !changes.isEmpty else { return }
    if stepCount == steps.count { steps.append([]) }
    swap(&steps[stepCount], &changes)
    stepCount += 1
  }

  /// The length of the final text.
  mutating func finish(outputCount: Int) { self.outputCount = outputCount }
}

extension cicut_change {
  /// Maps a position after `output_start` and before the next change.
  @inline(__always)
  fileprivate func originalEnd(of position: Int) -> Int {
    position <= Int(output_end) ? Int(original_end) : Int(original_end) + position - Int(output_end)
  }
}

/// The stretches that a step changed, in order of position, for ``TextAlignment``.
public struct TextChanges: Sendable {
  var items: [cicut_change] = []

  /// No changes.
  public init() {}

  /// Records one changed stretch: its output, and the end of what it was made of. Positions are
  /// below 2^31, as ``TextPipeline/maximumTextLength`` has it.
  @inline(__always)
  public mutating func append(outputStart: Int, outputEnd: Int, originalEnd: Int) {
    items.append(
      cicut_change(
        output_start: UInt32(truncatingIfNeeded: outputStart),
        output_end: UInt32(truncatingIfNeeded: outputEnd),
        original_end: UInt32(truncatingIfNeeded: originalEnd)))
  }

  /// Forgets all changes and keeps the memory.
  public mutating func removeAll() { items.removeAll(keepingCapacity: true) }
}
