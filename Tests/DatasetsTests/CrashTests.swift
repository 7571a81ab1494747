// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Datasets

/// Wherever a run is killed, `resume` continues to the same bytes. A kill is played by leaving the
/// directory as it would be at that point.
@Suite struct CrashTests {
  private let scratch: ScratchDirectory
  private let directory: String
  private let expected: [String: [UInt8]]

  init() throws {
    scratch = try ScratchDirectory()
    directory = scratch("set")
    try Sample.write(to: scratch("whole"))
    expected = try ScratchDirectory.contents(of: scratch("whole"))
  }

  private func path(_ name: String) -> String { "\(directory)/\(name)" }

  /// Both units written and recorded, nothing sealed; the run is gone.
  private func unsealed(units: Int = 2) throws {
    let staged = try StagedDataset(directory: directory, policy: .refuse, plan: Sample.plan)
    for unit in 0..<units { try Sample.writeUnit(unit, to: staged) }
  }

  /// Resumes as a command does: what is recorded is taken over, the rest is made.
  private func resume(expecting recorded: [String]) throws {
    let staged = try StagedDataset(directory: directory, policy: .resume, plan: Sample.plan)
    #expect(!staged.isComplete)
    #expect(staged.finished.keys.sorted() == recorded)
    let units = try [0, 1].map {
      try staged.finished["0000\($0)-000"] ?? Sample.writeUnit($0, to: staged)
    }
    try Sample.seal(staged, units)
    #expect(try ScratchDirectory.contents(of: directory) == expected)
  }

  @Test func beforeAnyUnit() throws {
    try unsealed(units: 0)
    try resume(expecting: [])
  }

  @Test func betweenUnits() throws {
    try unsealed(units: 1)
    try scratch.write("set/.partial/train-00001-000.arrow.tmp", "half a shard")
    try resume(expecting: ["00000-000"])
  }

  @Test func betweenAShardAndItsRecord() throws {
    try unsealed()
    try FileSystem.remove(path(".partial/unit-00001-000.json"))
    try resume(expecting: ["00000-000"])
  }

  @Test func aRecordWithoutItsShardIsMadeAgain() throws {
    try unsealed()
    try FileSystem.remove(path(".partial/train-00000-000.arrow"))
    try resume(expecting: ["00001-000"])
  }

  @Test func betweenTheLastRecordAndTheSeal() throws {
    try unsealed()
    try resume(expecting: ["00000-000", "00001-000"])
  }

  @Test(arguments: 1...5)
  func inTheMiddleOfTheSeal(_ steps: Int) throws {
    try unsealed()
    // In the order in which a seal puts things in place.
    for file in ["train-00000-000.arrow", "train-00001-000.arrow"].prefix(steps) {
      try FileSystem.rename(path(".partial/\(file)"), to: path(file))
    }
    for file in ["tokenizer.json", "README.md", "SHA256SUMS"].prefix(max(0, steps - 2)) {
      try FileSystem.replace(path(file), with: #require(expected[file]))
    }
    let error = try #require(throws: DatasetError.self) { try Dataset(directory) }
    #expect(error.code == .notADataset)
    try resume(expecting: ["00000-000", "00001-000"])
  }

  @Test(arguments: 0...4)
  func betweenTheManifestAndTheCleanUp(_ removed: Int) throws {
    try unsealed()
    let partial = path(".partial")
    for name in ["train-00000-000.arrow", "train-00001-000.arrow"] {
      try FileSystem.remove("\(partial)/\(name)")
    }
    for (name, bytes) in expected { try FileSystem.replace(path(name), with: bytes) }
    for name in try FileSystem.names(in: partial).prefix(removed) {
      try FileSystem.remove("\(partial)/\(name)")
    }
    #expect(try Dataset(directory).manifest.shards.count == 2)
    let staged = try StagedDataset(directory: directory, policy: .resume, plan: Sample.plan)
    #expect(staged.isComplete)
    #expect(try ScratchDirectory.contents(of: directory) == expected)
  }

  /// An overwriting run that is killed while it removes the old dataset leaves an unfinished run.
  @Test(arguments: 0...5)
  func whileOverwriting(_ removed: Int) throws {
    try Sample.write(to: directory)
    try scratch.write("set/.partial/plan.json", "")
    let names = ["manifest.json"] + expected.keys.filter { $0 != "manifest.json" }.sorted()
    for name in names.prefix(1 + removed) { try FileSystem.remove(path(name)) }
    let refused = try #require(throws: DatasetError.self) {
      try StagedDataset(directory: directory, policy: .resume, plan: Sample.plan)
    }
    #expect(refused.code == .usage)
    try Sample.write(to: directory, .overwrite)
    #expect(try ScratchDirectory.contents(of: directory) == expected)
  }
}
