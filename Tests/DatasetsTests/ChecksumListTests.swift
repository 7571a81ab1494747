// SPDX-License-Identifier: Apache-2.0

import Digests
import Testing

@testable import Datasets

@Suite struct ChecksumListTests {
  private let digits = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  @Test func writesWhatSha256sumReads() {
    let list = ChecksumList(entries: [
      .init(digest: SHA256.digest(of: []), name: "train-00000-000.arrow"),
      .init(digest: SHA256.digest(of: []), name: "README.md"),
    ])
    #expect(
      String(decoding: list.serialized, as: UTF8.self)
        == "\(digits)  README.md\n\(digits)  train-00000-000.arrow\n")
  }

  @Test func readsWhatItWrites() {
    let names = ["b", "a file", "ä.arrow", "a  b"]
    let list = ChecksumList(
      entries: names.map { .init(digest: SHA256.digest(of: Array($0.utf8)), name: $0) })
    #expect(ChecksumList(list.serialized) == list)
    #expect(list.entries.map(\.name) == ["a  b", "a file", "b", "ä.arrow"])
    #expect(ChecksumList([])?.entries == [])
  }

  @Test(arguments: [
    "no sum at all", "e3b0  x",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  ",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8550  x",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85g  x",
    "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855  x",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855--x",
    "é3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  x",
  ])
  func refusesOtherLines(_ line: String) {
    #expect(ChecksumList(Array(line.utf8)) == nil)
    #expect(ChecksumList(Array("\(digits)  good\n\(line)\n".utf8)) == nil)
  }
}
