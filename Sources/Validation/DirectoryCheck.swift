// SPDX-License-Identifier: Apache-2.0
internal import Datasets

/// Checks the files of a dataset against its sums and its manifest.
struct DirectoryCheck {
  let dataset: Dataset
  let level: ValidationLevel

  /// Every file is listed and there, with its size and, from level `digests` on, its digest. The
  /// small files are digested at every level.
  func run(_ report: inout ValidationReport) throws {
    let names = try dataset.fileNames()
    guard names.contains(ChecksumList.fileName) else {
      report.add(Finding(rule: "sums", file: ChecksumList.fileName, "missing"))
      return
    }
    let bytes = try dataset.bytes(of: ChecksumList.fileName)
    guard let sums = ChecksumList(bytes) else {
      report.add(Finding(rule: "sums", file: ChecksumList.fileName, "not a list of SHA-256 sums"))
      return
    }
    if sums.serialized != bytes {
      report.add(
        Finding(
          rule: "sums", file: ChecksumList.fileName,
          "not as prep writes it: the list was changed or damaged"))
    }
    let listed = Set(sums.entries.map(\.name))
    for name in names where name != ChecksumList.fileName && !listed.contains(name) {
      report.add(
        Finding(rule: "surplus-file", file: name, "not in SHA256SUMS; it is no part of this"))
    }
    let shards = Dictionary(
      dataset.manifest.shards.map { ($0.file, $0) }, uniquingKeysWith: { first, _ in first })
    for entry in sums.entries {
      guard names.contains(entry.name) else {
        report.add(
          Finding(rule: "missing-file", file: entry.name, "listed in SHA256SUMS, not there"))
        continue
      }
      try check(entry, shards[entry.name], &report)
    }
    for shard in dataset.manifest.shards where !listed.contains(shard.file) {
      report.add(
        Finding(rule: "missing-file", file: shard.file, "in the manifest, not in SHA256SUMS"))
    }
    for name in sums.entries.map(\.name) where name.hasSuffix(".arrow") && shards[name] == nil {
      report.add(
        Finding(rule: "surplus-file", file: name, "a shard that the manifest does not list"))
    }
    checkTokenizer(&report)
  }

  private func check(
    _ entry: ChecksumList.Entry, _ shard: Manifest.Shard?, _ report: inout ValidationReport
  ) throws {
    if let shard {
      let size = try dataset.size(of: entry.name)
      if size != shard.bytes {
        report.add(
          Finding(
            rule: "file-size", file: entry.name,
            "\(size) bytes, the manifest says \(shard.bytes)"))
      }
      if shard.digest != entry.digest {
        report.add(
          Finding(
            rule: "shard-digest", file: entry.name,
            "the manifest says SHA-256 \(shard.digest), SHA256SUMS says \(entry.digest)"))
      }
      guard level != .footers else { return }
    }
    let digest = try dataset.digest(of: entry.name)
    if digest != entry.digest {
      report.add(
        Finding(
          rule: "file-digest", file: entry.name,
          "SHA-256 is \(digest), SHA256SUMS says \(entry.digest): the file was changed or damaged"
        ))
    }
  }

  private func checkTokenizer(_ report: inout ValidationReport) {
    guard let digest = try? dataset.digest(of: "tokenizer.json") else {
      report.add(Finding(rule: "missing-file", file: "tokenizer.json", "not there"))
      return
    }
    if digest != dataset.manifest.tokenizer.digest {
      report.add(
        Finding(
          rule: "stale-tokenizer", file: "tokenizer.json",
          "not the tokenizer that the manifest names (SHA-256 \(digest), "
            + "not \(dataset.manifest.tokenizer.digest))"))
    }
  }
}
