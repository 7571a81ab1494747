// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Training

@Suite("A fresh encoder")
struct InitializationTests {
  private func model(_ family: ModelFamily = .bert, seed: UInt64 = 4) throws -> Model {
    try Model(
      .small(family, vocabularySize: 40, positions: 24, hiddenSize: 64, layers: 2), seed: seed,
      kernel: .portable)
  }

  private func rows(_ model: Model, _ name: String) throws -> [[Double]] {
    let parameter = try #require(model.parameters[name])
    return (0..<parameter.shape[0]).map { row in
      (0..<parameter.shape[1]).map { Double(parameter.value[row * parameter.shape[1] + $0]) }
    }
  }

  private func product(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  @Test(
    "has positions at right angles, all of one length", arguments: [ModelFamily.bert, .electra])
  func positions(family: ModelFamily) throws {
    let prefix = family.rawValue
    let model = try model(family)
    let table = try rows(model, "\(prefix).embeddings.position_embeddings.weight")
    let length =
      16 * 64 * model.configuration.initializerRange * model.configuration.initializerRange
    for (index, first) in table.enumerated() {
      for (other, second) in table.enumerated() {
        let expected = index == other ? length : 0
        #expect(abs(product(first, second) - expected) < 1e-4 * length)
      }
    }
  }

  @Test("looks with its first heads at the neighbours of each position")
  func neighbours() throws {
    let model = try model()
    let table = try rows(model, "bert.embeddings.position_embeddings.weight")
    let layer = "bert.encoder.layer.0.attention.self"
    let queries = try rows(model, "\(layer).query.weight")
    let keys = try rows(model, "\(layer).key.weight")
    for (head, place) in [-1, 1, -2, 2].enumerated() {
      let rows = head * 16..<(head + 1) * 16
      var hits = 0
      for position in 2..<22 {
        let query = rows.map { product(queries[$0], table[position]) }
        let scores = table.map { other in
          product(query, rows.map { product(keys[$0], other) })
        }
        let best = try #require(scores.indices.max { scores[$0] < scores[$1] })
        hits += best == position + place ? 1 : 0
      }
      #expect(hits >= 18, "head \(head)")
    }
  }

  @Test("draws its weights from the seed alone")
  func seeds() throws {
    let name = "bert.encoder.layer.0.attention.self.query.weight"
    #expect(try rows(model(), name) == rows(model(), name))
    #expect(try rows(model(), name) != rows(model(seed: 5), name))
  }

  @Test("predicts labels by their frequency before it has learnt anything")
  func frequencies() throws {
    let model = try model()
    var counts = [Int](repeating: 0, count: 40)
    counts[7] = 900
    counts[8] = 80
    model.begin(withFrequencies: counts)
    let logits = try model.logits(
      TrainingBatch(
        rows: 1, length: 4, inputIDs: [1, 2, 3, 4], visible: [UInt8](repeating: 1, count: 16),
        labels: [7, -100, -100, -100]), at: [0])
    let best = logits.indices.sorted { logits[$0] > logits[$1] }
    #expect(best.prefix(2) == [7, 8])
    // A table of another size is none of this model's.
    model.begin(withFrequencies: [1, 2])
  }
}
