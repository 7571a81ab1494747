// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Digests
internal import JSON

/// Makes a manifest anew from what the shards of a directory say about themselves.
///
/// Their names tell units, splits and epochs; the metadata of their schema what they are, the parameters
/// and the tokenizer. Rows, tokens and digests are for the caller to count.
public struct ManifestRecovery {
  private let directory: String

  /// Looks at a directory.
  public init(directory: String) { self.directory = directory }

  /// The manifest, with shards of no rows.
  ///
  /// - Throws: `DatasetError` with `.notADataset` when no shard can be read.
  public func manifest() throws(DatasetError) -> Manifest {
    guard let schema = Self.anySchema(in: directory, besides: nil) else {
      throw DatasetError(
        .notADataset, path: directory, "no shard there whose schema says what it is")
    }
    let kindName = schema.metadataValue("prep:kind") ?? ""
    guard let kind = Manifest.Kind(rawValue: kindName),
      let digest = SHA256Digest(
        hexadecimal: schema.metadataValue("prep:tokenizer_sha256") ?? ""),
      let size = schema.metadataValue("prep:vocabulary_size").flatMap({ Int($0) })
    else {
      throw DatasetError(
        .notADataset, path: directory, "the shards there were not made by prep")
    }
    let roles = Self.value(schema, "roles").objectValue?.entries ?? []
    let tokenizer = Manifest.Tokenizer(
      digest: digest, vocabularySize: size,
      roles: roles.reduce(into: [:]) {
        $0[$1.key] = $1.value.integerValue.flatMap(UInt32.init(exactly:))
      },
      sentinels: (Self.value(schema, "sentinels").arrayValue ?? []).compactMap {
        $0.integerValue.flatMap(UInt32.init(exactly:))
      })
    let objective = schema.metadataValue("prep:objective").map { name in
      Manifest.Objective(
        name: name, parameters: Self.value(schema, "objective_parameters"),
        modelColumns: (Self.value(schema, "model_columns").arrayValue ?? [])
          .compactMap(\.stringValue),
        facts: Self.value(schema, "facts"))
    }
    return Manifest(
      kind: kind, parameters: Self.value(schema, "parameters"), objective: objective,
      tokenizer: tokenizer, inputs: kind == .tokens ? try sources() : [],
      units: try units(kind), versions: [:])
  }

  /// The schema of a shard of the directory that is sound enough to tell it.
  static func anySchema(in directory: String, besides name: String?) -> ArrowSchema? {
    for other in (try? FileSystem.names(in: directory)) ?? []
    where other != name && ShardName(other) != nil {
      let path = "\(directory)/\(other)"
      if let reader = try? ArrowFileReader(path: path) { return reader.schema }
      if let salvage = try? ArrowSalvage(path: path) { return salvage.schema }
    }
    return nil
  }

  private static func value(_ schema: ArrowSchema, _ key: String) -> JSONValue {
    guard let text = schema.metadataValue("prep:\(key)") else { return .null }
    return (try? JSONValue(parsing: Array(text.utf8))) ?? .null
  }

  /// As many sources as the rows refer to; their names are gone.
  private func sources() throws(DatasetError) -> JSONValue {
    var largest = 0
    for name in try FileSystem.names(in: directory) where ShardName(name) != nil {
      guard let reader = try? ArrowFileReader(path: "\(directory)/\(name)") else { continue }
      for index in 0..<reader.batchCount {
        let values = try? reader.batch(index, columns: ["source"]).columns[0]
          .integers(as: Int.self)
        largest = max(largest, values?.max() ?? 0)
      }
    }
    return .array((0...largest).map { _ in ["name": "unknown", "files": 0] })
  }

  private func units(_ kind: Manifest.Kind) throws(DatasetError) -> [Manifest.Unit] {
    var units: [Manifest.Unit] = []
    let names = try FileSystem.names(in: directory).compactMap { ShardName($0) }
    for name in names.sorted() {
      let shard = Manifest.Shard(
        file: name.file, split: name.split, rows: 0, tokens: 0,
        lossTokens: kind == .examples ? 0 : nil, bytes: 0, digest: SHA256.digest(of: []),
        contentDigest: SHA256.digest(of: []))
      let unit = kind == .tokens ? name.unit : name.stem
      if let last = units.indices.last, units[last].name == unit {
        units[last].shards.append(shard)
      } else {
        units.append(
          Manifest.Unit(
            name: unit, epoch: name.epoch, input: .object([:]), shards: [shard], counts: [:]))
      }
    }
    return units
  }
}

/// The parts of a shard's name: `SPLIT-GROUP-CUT.arrow`, or with `-eNN` behind the cut.
struct ShardName: Comparable {
  let file: String
  let split: String
  let group: Int
  let cut: Int
  let epoch: Int?

  init?(_ file: String) {
    guard file.hasSuffix(".arrow") else { return nil }
    let parts = file.dropLast(6).split(separator: "-", omittingEmptySubsequences: false)
    guard (3...4).contains(parts.count), let group = Int(parts[1]), let cut = Int(parts[2])
    else { return nil }
    var epoch: Int?
    if parts.count == 4 {
      guard parts[3].hasPrefix("e"), let number = Int(parts[3].dropFirst()) else { return nil }
      epoch = number
    }
    self.file = file
    split = String(parts[0])
    self.group = group
    self.cut = cut
    self.epoch = epoch
  }

  /// The name without its ending.
  var stem: String { String(file.dropLast(6)) }

  /// `GROUP-CUT`.
  var unit: String {
    stem.split(separator: "-").dropFirst().prefix(2).joined(separator: "-")
  }

  static func < (one: ShardName, other: ShardName) -> Bool {
    let keys = { (name: ShardName) in (name.epoch ?? 0, name.group, name.cut) }
    if keys(one) != keys(other) { return keys(one) < keys(other) }
    if one.split != other.split {
      return one.split == "train" || other.split != "train" && one.split < other.split
    }
    return one.file < other.file
  }
}
