// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Objectives

@Suite struct MaskedDiffusionTests {
  private func share(_ row: ExampleRow) throws -> Double {
    Double(try #require(row[reals: "p_mask"]?.first))
  }

  private func masked(_ row: ExampleRow) throws -> Int {
    try #require(row["labels"]).count { $0 != -100 }
  }

  @Test func theEndOfADocumentIsMaskedAndBOSIsNot() throws {
    let unit = try syntheticUnit(documents: [[Int]](repeating: [5], count: 300))
    let objective = try make(
      "mdlm",
      ["packing": "document", "framing_tokens": "bos", "length": "8", "noise_floor": "0.5"])
    let rows = try build(objective, unit).rows
    for row in rows {
      #expect(row["input_ids"]?.first == 3 && row["input_ids"]?.last == 0)
      #expect(row["labels"]?.first == -100 && row["labels"]?.last == -100)
      #expect(row["attention_mask"] == [1, 1, 1, 1, 1, 1, 1, 0])
    }
    let ends = rows.count { $0["labels"]?[6] == 1 }
    #expect(ends > 150)
    #expect(rows.count { $0["input_ids"]?[6] == 1 } == 300 - ends)
  }

  @Test func maskedTokensAreMasksAndTheirLabelsTheOriginals() throws {
    let unit = try syntheticUnit(documents: try randomLengths(documents: 50, seed: 65))
    for packing in ["concatenate", "document", "best-fit"] {
      let objective = try make("mdlm", ["packing": packing, "length": "128"])
      let built = try build(objective, unit)
      for (row, frame) in zip(built.rows, built.frames) {
        #expect(objective.restore(row) == frame.tokens.map { Int64($0) })
        for (label, id) in zip(try #require(row["labels"]), try #require(row["input_ids"])) {
          #expect((label != -100) == (id == 6))
        }
      }
    }
  }

  /// What is masked is binomial with the probability that stands in the column.
  @Test(arguments: ["uniform", "stratified"])
  func tokensAreMaskedWithTheProbabilityOfTheirRow(times: String) throws {
    let unit = try syntheticUnit(documents: [[Int]](repeating: [199], count: 1500))
    let rows = try build(try make("mdlm", ["length": "200", "times": times]), unit).rows
    var squares = 0.0
    var difference = 0.0
    var variance = 0.0
    var bins = [Int](repeating: 0, count: 10)
    for row in rows {
      let p = try share(row)
      #expect(p >= 0.00099 && p <= 1)
      let expected = 200 * p
      let spread = 200 * p * (1 - p)
      let error = Double(try masked(row)) - expected
      difference += error
      variance += spread
      squares += error * error / max(spread, 1e-9)
      bins[min(9, Int((p - 0.001) / 0.999 * 10))] += 1
    }
    #expect(abs(difference) < 4.5 * variance.squareRoot())
    // Standardised squares average to one.
    #expect(abs(squares / 1500 - 1) < 0.25)
    for bin in bins {
      if times == "uniform" {
        expectShare(bin, of: 1500, 0.1)
      } else {
        #expect(abs(bin - 150) <= 2)
      }
    }
  }

  /// Golden-ratio steps leave no large gap in any run of rows.
  @Test func stratifiedTimesCoverEveryRunOfRows() throws {
    let unit = try syntheticUnit(documents: [[Int]](repeating: [7], count: 320))
    let rows = try build(
      try make("mdlm", ["length": "8", "times": "stratified", "noise_floor": "0"]), unit
    ).rows
    let times = try rows.map { try share($0) }
    for start in stride(from: 0, to: 288, by: 17) {
      let batch = times[start..<start + 32].sorted()
      let gaps = zip(batch, batch.dropFirst()).map { $1 - $0 } + [batch[0] + 1 - batch[31]]
      #expect((gaps.max() ?? 1) < 0.07, "an even spread of 32 has gaps of 0.031")
    }
    let other = try build(
      try make("mdlm", ["length": "8", "times": "stratified", "noise_floor": "0"]), unit, epoch: 1
    ).rows
    #expect(try share(other[0]) != times[0])
  }

  @Test func faultsAreNamed() throws {
    let unit = try syntheticUnit(documents: [[199]])
    let objective = try make(
      "mdlm", ["length": "202", "framing_tokens": "bos", "noise_floor": "0.4"])
    let good = try build(objective, unit).rows[0]
    func faults(_ spoil: (inout ExampleRow) -> Void) -> [String] {
      var row = good
      spoil(&row)
      return objective.faults(in: row).map(\.description)
    }
    #expect(faults { _ in }.isEmpty)
    #expect(faults { $0["labels"]?[0] = 3 } == ["labels on a framing token at position 0"])
    #expect(faults { $0["labels"]?[201] = 3 } == ["labels on padding at position 201"])
    #expect(
      faults { $0[reals: "p_mask"] = [0.1] } == ["p_mask 0.1, 0.4...1 expected"])
    #expect(
      faults { $0[reals: "p_mask"] = [1] }.first?.hasSuffix("tokens masked where p_mask is 1.0")
        == true)
    #expect(faults { $0[reals: "p_mask"] = nil } == ["no column p_mask"])
    let first = try #require(good["labels"]).firstIndex { $0 != -100 } ?? 0
    #expect(
      faults { $0["labels"]?[first] = -100 }
        == ["a mask token without a label at position \(first)"])
    #expect(
      faults { $0["input_ids"]?[first] = 20 }
        == ["a label without a mask token at position \(first)"])
  }
}
