// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Datasets

@Suite struct DatasetTests {
  private let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  @Test func saysWhyADirectoryIsNoDataset() throws {
    let missing = try #require(throws: DatasetError.self) { try Dataset(scratch("nowhere")) }
    #expect(missing.code == .missing)
    #expect(missing.description == "\(scratch("nowhere")): no such directory")
    let empty = try #require(throws: DatasetError.self) { try Dataset(scratch.path) }
    #expect(empty.code == .notADataset)
    try scratch.write("manifest.json", "{")
    let broken = try #require(throws: DatasetError.self) { try Dataset(scratch.path) }
    #expect(broken.code == .corrupt)
    #expect(broken.path.hasSuffix("/manifest.json"))
  }

  @Test func namesTheShardThatCannotBeRead() throws {
    try Sample.write(to: scratch("set"))
    let dataset = try Dataset(scratch("set"))
    let shard = dataset.manifest.shards[1]
    try FileSystem.replace(dataset.path(of: shard.file), with: Array("ARROW1".utf8))
    let corrupt = try #require(throws: DatasetError.self) { try dataset.reader(of: shard) }
    #expect(corrupt.code == .corrupt)
    try FileSystem.remove(dataset.path(of: shard.file))
    let missing = try #require(throws: DatasetError.self) { try dataset.reader(of: shard) }
    #expect(missing.code == .missing)
    #expect(missing.path == scratch("set/\(shard.file)"))
  }

  /// The card's front matter is what `datasets.load_dataset` takes the splits from.
  @Test func theCardNamesTheSplits() throws {
    try Sample.write(to: scratch("set"))
    let card = String(decoding: try FileSystem.read(scratch("set/README.md")), as: UTF8.self)
    #expect(
      card.hasPrefix(
        """
        ---
        configs:
        - config_name: default
          data_files:
          - split: train
            path: train-*.arrow
        ---

        """))
    #expect(card.contains("| train | 2 | 16 |"))
  }

  @Test func aFailedReplacementLeavesTheOldFile() throws {
    struct Stop: Error {}
    let file = try scratch.write("a.txt", "old")
    #expect(throws: Stop.self) {
      try FileSystem.replace(file) { write in
        try write(Array("half".utf8))
        throw Stop()
      }
    }
    #expect(try FileSystem.read(file) == Array("old".utf8))
    #expect(try FileSystem.names(in: scratch.path) == ["a.txt"])
    try FileSystem.replace(file) { try $0(Array("new".utf8)) }
    #expect(try FileSystem.read(file) == Array("new".utf8))
  }

  @Test func listsNamesInByteOrder() throws {
    for name in ["b", "ä", "B", ".hidden", "a-1", "a"] { try scratch.write(name, "") }
    #expect(try FileSystem.names(in: scratch.path) == [".hidden", "B", "a", "a-1", "b", "ä"])
  }
}
