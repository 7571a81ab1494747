// SPDX-License-Identifier: Apache-2.0

import JSON
import TestSupport
import Testing

@testable import Datasets

/// What is in a directory decides what a run may do there.
@Suite struct StagedDatasetTests {
  private let scratch: ScratchDirectory
  private let directory: String

  init() throws {
    scratch = try ScratchDirectory()
    directory = scratch("set")
  }

  private func open(
    _ policy: StagedDataset.Policy, plan: JSONValue = Sample.plan
  ) throws -> StagedDataset {
    try StagedDataset(directory: directory, policy: policy, plan: plan)
  }

  private func refusal(
    _ policy: StagedDataset.Policy, plan: JSONValue = Sample.plan
  ) throws -> DatasetError {
    try #require(throws: DatasetError.self) { _ = try open(policy, plan: plan) }
  }

  @Test func aSealedDatasetIsWhole() throws {
    try Sample.write(to: directory)
    #expect(
      try FileSystem.names(in: directory) == [
        "README.md", "SHA256SUMS", "manifest.json", "tokenizer.json", "train-00000-000.arrow",
        "train-00001-000.arrow",
      ])
    let dataset = try Dataset(directory)
    #expect(dataset.manifest.shards.map(\.rows) == [8, 8])
    let sums = try #require(ChecksumList(dataset.bytes(of: ChecksumList.fileName)))
    let names = try dataset.fileNames().filter { $0 != ChecksumList.fileName }
    #expect(sums.entries.map(\.name) == names)
    for entry in sums.entries { #expect(try dataset.digest(of: entry.name) == entry.digest) }
  }

  @Test(arguments: [StagedDataset.Policy.refuse, .resume, .overwrite])
  func takesAnEmptyDirectoryOrNone(_ policy: StagedDataset.Policy) throws {
    try Sample.write(to: directory, policy)
    let missing = try ScratchDirectory.contents(of: directory)
    let empty = scratch("a/b/empty")
    try FileSystem.createDirectory(empty)
    try Sample.write(to: empty, policy)
    #expect(try ScratchDirectory.contents(of: empty) == missing)
  }

  @Test(arguments: [StagedDataset.Policy.refuse, .resume, .overwrite])
  func neverTouchesAForeignDirectory(_ policy: StagedDataset.Policy) throws {
    try scratch.write("set/thesis.txt", "ten years of work")
    try scratch.write("set/data/manifest.json", "{}")
    let before = try ScratchDirectory.contents(of: directory)
    let error = try refusal(policy)
    #expect(error.code == .outputRefused)
    #expect(error.message.contains("is no dataset"))
    #expect(try ScratchDirectory.contents(of: directory) == before)
  }

  @Test(arguments: [StagedDataset.Policy.refuse, .resume, .overwrite])
  func aManifestAloneMakesNoDataset(_ policy: StagedDataset.Policy) throws {
    try scratch.write("set/manifest.json", "{\"name\": \"a web page's manifest\"}")
    #expect(try refusal(policy).code == .outputRefused)
    #expect(FileSystem.exists("\(directory)/manifest.json"))
  }

  @Test(arguments: [StagedDataset.Policy.refuse, .resume, .overwrite])
  func refusesAFileInTheWay(_ policy: StagedDataset.Policy) throws {
    try scratch.write("set", "a file")
    #expect(try refusal(policy).code == .outputRefused)
    #expect(try FileSystem.read(directory) == Array("a file".utf8))
  }

  @Test func refusesADatasetThatIsThere() throws {
    try Sample.write(to: directory)
    let before = try ScratchDirectory.contents(of: directory)
    let error = try refusal(.refuse)
    #expect(error.code == .outputRefused)
    #expect(error.message.contains("--overwrite"))
    #expect(error.message.contains("--resume"))
    #expect(try ScratchDirectory.contents(of: directory) == before)
  }

