// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Objectives

/// The values of fixed builds, which must never change: FNV-1a over all columns.
@Suite struct PairPinTests {
  @Test(arguments: [
    ("t5-span", "layout=decoder"), ("t5-iid", ""), ("t5-iid", "preset=bert-style"),
    ("prefix-lm", ""), ("ul2", ""), ("ul2", "preset=ul2"), ("ul2", "preset=ul2r"),
    ("text-infilling", ""), ("token-masking", ""), ("token-deletion", ""),
    ("sentence-permutation", ""), ("document-rotation", ""), ("bart", ""), ("bart", "preset=bart"),
    ("mbart", ""),
  ])
  func rowsArePinned(name: String, setting: String) throws {
    var settings = ["length": "96"]
    let parts = setting.split(separator: "=").map(String.init)
    if parts.count == 2 { settings[parts[0]] = parts[1] }
    let objective = try make(name, settings)
    let unit = try syntheticUnit(documents: try randomLengths(documents: 24, longest: 30, seed: 71))
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for row in try build(objective, unit, seed: 0x5EED).rows {
      for column in objective.columns {
        for value in row[column.name] ?? [] {
          hash = (hash ^ UInt64(bitPattern: value)) &* 0x100_0000_01B3
        }
      }
    }
    let key = "\(name) \(setting)"
    #expect(Self.pinned[key] == hash, "\(key): \(hash)")
  }

  static let pinned: [String: UInt64] = [
    "bart ": 16_943_580_648_413_279_413,
    "bart preset=bart": 16_405_353_192_051_114_574,
    "document-rotation ": 17_196_211_545_765_347_361,
    "mbart ": 15_734_913_343_557_701_534,
    "prefix-lm ": 4_615_463_672_527_581_227,
    "sentence-permutation ": 2_533_799_287_091_292_329,
    "t5-iid ": 13_420_033_319_202_626_103,
    "t5-iid preset=bert-style": 12_136_211_206_924_500_113,
    "t5-span layout=decoder": 8_252_278_125_061_541_795,
    "text-infilling ": 15_362_101_864_798_335_848,
    "token-deletion ": 7_460_840_329_009_037_799,
    "token-masking ": 10_908_151_625_552_223_565,
    "ul2 ": 9_501_579_744_967_169_895,
    "ul2 preset=ul2": 1_372_263_983_108_965_639,
    "ul2 preset=ul2r": 307_171_986_468_570_923,
  ]
}

/// The tables of the original's gin names: what each way of writing noise makes of one mask.
@Suite struct NoiseWritingTests {
  private let tokens = (10...19).map { TokenID($0) }
  private let mask: [UInt8] = [0, 0, 1, 1, 0, 0, 0, 1, 0, 0]

  private func written(
    _ body: (
      UnsafeBufferPointer<TokenID>, UnsafeBufferPointer<UInt8>, UnsafeMutableBufferPointer<TokenID>
    ) -> Int
  ) -> [TokenID] {
    var row = [TokenID](repeating: 0, count: 32)
    let count = row.withUnsafeMutableBufferPointer { row in
      tokens.withUnsafeBufferPointer { tokens in
        mask.withUnsafeBufferPointer { body(tokens, $0, row) }
      }
    }
    return Array(row[0..<count])
  }

  @Test func sameSentinelAndDroppedNoiseAreTheOriginals() {
    #expect(
      written { Sentinels.replaceRuns(marked: 1, in: $0, $1, sentinels: [32127], into: $2) }
        == [10, 11, 32127, 14, 15, 16, 32127, 18, 19])
    #expect(
      written { Sentinels.keep(marked: 0, of: $0, $1, into: $2) } == [10, 11, 14, 15, 16, 18, 19])
    #expect(written { Sentinels.keep(marked: 1, of: $0, $1, into: $2) } == [12, 13, 17])
  }
}
