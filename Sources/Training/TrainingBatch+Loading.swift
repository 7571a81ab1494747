// SPDX-License-Identifier: Apache-2.0

extension TrainingBatch {
  /// Refuses what does not fit the model, before any of it is used as an index.
  func check(against c: ModelConfiguration) throws(TrainingError) {
    func refuse(_ message: String) -> TrainingError { TrainingError(.usage, "batch: \(message)") }
    let isT5 = c.family == .t5
    guard rows > 0, length > 0, rows <= 1 << 20, length <= 1 << 20 else {
      throw refuse("\(rows) rows of \(length) positions")
    }
    guard (decoder != nil) == isT5 else {
      throw refuse(isT5 ? "an encoder–decoder needs decoder inputs" : "there is no decoder")
    }
    try check(inputIDs, "input ids", rows * length, below: c.vocabularySize)
    if let positionIDs, !isT5 {
      try check(positionIDs, "position ids", rows * length, below: c.positions)
    } else if !isT5, length > c.positions {
      throw refuse("rows of \(length) positions; the model has \(c.positions)")
    }
    if let tokenTypeIDs, c.tokenTypes > 0 {
      try check(tokenTypeIDs, "token types", rows * length, below: c.tokenTypes)
    }
    guard visible.count == rows * length * length else {
      throw refuse("\(visible.count) flags of visibility for \(rows) × \(length) × \(length)")
    }
    if let decoder {
      let target = decoder.length
      guard target > 0, target <= 1 << 20 else { throw refuse("a decoder of no positions") }
      try check(decoder.inputIDs, "decoder ids", rows * target, below: c.vocabularySize)
      guard decoder.visible.count == rows * target * target,
        decoder.cross.count == rows * target * length
      else { throw refuse("flags of visibility do not fit a decoder of \(target) positions") }
    }
    let classes = c.family == .electra ? 2 : c.vocabularySize
    try check(labels, "labels", rows * labelLength, below: classes, ignoring: -100)
    if let pairLabels { try check(pairLabels, "pair labels", rows, below: 2, ignoring: -100) }
  }

  private func check(
    _ values: [Int32], _ name: String, _ count: Int, below limit: Int, ignoring ignored: Int32 = 0
  ) throws(TrainingError) {
    guard values.count == count else {
      throw TrainingError(.usage, "batch: \(values.count) \(name) where \(count) are needed")
    }
    let bound = Int32(clamping: limit)
    if let bad = values.first(where: { ($0 < 0 || $0 >= bound) && $0 != ignored }) {
      throw TrainingError(
        .usage, "batch: \(bad) among the \(name); the model has 0 to \(limit - 1)")
    }
  }
}

extension Graph {
  /// Takes a batch that was checked.
  func load(_ batch: TrainingBatch) {
    tokens.ids.assign(batch.inputIDs)
    tokens.positions.assign(batch.positionIDs, rows: batch.rows, length: batch.length)
    tokens.types.assign(batch.tokenTypeIDs, rows: batch.rows, length: batch.length, counting: false)
    mask.assign(batch.visible)
    if let decoder = batch.decoder {
      target.ids.assign(decoder.inputIDs)
      targetMask.assign(decoder.visible)
      crossMask.assign(decoder.cross)
    }
    labelled.assign(labels: batch.labels)
    pairs.assign(labels: batch.pairLabels, step: batch.length)
  }
}

extension IntegerBuffer {
  /// Replaces the values; without any by 0, 1, … in every row, or by zeros.
  fileprivate func assign(
    _ values: [Int32]?, rows: Int, length: Int, counting: Bool = true
  ) {
    if let values { return assign(values) }
    removeAll()
    for _ in 0..<rows {
      for position in 0..<length { append(counting ? Int32(truncatingIfNeeded: position) : 0) }
    }
  }
}
