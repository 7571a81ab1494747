// SPDX-License-Identifier: Apache-2.0
import Randomness
import Testing

@testable import Training

@Suite("Gradients")
struct DerivativeTests {
  /// The loss in double precision, from a forward pass.
  private func loss(_ model: Model, _ batch: TrainingBatch) throws -> Double {
    let evaluation = try model.evaluate(batch)
    let labels = batch.labels.count { $0 >= 0 }
    var loss = evaluation.tokenNats.reduce(0.0) { $0 + Double($1) } / Double(labels)
    if let pairs = evaluation.pairNats, let pairLabels = batch.pairLabels {
      loss += pairs.reduce(0.0) { $0 + Double($1) } / Double(pairLabels.count)
    }
    return loss
  }

  @Test("are the slopes of the loss, for every parameter", arguments: ModelFamily.allCases)
  func slopes(family: ModelFamily) throws {
    var c = Tiny.configuration(family, pairs: family == .bert)
    c.isGated = family == .t5
    if c.isGated { c.activation = .geluNew }
    let batch = try Tiny.batch(c)
    let model = try Tiny.model(c)
    let losses = try model.gradients(of: [batch])
    #expect(abs(losses.total - (try loss(model, batch))) < 1e-5)
    var stream = try RandomStreams(key: StreamKey(seed: 1), unit: 0).stream(.measurement)
    for parameter in model.parameters.all {
      let gradient = (0..<parameter.count).map { Double(parameter.gradient[$0]) }
      let before = (0..<parameter.count).map { parameter.value[$0] }
      let direction = before.map { _ in stream.fraction() - 0.5 }
      let length = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let expected = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 } / length
      func moved(by step: Double) throws -> Double {
        for index in before.indices {
          parameter.value[index] = before[index] + Float(step * direction[index] / length)
        }
        return try loss(model, batch)
      }
      func difference(_ step: Double) throws -> Double {
        (try moved(by: step) - moved(by: -step)) / (2 * step)
      }
      // Two steps, so that the third derivative falls out (Richardson's extrapolation).
      let slope = (4 * (try difference(0.005)) - (try difference(0.01))) / 3
      for index in before.indices { parameter.value[index] = before[index] }
      #expect(
        abs(slope - expected) < 0.01 * abs(expected) + 2e-4,
        "\(parameter.name): \(slope) by differences, \(expected) by derivatives")
    }
  }

  @Test("of several batches are those of one that holds all of their rows")
  func accumulation() throws {
    let c = Tiny.configuration(.bert, pairs: true)
    let model = try Tiny.model(c)
    let (first, second) = (try Tiny.batch(c), try Tiny.batch(c, rows: 2, seed: 6))
    var both = first
    both.rows = 5
    both.inputIDs += second.inputIDs
    both.tokenTypeIDs = (first.tokenTypeIDs ?? []) + (second.tokenTypeIDs ?? [])
    both.visible += second.visible
    both.labels += second.labels
    both.pairLabels = (first.pairLabels ?? []) + (second.pairLabels ?? [])
    let apart = try model.gradients(of: [first, second])
    let gradients = model.parameters.all.map { p in (0..<p.count).map { p.gradient[$0] } }
    let together = try model.gradients(of: [both])
    #expect(abs(apart.total - together.total) < 1e-6)
    for (parameter, known) in zip(model.parameters.all, gradients) {
      for index in known.indices {
        #expect(abs(parameter.gradient[index] - known[index]) < 1e-5, "\(parameter.name)")
      }
    }
  }

  @Test("do not reach the embedding of an input that is the padding token")
  func frozenPadding() throws {
    var c = Tiny.configuration(.electra)
    c.padTokenID = 4
    let model = try Tiny.model(c)
    var batch = try Tiny.batch(c)
    batch.inputIDs[0] = 4
    _ = try model.gradients(of: [batch])
    let words = try #require(model.parameters["electra.embeddings.word_embeddings.weight"])
    let gradient = words.gradient
    #expect((0..<c.embeddingSize).allSatisfy { gradient[4 * c.embeddingSize + $0] == 0 })
    let other = Int(batch.inputIDs[1])
    #expect((0..<c.embeddingSize).contains { gradient[other * c.embeddingSize + $0] != 0 })
  }
}
