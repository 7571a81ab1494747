// SPDX-License-Identifier: Apache-2.0
import Randomness
import Testing

@testable import Training

@Suite struct CounterfactualTests {
  private func isSpecial(_ id: Int32) -> Bool { id < 9 || id >= 90 }

  /// `lengths` of sources, each of another document, with `marks` sentinels in front.
  private func examples(_ rows: [(length: Int, marks: Int)]) -> [TrainingExample] {
    rows.enumerated().map { index, row in
      let text = [Int32](repeating: Int32(20 + index % 60), count: row.length - row.marks)
      var example = TrainingExample(
        inputs: (0..<Int32(row.marks)).map { 98 - $0 } + text,
        labels: [Int32(20 + index % 60), 1], attention: .all, decoderInputs: [0, 20])
      example.document = .init(id: UInt64(index))
      return example
    }
  }

  @Test func anotherInputIsOfAnotherDocumentAndAsLong() throws {
    var examples = examples((0..<40).map { (5 + $0 % 10, 0) })
    for index in examples.indices { examples[index].document = .init(id: UInt64(index / 20)) }
    let pairs = try Counterfactual.otherSource.pairs(examples, seed: 1, isSpecial: isSpecial)
    #expect(pairs.count == 40)
    for (own, other) in pairs {
      #expect(other.labels == own.labels)
      #expect(other.decoderInputs == own.decoderInputs)
      #expect(other.inputs != own.inputs)
      #expect(other.inputs.count == own.inputs.count)
      let partner = try #require(examples.first { $0.inputs == other.inputs })
      #expect(partner.document.id != own.document.id)
    }
  }

  @Test func inputsOfOneSurfaceAreExchangedSoThatEachServesOnce() throws {
    let examples = examples((0..<60).map { (12 + $0 % 3, 1 + $0 % 2) })
    let pairs = try Counterfactual.otherSource.pairs(examples, seed: 1, isSpecial: isSpecial)
    #expect(Set(pairs.map(\.other.inputs)) == Set(examples.map(\.inputs)))
    for (own, other) in pairs {
      #expect(own.inputs.filter(isSpecial) == other.inputs.filter(isSpecial))
      #expect(own.inputs.count == other.inputs.count)
    }
  }

  @Test func whatBeginsARowIsNotHeldAgainstWhatEndsOne() throws {
    var examples = examples((0..<40).map { _ in (12, 1) })
    for index in examples.indices {
      examples[index].beginsRow = index % 2 == 0
      examples[index].endsRow = index % 2 == 1
    }
    let pairs = try Counterfactual.otherSource.pairs(examples, seed: 1, isSpecial: isSpecial)
    #expect(pairs.count == 40)
    for (own, other) in pairs {
      let partner = try #require(examples.first { $0.inputs == other.inputs })
      #expect(partner.beginsRow == own.beginsRow && partner.endsRow == own.endsRow)
    }
  }

  @Test func anInputLikeNoOtherIsLeftOut() throws {
    let odd = examples([(12, 1), (12, 1), (12, 1), (12, 4), (30, 1)])
    let pairs = try Counterfactual.otherSource.pairs(odd, seed: 1, isSpecial: isSpecial)
    #expect(pairs.map(\.own.inputs) == odd.prefix(3).map(\.inputs))
  }

