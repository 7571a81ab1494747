// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

@Suite struct PermutationLMTests {
  private func unit(documents: Int = 100) throws -> TokenizedUnit {
    try syntheticUnit(documents: try randomLengths(documents: documents, seed: 66))
  }

  @Test func rowsAreTheTextWithSepAndClsBehind() throws {
    let small = try syntheticUnit(documents: [[6]])
    let row = try build(try make("plm", ["length": "10"]), small).rows[0]
    #expect(row["input_ids"] == [10, 11, 12, 13, 14, 15, 5, 4, 0, 0])
    #expect(row["attention_mask"] == [1, 1, 1, 1, 1, 1, 1, 1, 0, 0])
    #expect(row["target"]?.count { $0 == 1 } == 1)
  }

  @Test(arguments: [[:], ["predictions": "20"], ["context": "3"], ["preset": "xlnet"]])
  func theNumberOfTargetsIsExact(settings: [String: String]) throws {
    let built = try build(try make("plm", settings), try unit())
    for (row, frame) in zip(built.rows, built.frames) {
      let candidates = frame.tokens.count { $0 >= 10 }
      let fixed = settings["preset"] == nil ? settings["predictions"].flatMap(Int.init) : 85
      let context = Double(settings["context"].flatMap(Int.init) ?? 6)
      let share = max(1, Int((Double(candidates) / context).rounded(.toNearestOrEven)))
      #expect(row["target"]?.reduce(0, +) == Int64(min(candidates, fixed ?? share)))
    }
  }

  /// The published definition of perm_mask, from an order of positions, against the ranks.
  @Test(arguments: [0, 8, 20])
  func ranksGiveThePublishedMask(block: Int) throws {
    let built = try build(
      try make("plm", ["length": "40", "block": "\(block)", "context": "3"]), try unit())
    for row in built.rows.prefix(60) {
      let ranks = try #require(row["factorization_rank"])
      let targets = try #require(row["target"])
      let used = try #require(row["attention_mask"]).count { $0 == 1 }
      func blockOf(_ position: Int) -> Int { block == 0 ? 0 : position / block }
      for i in 0..<used {
        for j in 0..<used {
          let sees = ranks[j] < ranks[i] || ranks[j] == ranks[i] && targets[j] == 0
          // XLNet: all of an earlier block, nothing of a later one; in the own block all that is
          // no target, and of the targets those that come earlier in the order, never itself.
          let expected: Bool
          if blockOf(i) != blockOf(j) {
            expected = blockOf(j) < blockOf(i)
          } else if targets[j] == 0 {
            expected = true
          } else {
            expected = targets[i] == 1 && ranks[j] < ranks[i]
          }
          #expect(sees == expected)
        }
      }
      #expect(ranks[used...].allSatisfy { $0 == 0 } && targets[used...].allSatisfy { $0 == 0 })
    }
  }

  @Test func everyOrderIsEquallyLikely() throws {
    // Three targets of three words: six orders.
    let unit = try syntheticUnit(documents: [[Int]](repeating: [3], count: 6000), wordLength: 1)
    let rows = try build(try make("plm", ["length": "5", "predictions": "3"]), unit).rows
    var counts: [[Int64]: Int] = [:]
    for row in rows {
      counts[Array(try #require(row["factorization_rank"])[0..<3]), default: 0] += 1
    }
    #expect(counts.count == 6)
    for count in counts.values { expectShare(count, of: 6000, 1 / 6) }
  }

  /// The published algorithm over words, written naively with the same draws.
  @Test func targetsAreThoseOfTheNaiveRule() throws {
    let built = try build(try make("plm", ["length": "202"]), try unit())
    let law = DiscreteDistribution.harmonic(maximum: 5)
    let random = try streams()
    for (row, frame) in zip(built.rows, built.frames) {
      let count = frame.tokens.count
      let starts = frame.wordStarts.indices.filter { frame.wordStarts[$0] || $0 == 0 }
      var taken: Set<Int> = []
      var left = max(1, Int((Double(count) / 6).rounded(.toNearestOrEven)))
      var stream = random.stream(.mask, frame: frame.ordinal)
      var word = 0
      while left > 0, word < starts.count {
        let length = stream.next(law)
        let before = stream.uniform(below: 6 * length)
        let first = word + before
        if first + length > starts.count { break }
        let end = first + length < starts.count ? starts[first + length] : count
        if end - starts[first] <= left {
          taken.formUnion(starts[first]..<end)
          left -= end - starts[first]
        }
        word = first + length + 6 * length - before
      }
      let free = (0..<count).filter { !taken.contains($0) }
      var marks = [UInt8](repeating: 0, count: free.count)
      if left > 0 {
        marks.withUnsafeMutableBufferPointer { stream.markSubset(ofSize: left, in: $0) }
      }
      for (index, position) in free.enumerated() where marks[index] == 1 { taken.insert(position) }
      let targets = try #require(row["target"])
      #expect(Set(targets.indices.filter { targets[$0] == 1 }) == taken)
    }
  }

  @Test func specialTokensAreNeverTargets() throws {
    let built = try build(
      try make("plm", ["packing": "concatenate", "separator": "sep", "context": "1"]), try unit())
    for row in built.rows {
      for (target, id) in zip(try #require(row["target"]), try #require(row["input_ids"])) {
        #expect(target == (id >= 10 ? 1 : 0))
      }
    }
  }

  @Test func faultsAreNamed() throws {
    let unit = try syntheticUnit(documents: [[60]])
    let objective = try make("plm", ["length": "64"])
    let good = try build(objective, unit).rows[0]
    func faults(_ spoil: (inout ExampleRow) -> Void) -> [String] {
      var row = good
      spoil(&row)
      return objective.faults(in: row).map(\.description)
    }
    #expect(faults { _ in }.isEmpty)
    let target = good["target"]?.firstIndex(of: 1) ?? 0
    let other = good["target"]?.lastIndex(of: 1) ?? 0
    let taken = try #require(good["factorization_rank"])[target]
    let context = good["target"]?.firstIndex(of: 0) ?? 0
    #expect(faults { $0["target"]?[60] = 1 } == ["a special token is a target at position 60"])
    #expect(faults { $0["target"]?[63] = 1 } == ["padding is a target at position 63"])
    #expect(faults { $0["target"]?[0] = 2 } == ["target 2, 0 or 1 expected at position 0"])
    #expect(
      faults {
        $0["target"]?[target] = 0
        $0["factorization_rank"]?[target] = 0
      }.first == "9 targets where 10 are expected")
    #expect(
      faults { $0["factorization_rank"]?[context] = 3 }
        == ["rank 3 where the context has 0 at position \(context)"])
    #expect(
      faults { row in row["factorization_rank"]?[other] = taken }
        .first?.hasSuffix("where another target has it at position \(other)") == true)
    #expect(
      faults { $0["factorization_rank"]?[target] = 11 }
        == ["rank 11 where targets have 1 to 10 at position \(target)"])
    #expect(
      faults { $0["factorization_rank"]?[63] = 1 } == [
        "rank 1 where there is padding at position 63"
      ])
  }
}
