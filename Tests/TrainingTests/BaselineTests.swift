// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Training

@Suite struct BaselineTests {
  private func causal(_ ids: [Int32]) -> TrainingExample {
    TrainingExample(inputs: ids, labels: ids.dropFirst() + [-100], attention: .causal)
  }

  @Test func frequenciesCostTheirEntropy() {
    var model = LabelModel(size: 4)
    let example = causal(Array(repeating: [0, 1, 2, 3], count: 500).flatMap { $0 })
    model.add(example) { $0 }
    let nats = model.nats(of: [example]) { $0 }
    #expect(abs(nats.unigram - log(4)) < 1e-3)
    // The token before says all.
    #expect(nats.bigram < 0.02)
    #expect(nats.labels == 1999)
  }

  @Test func whatWasNeverSeenCostsSomething() {
    var model = LabelModel(size: 1000)
    model.add(causal([1, 2, 1, 2, 1, 2])) { $0 }
    let nats = model.nats(of: [causal([1, 500, 1])]) { $0 }
    #expect(nats.unigram.isFinite && nats.unigram > 1)
    #expect(nats.bigram.isFinite)
  }

  @Test func decodersCountAfterWhatTheyRead() {
    var model = LabelModel(size: 50)
    let example = TrainingExample(
      inputs: [9, 9], labels: [20, 21], attention: .all, decoderInputs: [0, 20])
    for _ in 0..<100 { model.add(example) { $0 } }
    #expect(model.nats(of: [example]) { $0 }.bigram < 0.05)
  }

  @Test func aTokenThatIsAlwaysReplacedTellsItself() {
    var baseline = ReplacementBaseline(vocabularySize: 10)
    let example = TrainingExample(inputs: [1, 2, 1, 2], labels: [0, 1, 0, 1], attention: .all)
    for _ in 0..<200 { baseline.add(example) }
    #expect(abs(baseline.entropy - log(2)) < 1e-3)
    #expect(baseline.nats(of: [example])[0].reduce(0, +) < 0.05)
  }

  @Test func aTokenThatSaysNothingCostsTheShare() {
    var baseline = ReplacementBaseline(vocabularySize: 10)
    let rows = (0..<4).map { replaced in
      TrainingExample(
        inputs: [1, 1, 1, 1], labels: (0..<4).map { $0 == replaced ? 1 : 0 }, attention: .all)
    }
    for row in (0..<200).flatMap({ _ in rows }) { baseline.add(row) }
    let nats = baseline.nats(of: rows).reduce(0) { $0 + $1.reduce(0, +) }
    #expect(abs(nats / 16 - baseline.entropy) < 1e-3)
  }

  @Test func whatPlacesTellIsNoContext() {
    var baseline = ReplacementBaseline(vocabularySize: 10)
    let one = TrainingExample(inputs: [1, 2, 1, 2], labels: [0, 0, 0, 1], attention: .all)
    let other = TrainingExample(inputs: [2, 1, 2, 1], labels: [0, 0, 0, 1], attention: .all)
    for row in (0..<500).flatMap({ _ in [one, other] }) { baseline.add(row) }
    #expect(baseline.nats(of: [one, other]).allSatisfy { $0.reduce(0, +) < 0.3 })
  }
}
