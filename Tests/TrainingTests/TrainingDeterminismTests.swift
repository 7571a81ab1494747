// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Training

@Suite("Training with the portable kernel")
struct TrainingDeterminismTests {
  private func weights(_ model: Model) -> [[UInt32]] {
    model.parameters.all.map { p in (0..<p.count).map { p.value[$0].bitPattern } }
  }

  @Test("gives the same bits for any number of threads", arguments: ModelFamily.allCases)
  func threads(family: ModelFamily) throws {
    let c = Tiny.configuration(family)
    let batch = try Tiny.batch(c)
    let optimizer = AdamW(learningRate: 1e-2, maximumGradientNorm: 0.5)
    var results: [[[UInt32]]] = []
    for threads in [1, 2, 5] {
      let model = try Tiny.model(c, threads: threads)
      for _ in 0..<3 { _ = try model.step([batch], optimizer: optimizer) }
      results.append(weights(model))
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  @Test("gives a position the same logits whatever else is in the batch")
  func company() throws {
    let c = Tiny.configuration(.bert)
    let model = try Tiny.model(c, threads: 2)
    let batch = try Tiny.batch(c, rows: 6)
    let together = try model.logits(batch, at: [2, 17, 30])
    var alone = batch
    alone.rows = 1
    alone.inputIDs = Array(batch.inputIDs[14..<21])
    alone.tokenTypeIDs = batch.tokenTypeIDs.map { Array($0[14..<21]) }
    alone.visible = Array(batch.visible[98..<147])
    alone.labels = Array(batch.labels[14..<21])
    #expect(try model.logits(alone, at: [3]) == Array(together[23..<46]))
  }

  @Test("agrees with OpenBLAS up to rounding", arguments: ModelFamily.allCases)
  func kernels(family: ModelFamily) throws {
    let c = Tiny.configuration(family)
    let batch = try Tiny.batch(c)
    let all = Array(0..<batch.rows * batch.labelLength)
    let portable = try Tiny.model(c).logits(batch, at: all)
    let blas = try Tiny.model(c, threads: 2, kernel: .openBLAS).logits(batch, at: all)
    #expect(portable.count == blas.count)
    for (first, second) in zip(portable, blas) { #expect(abs(first - second) < 1e-4) }
  }

  @Test("lowers the loss of a batch that it sees again and again", arguments: ModelFamily.allCases)
  func memorizes(family: ModelFamily) throws {
    let c = Tiny.configuration(family)
    let batch = try Tiny.batch(c)
    let model = try Model(c, seed: 1, threads: 1, kernel: .portable)
    let optimizer = AdamW(learningRate: 2e-2)
    let first = try model.step([batch], optimizer: optimizer).total
    var last = first
    for _ in 0..<80 { last = try model.step([batch], optimizer: optimizer).total }
    #expect(last < first / 3, "from \(first) to \(last)")
  }

  @Test("takes shorter batches and other lengths in turn, and stays right")
  func shapes() throws {
    let c = Tiny.configuration(.gpt2)
    let model = try Tiny.model(c)
    let long = try Tiny.batch(c, rows: 4)
    let short = try Tiny.batch(c, rows: 2, length: 5)
    let expected = try model.logits(short, at: [0, 9])
    _ = try model.logits(long, at: [3])
    _ = try model.gradients(of: [long, short])
    let few = try Tiny.batch(c, rows: 1)
    let fresh = try Tiny.model(c).logits(few, at: [6])
    #expect(try model.logits(few, at: [6]) == fresh)
    #expect(try model.logits(short, at: [0, 9]) == expected)
  }
}
