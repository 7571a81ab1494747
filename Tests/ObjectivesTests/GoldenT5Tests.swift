// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Objectives

/// What the original T5 preprocessors give; the file lies beside the checkout.
private struct GoldenT5: Decodable {
  struct Placement: Decodable {
    let tokens: [TokenID]
    let mask: [UInt8]
    let noiseSpanToUniqueSentinel: [TokenID]
    let nonnoiseSpanToUniqueSentinel: [TokenID]
  }

  struct Lengths: Decodable {
    let inputsLength: Int
    let noiseDensity: Double
    let mean: Double
    let out: [Int]
  }

  struct Counts: Decodable {
    let length: Int
    let density: Double
    let mean: Double
    let noise: Int
    let spans: Int

    private enum CodingKeys: String, CodingKey {
      case length = "L"
      case density = "d"
      case mean = "m"
      case noise
      case spans
    }
  }

  let t5: [Placement]
  let randomSpansHelper: [Lengths]
  let maskCountsFloat32: [Counts]

  static let url = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "../shared/data/golden_t5.json")

  static var isPresent: Bool { FileManager.default.fileExists(atPath: url.path) }

  static func load() throws -> GoldenT5 {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(GoldenT5.self, from: Data(contentsOf: url))
  }
}

private let sentinels = (0..<100).map { TokenID(32127 - $0) }

private func replaced(_ marked: UInt8, _ tokens: [TokenID], _ mask: [UInt8]) -> [TokenID] {
  var row = [TokenID](repeating: 0, count: tokens.count)
  let count = row.withUnsafeMutableBufferPointer { row in
    tokens.withUnsafeBufferPointer { tokens in
      mask.withUnsafeBufferPointer { mask in
        Sentinels.replaceRuns(marked: marked, in: tokens, mask, sentinels: sentinels, into: row)
      }
    }
  }
  return Array(row[0..<count])
}

private func numbered(_ tokens: [TokenID], _ mask: [UInt8]) -> [TokenID] {
  var row = [TokenID](repeating: 0, count: 2 * tokens.count)
  let count = row.withUnsafeMutableBufferPointer { row in
    tokens.withUnsafeBufferPointer { tokens in
      mask.withUnsafeBufferPointer { mask in
        Sentinels.numberedTargets(of: tokens, mask, sentinels: sentinels, into: row)
      }
    }
  }
  return Array(row[0..<count])
}

@Suite(.enabled(if: GoldenT5.isPresent, "golden_t5.json is not beside the checkout"))
struct GoldenT5Tests {
  @Test func sentinelsStandWhereTheOriginalPutsThem() throws {
    let golden = try GoldenT5.load()
    #expect(golden.t5.count == 7)
    for placement in golden.t5 {
      #expect(
        replaced(1, placement.tokens, placement.mask) == placement.noiseSpanToUniqueSentinel)
      #expect(
        replaced(0, placement.tokens, placement.mask) == placement.nonnoiseSpanToUniqueSentinel)
    }
  }

  @Test func lengthsAreThoseOfTheHelper() throws {
    let golden = try GoldenT5.load()
    #expect(golden.randomSpansHelper.count == 264)
    for line in golden.randomSpansHelper {
      let lengths = SpanLengths.fitting(
        inputs: line.inputsLength, density: line.noiseDensity, mean: line.mean)
      #expect(
        [lengths?.tokens, lengths?.targets] == line.out,
        "inputs \(line.inputsLength), density \(line.noiseDensity), mean \(line.mean)")
    }
  }

  @Test func countsInSinglePrecisionAreThoseOfTheMask() throws {
    let golden = try GoldenT5.load()
    #expect(golden.maskCountsFloat32.count == 68)
    for line in golden.maskCountsFloat32 {
      let counts = SpanCounts.mask(
        length: line.length, density: line.density, mean: line.mean, arithmetic: .float32)
      #expect(counts.noise == line.noise, "length \(line.length), density \(line.density)")
      #expect(counts.spans == line.spans, "length \(line.length), mean \(line.mean)")
    }
  }
}

/// The table of the original's placements that fits on a page.
@Suite struct SentinelTests {
  @Test func numberedTargetsAgreeWithTheirInputsWhereTheOriginalsDoNot() {
    let tokens: [TokenID] = [10, 11, 12, 13, 14]
    #expect(replaced(1, tokens, [1, 0, 1, 0, 1]) == [32127, 11, 32126, 13, 32125])
    #expect(replaced(0, tokens, [1, 0, 1, 0, 1]) == [10, 32127, 12, 32126, 14])
    #expect(numbered(tokens, [1, 0, 1, 0, 1]) == [32127, 10, 32126, 12, 32125, 14])
  }

  @Test func numberedTargetsAreTheOriginalsForMasksThatStartCleanAndEndInNoise() {
    for bits in 0..<256 {
      let mask = (0..<8).map { UInt8(bits >> $0 & 1) }
      guard mask[0] == 0, mask[7] == 1 else { continue }
      let tokens = (0..<8).map { TokenID(10 + $0) }
      #expect(numbered(tokens, mask) == replaced(0, tokens, mask))
    }
  }

  @Test(arguments: [(190, 28, 29), (350, 52, 53), (512, 77, 77), (568, 85, 85)])
  func precisionDecidesTheCountAtSomeLengths(length: Int, double: Int, single: Int) {
    #expect(SpanCounts.mask(length: length, density: 0.15, mean: 3).noise == double)
    #expect(
      SpanCounts.mask(length: length, density: 0.15, mean: 3, arithmetic: .float32).noise == single)
  }
}
