// SPDX-License-Identifier: Apache-2.0
internal import Objectives

/// The tokens of a row without its padding, and its labels.
struct RowContent {
  var inputs: [Int32]
  /// As they stand in the row, −100 where there is none; of rows without labels the ids.
  var labels: [Int32]
  /// The document of each position of a packed row, from 1.
  var segments: [Int32]?
  /// How many of the first tokens are source; nil where the target has a row of its own.
  var prefixLength: Int?

  /// nil for a row without ids.
  init?(_ row: ExampleRow) {
    guard let ids = row["input_ids"] else { return nil }
    var used = ids.count
    if let mask = row["attention_mask"] {
      used = min(used, mask.lastIndex(of: 1).map { $0 + 1 } ?? 0)
    } else if let segments = row["segment_ids"] {
      used = min(used, segments.lastIndex { $0 > 0 }.map { $0 + 1 } ?? 0)
    }
    inputs = ids.prefix(used).map { Int32(truncatingIfNeeded: $0) }
    labels = row["labels"].map { $0.map { Int32(truncatingIfNeeded: $0) } } ?? inputs
    segments = row["segment_ids"]?.prefix(used).map { Int32(truncatingIfNeeded: $0) }
    prefixLength = row["prefix_lengths"]?.first.map { min(max(0, Int($0)), used) }
  }

  /// The source, and the tokens to be written with the label of each.
  func parts() -> (source: [Int32], target: [TargetToken]) {
    guard let prefixLength else {
      let target = labels.filter { $0 != TrainingExample.ignored }
      return (inputs, target.map { TargetToken(token: $0, label: $0) })
    }
    let target = (prefixLength..<inputs.count).map { position in
      TargetToken(
        token: inputs[position],
        label: position < labels.count ? labels[position] : TrainingExample.ignored)
    }
    return (Array(inputs[..<prefixLength]), target)
  }
}

/// A token that is to be written.
struct TargetToken: Hashable {
  /// What stands there.
  var token: Int32
  /// What the label says that stands there; not the same where labels are wrong.
  var label: Int32
}