  @Test func lengthsNearlyTheSameCountAsOneWhereAlmostAllDiffer() throws {
    let pairs = try Counterfactual.otherSource.pairs(
      examples((16..<32).map { ($0, 1) }), seed: 1, isSpecial: isSpecial)
    #expect(pairs.count == 16)
    for (own, other) in pairs { #expect(abs(own.inputs.count - other.inputs.count) == 1) }
  }

  @Test func noMorePairsThanWantedAreMade() throws {
    let examples = examples((0..<60).map { (12 + $0 % 3, 1) })
    for kind in [Counterfactual.otherSource, .oneToken, .shuffledContext] {
      #expect(try kind.pairs(examples, limit: 7, seed: 1, isSpecial: isSpecial).count == 7)
    }
  }

  @Test func inADecoderTheTargetMovesBehindTheOtherPrefix() {
    var own = TrainingExample(
      inputs: [20, 21, 22, 30, 31], labels: [-100, -100, 30, 31, -100], attention: .prefix(3))
    own.sourceLength = 3
    let other = own.withSource([40, 41])
    #expect(other.inputs == [40, 41, 30, 31])
    #expect(other.labels == [-100, 30, 31, -100])
    #expect(other.attention == .prefix(2))
    #expect(other.sourceLength == 2)
  }

  @Test func onlyVisibleOrdinaryTokensChangePlaces() throws {
    let text = (20..<60).map { Int32($0) }
    var inputs = [3] + text + [4]
    var labels = [Int32](repeating: -100, count: inputs.count)
    inputs[5] = 2
    labels[5] = 24
    let own = TrainingExample(inputs: inputs, labels: labels, attention: .all)
    var stream = try RandomStreams(key: StreamKey(seed: 1), unit: 0).stream(.judgement)
    let other = own.withShuffledContext(&stream, isSpecial: isSpecial)
    #expect(other.inputs != own.inputs)
    #expect(other.inputs.sorted() == own.inputs.sorted())
    #expect(other.inputs[0] == 3 && other.inputs[5] == 2 && other.inputs.last == 4)
    #expect(other.labels == own.labels)
  }

  @Test func aTokenThatIsPredictedFromBeforeKeepsItsPlace() throws {
    var own = TrainingExample(
      inputs: [20, 21, 2, 23, 24, 25], labels: [-100, 22, -100, -100, -100, -100], attention: .all)
    own.labelShift = 1
    var stream = try RandomStreams(key: StreamKey(seed: 3), unit: 0).stream(.judgement)
    #expect(own.withShuffledContext(&stream) { _ in false }.inputs[2] == 2)
  }

  @Test func documentsOfAPackedRowDoNotMix() throws {
    let segments: [Int32] = Array(repeating: 1, count: 20) + Array(repeating: 2, count: 20)
    let own = TrainingExample(
      inputs: (20..<60).map { $0 }, labels: Array(repeating: -100, count: 40),
      attention: .segments(segments, isCausal: false))
    var stream = try RandomStreams(key: StreamKey(seed: 1), unit: 0).stream(.judgement)
    let other = own.withShuffledContext(&stream, isSpecial: isSpecial)
    #expect(other.inputs.prefix(20).sorted() == Array(20..<40))
    #expect(other.inputs != own.inputs)
  }

  @Test func oneTokenOfHistoryStandsBehindThatOfAnotherRow() throws {
    let rows = [[20, 21, 22], [30, 31, 32]].enumerated().map { index, ids -> TrainingExample in
      var row = TrainingExample(
        inputs: ids.map { Int32($0) }, labels: [Int32(ids[1]), Int32(ids[2]), 40],
        attention: .causal)
      row.document = .init(id: UInt64(index))
      return row
    }
    let pairs = try Counterfactual.oneToken.pairs(rows, seed: 1, isSpecial: isSpecial)
    #expect(pairs.map(\.own) == rows)
    let other = pairs[0].other
    #expect(other.inputs == [30, 31, 32, 20, 21, 22])
    #expect(other.labels == [-100, -100, -100, 21, 22, 40])
    #expect(other.positions == [0, 1, 2, 0, 1, 2])
    #expect(other.attention == .borrowed([0, 0, 0], history: 3))
  }

  @Test func theHistoryOfAnotherRowStaysInItsDocument() {
    let own = TrainingExample(
      inputs: [20, 21, 22], labels: [21, 22, -100], attention: .segments([1, 1, 2], isCausal: true))
    let other = own.withHistory([30, 31])
    #expect(other.inputs == [30, 31, 20, 21, 22])
    #expect(other.attention == .borrowed([1, 1, 2], history: 2))
  }

  @Test func anotherSuffixLeavesEverythingElse() throws {
    let examples = (0..<4).map { index -> TrainingExample in
      let suffix = (0..<(5 + index / 2)).map { Int32(40 + 10 * index + $0) }
      let inputs: [Int32] = [5, 20, 21, 6] + suffix + [7, 30, 31, 1]
      var example = TrainingExample(
        inputs: inputs, labels: inputs.dropFirst() + [-100], attention: .causal)
      let end = 4 + suffix.count
      example.parts = .init(suffix: 4..<end, middle: end..<(end + 3))
      example.document = .init(id: UInt64(index))
      return example
    }
    let pairs = try Counterfactual.otherSuffix.pairs(examples, seed: 1, isSpecial: isSpecial)
    #expect(pairs.count == 4)
    for (own, other) in pairs {
      #expect(own.inputs.count == other.inputs.count)
      let suffix = try #require(own.parts).suffix
      #expect(own.inputs[suffix] != other.inputs[suffix])
      #expect(own.inputs.prefix(4) == other.inputs.prefix(4))
      #expect(other.labels.filter { $0 >= 0 } == [30, 31, 1])
      #expect(own.labels == other.labels)
    }
  }
}
