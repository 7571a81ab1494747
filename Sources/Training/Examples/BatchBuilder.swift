// SPDX-License-Identifier: Apache-2.0

/// Puts examples side by side, padded to a common length.
public struct BatchBuilder: Sendable {
  private let ids: IDMap
  private let family: ModelFamily
  private let padID: Int32
  private let length: Int
  private let decoderLength: Int

  /// A builder for the examples of a plan.
  ///
  /// - Parameter sample: examples that are as long as any; all batches have their lengths, so that
  ///   a model need not make room for many shapes.
  public init(_ plan: TrainingPlan, ids: IDMap, shapedBy sample: [TrainingExample] = []) {
    self.ids = ids
    family = plan.family
    padID = ids[plan.padID]
    length = sample.map(\.inputs.count).max() ?? 1
    decoderLength = sample.map { $0.decoderInputs?.count ?? 0 }.max() ?? 1
  }

  /// The batch of some examples.
  public func batch(_ examples: [TrainingExample]) -> TrainingBatch {
    let length = Self.rounded(max(length, examples.map(\.inputs.count).max() ?? 1))
    let inputs = padded(examples.map { $0.inputs.map { ids[$0] } }, length, with: padID)
    var batch = TrainingBatch(
      rows: examples.count, length: length, inputIDs: inputs,
      visible: Self.squares(examples.map { ($0.attention, $0.inputs.count) }, length), labels: [])
    if examples.contains(where: { $0.positions != nil }) {
      batch.positionIDs = padded(
        examples.map { $0.positions ?? Array(0..<Int32($0.inputs.count)) }, length, with: 0)
    }
    if examples.contains(where: { $0.tokenTypes != nil }) {
      batch.tokenTypeIDs = padded(examples.map { $0.tokenTypes ?? [] }, length, with: 0)
    }
    if examples.contains(where: { $0.pairLabel != nil }) {
      batch.pairLabels = examples.map { $0.pairLabel ?? TrainingExample.ignored }
    }
    if family == .t5 { batch.decoder = decoder(examples, encoderLength: length) }
    let labels = examples.map { example in
      // The labels of ELECTRA are no ids.
      family == .electra ? example.labels : example.labels.map { ids[$0] }
    }
    batch.labels = padded(labels, batch.labelLength, with: TrainingExample.ignored)
    return batch
  }

  private func decoder(
    _ examples: [TrainingExample], encoderLength: Int
  ) -> TrainingBatch.Decoder {
    let decoders = examples.map { $0.decoderInputs ?? [] }
    let length = Self.rounded(max(decoderLength, decoders.map(\.count).max() ?? 1))
    var cross = [UInt8](repeating: 0, count: examples.count * length * encoderLength)
    for (row, example) in examples.enumerated() {
      for query in 0..<length {
        let start = (row * length + query) * encoderLength
        for key in 0..<example.inputs.count { cross[start + key] = 1 }
      }
    }
    return TrainingBatch.Decoder(
      length: length,
      inputIDs: padded(
        decoders.map { $0.map { $0 == TrainingExample.ignored ? padID : ids[$0] } }, length,
        with: padID),
      visible: Self.squares(decoders.map { (.causal, $0.count) }, length), cross: cross)
  }

  private func padded(_ rows: [[Int32]], _ length: Int, with fill: Int32) -> [Int32] {
    var values = [Int32](repeating: fill, count: rows.count * length)
    for (row, content) in rows.enumerated() {
      for (index, value) in content.prefix(length).enumerated() {
        values[row * length + index] = value
      }
    }
    return values
  }

  private static func rounded(_ length: Int) -> Int {
    // A multiple of 8, for the kernels.
    (max(1, length) + 7) / 8 * 8
  }

  // MARK: Attention

  /// rows × length × length. Padding looks at itself, so that no row of scores is empty.
  private static func squares(
    _ rows: [(attention: TrainingExample.Attention, count: Int)], _ length: Int
  ) -> [UInt8] {
    var visible = [UInt8](repeating: 0, count: rows.count * length * length)
    visible.withUnsafeMutableBufferPointer { visible in
      for (row, content) in rows.enumerated() {
        let square = UnsafeMutableBufferPointer(
          rebasing: visible[(row * length * length)..<((row + 1) * length * length)])
        for position in content.count..<max(length, content.count) {
          square[position * length + position] = 1
        }
        fill(square, content.attention, content.count, length)
      }
    }
    return visible
  }

  private static func fill(
    _ square: UnsafeMutableBufferPointer<UInt8>, _ attention: TrainingExample.Attention,
    _ count: Int, _ length: Int
  ) {
    for query in 0..<count {
      let line = query * length
      switch attention {
      case .all: for key in 0..<count { square[line + key] = 1 }
      case .causal: for key in 0...query { square[line + key] = 1 }
      case .prefix(let prefix):
        let end = query < prefix ? min(prefix, count) : query + 1
        for key in 0..<end { square[line + key] = 1 }
      case .segments(let segments, let isCausal):
        for key in 0..<(isCausal ? query + 1 : count) where segments[key] == segments[query] {
          square[line + key] = 1
        }
      case .ranks(let ranks, let isTarget, let queries):
        // A text position sees itself too; a query sees what its position may see, and itself.
        let place = query < ranks.count ? query : queries[query - ranks.count]
        for key in ranks.indices
        where ranks[key] < ranks[place] || ranks[key] == ranks[place] && !isTarget[key] {
          square[line + key] = 1
        }
        square[line + query] = 1
      case .borrowed(let segments, let history):
        let place = query < history ? query : query - history
        for key in 0..<min(place, history) where segments[key] == segments[place] {
          square[line + key] = 1
        }
        square[line + query] = 1
      }
    }
  }
}
