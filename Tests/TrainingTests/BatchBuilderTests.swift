// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Training

@Suite struct BatchBuilderTests {
  /// The square of a row as text, a line a query.
  private func square(_ batch: TrainingBatch, row: Int = 0, _ count: Int) -> [String] {
    (0..<count).map { query in
      (0..<count).map { key in
        String(batch.visible[(row * batch.length + query) * batch.length + key])
      }.joined()
    }
  }

  private func batch(_ examples: TrainingExample..., plan: TrainingPlan) -> TrainingBatch {
    BatchBuilder(plan, ids: IDMap(vocabularySize: 100)).batch(examples)
  }

  @Test func eachAttentionSaysWhoSeesWhom() {
    let inputs: [Int32] = [20, 21, 22, 23]
    func square(_ attention: TrainingExample.Attention) -> [String] {
      let example = TrainingExample(
        inputs: inputs, labels: [-100, -100, 21, 22], attention: attention)
      return self.square(batch(example, plan: Plans.plan(.causal)), 4)
    }
    #expect(square(.all) == ["1111", "1111", "1111", "1111"])
    #expect(square(.causal) == ["1000", "1100", "1110", "1111"])
    #expect(square(.prefix(2)) == ["1100", "1100", "1110", "1111"])
    #expect(square(.segments([1, 1, 2, 2], isCausal: true)) == ["1000", "1100", "0010", "0011"])
    #expect(square(.segments([1, 2, 2, 2], isCausal: false)) == ["1000", "0111", "0111", "0111"])
    #expect(square(.borrowed([1, 1], history: 2)) == ["1000", "1100", "0010", "1001"])
    #expect(square(.borrowed([1, 2], history: 2)) == ["1000", "0100", "0010", "0001"])
  }

  @Test func aQuerySeesWhatComesBeforeInTheOrder() {
    // Three tokens: the second is predicted first, then the third; queries for both.
    let example = TrainingExample(
      inputs: [20, 21, 22, 2, 2], labels: [-100, -100, -100, 21, 22],
      attention: .ranks([0, 1, 2], isTarget: [false, true, true], queries: [1, 2]))
    let batch = batch(example, plan: Plans.plan(.permuted))
    #expect(square(batch, 5) == ["10000", "11000", "11100", "10010", "11001"])
  }

  @Test func paddingIsSeenByItselfAlone() {
    let long = TrainingExample(inputs: [20, 21, 22], labels: [1, 1, 1], attention: .all)
    let short = TrainingExample(inputs: [20], labels: [1], attention: .all)
    let batch = batch(long, short, plan: Plans.plan(.masked))
    #expect(square(batch, row: 1, 3) == ["100", "010", "001"])
    #expect(batch.labels[batch.length...].filter { $0 != -100 } == [1])
  }

  @Test func decodersSeeTheirInputAndWhatTheyWrote() throws {
    let example = TrainingExample(
      inputs: [20, 21], labels: [30, 1], attention: .all, decoderInputs: [0, 30])
    let batch = batch(example, plan: Plans.plan(.blocks, decoderStart: 0))
    let decoder = try #require(batch.decoder)
    #expect(Array(decoder.inputIDs.prefix(2)) == [0, 30])
    #expect(
      Array(decoder.cross.prefix(batch.length)) == [1, 1]
        + [UInt8](repeating: 0, count: batch.length - 2))
    #expect(Array(decoder.visible.prefix(3)) == [1, 0, 0])
    #expect(Array(batch.labels.prefix(3)) == [30, 1, -100])
  }

  @Test func allBatchesHaveTheLengthsOfTheSample() {
    let long = TrainingExample(
      inputs: Array(repeating: 20, count: 30), labels: Array(repeating: 20, count: 30),
      attention: .all)
    let builder = BatchBuilder(
      Plans.plan(.masked), ids: IDMap(vocabularySize: 100), shapedBy: [long])
    let short = TrainingExample(inputs: [20], labels: [1], attention: .all)
    #expect(builder.batch([short]).length == 32)
  }

  @Test func frequentIdsStayApartAndTheRestSharesAFew() {
    var ids: [Int32] = []
    for id in 0..<1000 { ids += Array(repeating: Int32(id), count: 1 + id % 7) }
    let example = TrainingExample(inputs: ids, labels: [], attention: .all)
    let map = IDMap(mostFrequentOf: [example], vocabularySize: 1000, always: [0], limit: 300)
    #expect(map.size == 300)
    let frequent = (0..<1000).filter { $0 % 7 == 6 }.map { Int32($0) }
    #expect(Set(frequent.map { map[$0] }).count == frequent.count)
    #expect(frequent.allSatisfy { map[$0] < 150 })
    #expect(map[0] < 150)
    #expect((0..<1000).allSatisfy { (0..<300).contains(map[Int32($0)]) })
    #expect(map[-100] == -100)
  }

  @Test func aSmallVocabularyStaysAsItIs() {
    let map = IDMap(mostFrequentOf: [], vocabularySize: 100)
    #expect(map.size == 100)
    #expect(map.table == nil)
    #expect(map[42] == 42)
  }
}
