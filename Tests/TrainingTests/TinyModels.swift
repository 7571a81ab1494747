// SPDX-License-Identifier: Apache-2.0
import Randomness

@testable import Training

/// Models and batches of every family, small enough for naive computations.
enum Tiny {
  static func configuration(_ family: ModelFamily, pairs: Bool = false) -> ModelConfiguration {
    var c = ModelConfiguration.small(
      family, vocabularySize: 23, positions: 9, hiddenSize: 64, layers: 2, hasPairHead: pairs)
    c.hiddenSize = 12
    c.embeddingSize = family == .electra ? 7 : 12
    c.heads = 3
    c.headSize = family == .t5 ? 5 : 4
    c.innerSize = 10
    c.relativeBuckets = family == .t5 ? 8 : 0
    c.relativeMaximumDistance = family == .t5 ? 6 : 0
    c.initializerRange = family == .t5 ? 1 : 0.2
    return c
  }

  /// Three rows of which one is padded; about two thirds of the positions have labels.
  static func batch(
    _ c: ModelConfiguration, rows: Int = 3, length: Int = 7, seed: UInt64 = 5
  ) throws -> TrainingBatch {
    var stream = try RandomStreams(key: StreamKey(seed: seed), unit: 0).stream(.frame)
    func ids(_ count: Int, below limit: Int) -> [Int32] {
      (0..<count).map { _ in Int32(stream.uniform(below: limit)) }
    }
    func labels(_ count: Int) -> [Int32] {
      let classes = c.family == .electra ? 2 : c.vocabularySize
      return ids(count, below: classes).map { stream.uniform(below: 3) == 0 ? -100 : $0 }
    }
    let visible = (0..<rows).flatMap { row in
      (0..<length * length).map { place -> UInt8 in
        let (query, key) = (place / length, place % length)
        if c.family == .gpt2 { return key <= query ? 1 : 0 }
        return row == 1 && key > 3 ? 0 : 1
      }
    }
    var batch = TrainingBatch(
      rows: rows, length: length, inputIDs: ids(rows * length, below: c.vocabularySize),
      tokenTypeIDs: c.tokenTypes > 0 ? ids(rows * length, below: 2) : nil, visible: visible,
      labels: labels(rows * length))
    if c.family == .t5 {
      let target = 5
      batch.labels = labels(rows * target)
      batch.decoder = .init(
        length: target, inputIDs: ids(rows * target, below: c.vocabularySize),
        visible: (0..<rows * target * target).map { place in
          place % target <= place / target % target ? 1 : 0
        },
        cross: (0..<rows * target * length).map { place in
          place / (target * length) == 1 && place % length > 3 ? 0 : 1
        })
    }
    if c.hasPairHead { batch.pairLabels = (0..<rows).map { Int32($0 % 2) } }
    return batch
  }

  static func model(
    _ c: ModelConfiguration, threads: Int = 1, kernel: MatrixKernel = .portable
  ) throws -> Model {
    let model = try Model(c, seed: 3, threads: threads, kernel: kernel)
    // Biases and scales too are to matter.
    var stream = try RandomStreams(key: StreamKey(seed: 9), unit: 0).stream(.frame)
    for parameter in model.parameters.all where !parameter.isMatrix {
      for index in 0..<parameter.count {
        parameter.value[index] += Float(stream.fraction() - 0.5) / 5
      }
    }
    return model
  }
}
