// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Foundation
import Testing

/// Files that once broke other readers, from the `arrow-testing` repository.
@Suite(.enabled(if: ReferenceData.isPresent, "../shared/data/arrow is not there"))
struct FuzzCorpusTests {
  /// What pyarrow 26 made of each file: `ok` and a number of batches, or an error.
  private static let verdicts: [String: String] =
    (try? ReferenceData.json("pyarrow26_fuzz_outcomes.json")) as? [String: String] ?? [:]

  private static var options: ArrowReadOptions {
    var options = ArrowReadOptions()
    options.maximumBatchBytes = 1 << 24
    return options
  }

  @Test(arguments: ReferenceData.files("fuzz/file"))
  func filesGiveErrorsOrValidData(path: String) throws {
    try check(path, "arrow-ipc-file/") { try Outcome.file($0, options: Self.options) }
  }

  @Test(arguments: ReferenceData.files("fuzz/stream"))
  func streamsGiveErrorsOrValidData(path: String) throws {
    try check(path, "arrow-ipc-stream/") { try Outcome.stream($0, options: Self.options) }
  }

  private func check(
    _ path: String, _ prefix: String, read: ([UInt8]) throws -> [RecordBatch]
  ) throws {
    let name = URL(filePath: path).lastPathComponent
    let verdict = try #require(Self.verdicts[prefix + name])
    do {
      for batch in try read(ReferenceData.bytes(path)) { try batch.validate() }
      #expect(verdict.hasPrefix("ok"), "accepted, but pyarrow says: \(verdict)")
    } catch let error as ArrowError {
      #expect(!error.message.isEmpty)
    }
  }
}

/// The reference data beside the checkout.
enum ReferenceData {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../shared/data/arrow").standardized.path

  static let isPresent = FileManager.default.fileExists(atPath: root)

  /// The files of a directory in byte order, relative to the root.
  static func files(_ directory: String, suffix: String = "") -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: root + "/" + directory)
    return (names ?? []).filter { $0.hasSuffix(suffix) }.sorted().map { directory + "/" + $0 }
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: root + "/" + path)))
  }

  /// A JSON document, decompressed by the `gzip` of the system when its name ends in `.gz`.
  static func json(_ path: String) throws -> Any {
    let url = URL(filePath: root + "/" + path)
    guard path.hasSuffix(".gz") else {
      return try JSONSerialization.jsonObject(with: Data(contentsOf: url))
    }
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc", url.path]
    process.standardOutput = output
    try process.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return try JSONSerialization.jsonObject(with: data)
  }
}