  @Test func resumeLeavesAFinishedDatasetOfThePlanAlone() throws {
    try Sample.write(to: directory)
    let before = try ScratchDirectory.contents(of: directory)
    #expect(try open(.resume).isComplete)
    #expect(try ScratchDirectory.contents(of: directory) == before)
    let error = try refusal(.resume, plan: ["command": "tokenize", "seed": 2])
    #expect(error.code == .usage)
    #expect(error.message.contains("other input or parameters"))
    #expect(try ScratchDirectory.contents(of: directory) == before)
  }

  @Test func overwriteReplacesADataset() throws {
    try Sample.write(to: directory)
    let fresh = try ScratchDirectory.contents(of: directory)
    try scratch.write("set/train-00007-000.arrow", "of an older run")
    let staged = try open(.overwrite, plan: ["command": "build"])
    #expect(try FileSystem.names(in: directory) == [".partial"])
    #expect(staged.finished.isEmpty)
    try Sample.seal(staged, try [0, 1].map { try Sample.writeUnit($0, to: staged) })
    let again = try ScratchDirectory.contents(of: directory)
    #expect(again.keys.sorted() == fresh.keys.sorted())
    #expect(again["train-00001-000.arrow"] == fresh["train-00001-000.arrow"])
  }

  @Test func overwriteSparesWhatIsNotPartOfTheDataset() throws {
    try Sample.write(to: directory)
    try scratch.write("set/notes.txt", "which model this was for")
    let before = try ScratchDirectory.contents(of: directory)
    let error = try refusal(.overwrite)
    #expect(error.code == .outputRefused)
    #expect(error.message.contains("'notes.txt'"))
    #expect(try ScratchDirectory.contents(of: directory) == before)
  }

  @Test func anUnfinishedRunLooksLikeNoDataset() throws {
    var staged: StagedDataset? = try open(.refuse)
    try Sample.writeUnit(0, to: #require(staged))
    staged = nil
    let error = try #require(throws: DatasetError.self) { try Dataset(directory) }
    #expect(error.code == .notADataset)
    #expect(error.message.contains("--resume"))
    let refused = try refusal(.refuse)
    #expect(refused.code == .outputRefused)
    #expect(refused.message.contains("--resume"))
    #expect(FileSystem.exists("\(directory)/.partial/train-00000-000.arrow"))
  }

  @Test func refusesToResumeAnotherPlan() throws {
    var staged: StagedDataset? = try open(.refuse)
    try Sample.writeUnit(0, to: #require(staged))
    staged = nil
    let error = try refusal(.resume, plan: ["command": "tokenize", "seed": 2])
    #expect(error.code == .usage)
    #expect(error.message.contains(".partial/plan.json"))
    #expect(FileSystem.exists("\(directory)/.partial/train-00000-000.arrow"))
    #expect(try open(.resume).finished.keys.sorted() == ["00000-000"])
  }

  @Test func overwriteStartsAnUnfinishedRunAnew() throws {
    var staged: StagedDataset? = try open(.refuse)
    try Sample.writeUnit(0, to: #require(staged))
    staged = nil
    #expect(try open(.overwrite, plan: ["command": "build"]).finished.isEmpty)
    let names = try FileSystem.names(in: "\(directory)/.partial")
    #expect(names == ["lock", "plan.json", "plan.lock"])
  }

  @Test(arguments: [StagedDataset.Policy.refuse, .resume, .overwrite])
  func oneRunAtATime(_ policy: StagedDataset.Policy) throws {
    let first = try open(.refuse)
    let unit = try Sample.writeUnit(0, to: first)
    let error = try refusal(policy)
    #expect(error.code == .outputRefused)
    if policy != .refuse {
      #expect(error.message == "another process is writing this dataset")
    }
    // Whoever came second has not disturbed the first.
    try Sample.seal(first, [unit, try Sample.writeUnit(1, to: first)])
    #expect(try Dataset(directory).manifest.shards.count == 2)
  }

  @Test func keysTellEpochsApart() {
    #expect(StagedDataset.key(name: "00000-000", epoch: nil) == "00000-000")
    #expect(StagedDataset.key(name: "00000-000", epoch: 3) == "00000-000-e03")
    #expect(StagedDataset.key(name: "00000-000", epoch: 300) == "00000-000-e300")
  }
}
