// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import Pipeline

@Suite struct SplitSharesTests {
  @Test func readsNamesAndShares() throws {
    let split = try SplitShares("train=0.9,validation=0.1")
    #expect(split.names == ["train", "validation"])
    #expect(split.shares == [0.9, 0.1])
    #expect(split.json == ["train": 0.9, "validation": 0.1])
    #expect(try SplitShares("train=1") == .trainOnly)
    #expect(try SplitShares("a=0.1,b=0.2,c=0.3,d=0.4").names == ["a", "b", "c", "d"])
  }

  @Test(
    arguments: [
      ("", "'' is not NAME=SHARE"), ("train", "'train' is not NAME=SHARE"),
      ("train=", "'train=' is not NAME=SHARE"), ("=1", "'=1' is not NAME=SHARE"),
      ("train=1,", "'' is not NAME=SHARE"), ("train=0,validation=1", "'train=0'"),
      ("train=-1,validation=2", "'train=-1'"), ("train=nan", "'train=nan'"),
      ("train=inf", "'train=inf'"), ("train=0.5=0.5", "'train=0.5=0.5'"),
      ("../train=1", "'../train=1'"), ("tr-ain=1", "'tr-ain=1'"),
      ("train=0.9,validation=0.2", "add up to 1.1"), ("train=0.5", "add up to 0.5"),
      ("train=0.5,train=0.5", "named twice"),
    ] as [(String, String)])
  func refusesAnythingElse(_ text: String, _ message: String) throws {
    let error = try #require(throws: PipelineError.self) { _ = try SplitShares(text) }
    #expect(error.code == .usage)
    #expect(error.message.hasPrefix("--split: "))
    #expect(error.message.contains(message))
  }

  /// The first 64 bits of SHA-256 decide: of the empty text e3b0c442…, of "abc" ba7816bf…
  @Test func theHashDecides() throws {
    // 0xe3b0c442 / 2^32 = 0.88941…, 0xba7816bf / 2^32 = 0.72839…
    let cases: [(share: String, rest: String, empty: Int, abc: Int)] = [
      ("0.8895", "0.1105", 0, 0), ("0.8894", "0.1106", 1, 0), ("0.7284", "0.2716", 1, 0),
      ("0.7283", "0.2717", 1, 1),
    ]
    for test in cases {
      let split = try SplitShares("a=\(test.share),b=\(test.rest)")
      #expect(split.index(of: []) == test.empty)
      #expect(split.index(of: Array("abc".utf8)) == test.abc)
    }
    #expect(SplitShares.trainOnly.index(of: []) == 0)
  }

  @Test func theOrderInWhichSplitsAreGivenDecidesNothing() throws {
    let one = try SplitShares("train=0.5,validation=0.3,test=0.2")
    let other = try SplitShares("test=0.2,validation=0.3,train=0.5")
    #expect(one == other)
    for number in 0..<100 {
      let text = Array("text \(number)".utf8)
      #expect(one.names[one.index(of: text)] == other.names[other.index(of: text)])
    }
  }

  @Test func sharesAreMet() throws {
    let split = try SplitShares("a=0.7,b=0.2,c=0.1")
    var counts = [0, 0, 0]
    for number in 0..<4000 { counts[split.index(of: Array("document \(number)".utf8))] += 1 }
    for (count, share) in zip(counts, split.shares) {
      let deviation = (4000 * share * (1 - share)).squareRoot()
      #expect(abs(Double(count) - 4000 * share) < 4.5 * deviation)
    }
  }
}
