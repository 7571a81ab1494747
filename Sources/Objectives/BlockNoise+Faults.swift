// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension BlockNoise {
  func faults(in row: ExampleRow) -> [Fault] {
    var check = RowCheck(row)
    guard let sides = pair.sides(&check) else { return check.faults }
    guard let input = content(&check, "input_ids", sides.input),
      let target = content(&check, "labels", sides.target)
    else { return check.faults }
    if masks, let position = target.firstIndex(of: Int64(maskID)) {
      check.fault("mask", "labels", at: position, "a mask token in labels")
      return check.faults
    }
    if permuted == 0, rotated.threshold == 0 {
      checkInPlace(&check, input, target)
    } else {
      checkRearranged(&check, input, target)
    }
    checkCounts(&check, input, target)
    return check.faults
  }

  private var masks: Bool {
    switch masking {
    case .nothing, .delete: false
    case .infill, .mask: true
    }
  }

  /// What stands between the framing tokens.
  func content(
    _ check: inout RowCheck, _ column: String, _ values: ArraySlice<Int64>
  ) -> ArraySlice<Int64>? {
    let framing = prefix.count + suffix.count
    guard values.count >= framing,
      values.starts(with: prefix.lazy.map { Int64($0) }),
      values.suffix(suffix.count).elementsEqual(suffix.lazy.map { Int64($0) })
    else {
      check.fault(
        "framing", column,
        "\(column) do not begin with \(prefix) and end with \(suffix)")
      return nil
    }
    return values.dropFirst(prefix.count).dropLast(suffix.count)
  }

  private func fault(_ check: inout RowCheck, _ message: String) {
    check.fault("source", "input_ids", message)
  }

  /// Checks a row whose order is that of its target.
  private func checkInPlace(
    _ check: inout RowCheck, _ input: ArraySlice<Int64>, _ target: ArraySlice<Int64>
  ) {
    let mask = Int64(maskID)
    switch masking {
    case .nothing:
      if input != target { fault(&check, "input_ids and labels differ") }
    case .delete:
      if !Wildcards.isSubsequence(input, of: target) {
        fault(&check, "input_ids are not the labels with tokens left out")
      }
    case .mask:
      guard unit == .words || input.count == target.count else {
        fault(&check, "\(input.count) tokens of input for \(target.count) of target")
        return
      }
      // A random token cannot be told from one that stayed, except by its place.
      guard random.threshold == 0 else { return }
      if !Wildcards.match(input, target, minimum: 1, isWildcard: { $0 == mask }) {
        fault(&check, "input_ids are not the labels with masks")
      }
    case .infill:
      guard random.threshold == 0 else { return }
      if !Wildcards.match(input, target, minimum: 0, isWildcard: { $0 == mask }) {
        fault(&check, "input_ids are not the labels with stretches masked")
      }
    }
  }

  /// Checks a row whose parts have changed places: nothing new but masks.
  private func checkRearranged(
    _ check: inout RowCheck, _ input: ArraySlice<Int64>, _ target: ArraySlice<Int64>
  ) {
    if case .nothing = masking {
      if permuted == 0, !Wildcards.isRotation(input, of: target) {
        fault(&check, "input_ids are not the labels rotated")
      } else if input.count != target.count || !Wildcards.isContained(input, in: target) {
        fault(&check, "input_ids do not have the same tokens as labels")
      }
      return
    }
    guard random.threshold == 0 else { return }
    let mask = Int64(maskID)
    let kept = masks ? input.filter { $0 != mask }[...] : input
    if !Wildcards.isContained(kept, in: target) {
      fault(&check, "input_ids have tokens that labels do not have")
    }
  }

  /// Checks how much is gone, where tokens are counted.
  private func checkCounts(
    _ check: inout RowCheck, _ input: ArraySlice<Int64>, _ target: ArraySlice<Int64>
  ) {
    let expected = budget(target.count)
    let mask = Int64(maskID)
    let masks = self.masks ? input.count { $0 == mask } : 0
    let found: Int
    var isExact = unit == .tokens
    switch masking {
    case .nothing: return
    case .delete: found = target.count - input.count
    case .mask:
      guard unit == .tokens, input.count == target.count else { return }
      if random.threshold > 0, permuted == 0, rotated.threshold == 0 {
        found = zip(input, target).count { $0 != $1 }
      } else {
        found = masks
        isExact = random.threshold == 0
      }
    case .infill(_, let overlaps):
      guard random.threshold == 0 else { return }
      found = target.count - (input.count - masks)
      isExact = isExact && !overlaps
    }
    // Words are not told from tokens in a row; they are at least as many tokens, or all.
    let isRight = isExact ? found == expected : unit == .words || found <= expected
    if !isRight {
      check.fault(
        "rate", "input_ids",
        "\(found) of \(target.count) tokens are gone where \(rate) × \(target.count) is"
          + " \(expected)")
    }
  }
}
