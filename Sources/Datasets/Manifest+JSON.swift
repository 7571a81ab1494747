// SPDX-License-Identifier: Apache-2.0
internal import Digests
public import JSON

extension Manifest {
  /// The manifest as JSON.
  public var json: JSONValue {
    var object: JSONObject = [
      "format_version": .init(Self.formatVersion),
      "kind": .string(kind.rawValue),
      "parameters": parameters,
      "tokenizer": tokenizer.json,
      "inputs": inputs,
      "units": .array(units.map(\.json)),
      "counts": .counts(counts),
      "totals": .object(
        splits.reduce(into: ["all": totals()]) { $0[$1] = totals(split: $1) }),
      "versions": .object(
        versions.sorted { $0.key < $1.key }.reduce(into: [:]) { $0[$1.key] = .string($1.value) }),
    ]
    if let planDigest { object["plan_sha256"] = .string("\(planDigest)") }
    if let objective { object["objective"] = objective.json }
    if let accounting = Accounting(self) { object["accounting"] = accounting.json }
    // JSON numbers above 2^53 are not safe in every reader.
    if let seed { object["seed"] = seed < 1 << 53 ? .init(Int(seed)) : .string(String(seed)) }
    return .object(object)
  }

  /// The bytes of `manifest.json`: sorted keys, indented, one final newline.
  public var serialized: [UInt8] { json.serialized(pretty: true) + [UInt8(ascii: "\n")] }

  /// Reads a manifest.
  ///
  /// - Throws: `DatasetError` with `.corrupt` naming the member that is missing or not of its
  ///   type, and `.notADataset` for a newer format.
  public init(_ bytes: [UInt8], path: String) throws(DatasetError) {
    let value: JSONValue
    do {
      value = try JSONValue(parsing: bytes)
    } catch {
      throw DatasetError(.corrupt, path: path, "not a manifest: \(error)")
    }
    let root = ManifestReader(value: value, path: path, place: "")
    let version = try root.integer("format_version")
    guard version == Self.formatVersion else {
      throw DatasetError(
        .notADataset, path: path,
        "written in format version \(version); this prep reads version \(Self.formatVersion)")
    }
    guard let kind = Kind(rawValue: try root.string("kind")) else { throw root.fault("kind") }
    self.init(
      kind: kind,
      parameters: try root.member("parameters"),
      objective: try root.optional("objective").map {
        (reader) throws(DatasetError) in try Objective(reader)
      },
      seed: try root.seed("seed"),
      tokenizer: try Tokenizer(root.reader("tokenizer")),
      inputs: try root.member("inputs"),
      units: try root.readers("units").map { (reader) throws(DatasetError) in try Unit(reader) },
      versions: try root.strings("versions"))
    planDigest = root.value["plan_sha256"] == nil ? nil : try root.digest("plan_sha256")
  }
}

extension Manifest.Unit {
  /// The unit as it stands in the manifest.
  public var json: JSONValue {
    var object: JSONObject = [
      "name": .string(name), "input": input, "shards": .array(shards.map(\.json)),
      "counts": .counts(counts),
    ]
    if let epoch { object["epoch"] = .init(epoch) }
    return .object(object)
  }

  init(_ reader: ManifestReader) throws(DatasetError) {
    self.init(
      name: try reader.string("name"), epoch: try reader.optionalInteger("epoch"),
      input: try reader.member("input"),
      shards: try reader.readers("shards").map { (reader) throws(DatasetError) in
        try Manifest.Shard(reader)
      },
      counts: try reader.integers("counts"))
  }

  /// Reads the record of a finished unit.
  init(_ bytes: [UInt8], path: String) throws(DatasetError) {
    do {
      try self.init(ManifestReader(value: try JSONValue(parsing: bytes), path: path, place: ""))
    } catch let error as DatasetError {
      throw error
    } catch {
      throw DatasetError(.corrupt, path: path, "\(error)")
    }
  }
}

extension Manifest.Shard {
  fileprivate var json: JSONValue {
    var object: JSONObject = [
      "file": .string(file), "split": .string(split), "rows": .init(rows),
      "tokens": .init(tokens), "bytes": .init(bytes), "sha256": .string("\(digest)"),
      "content_sha256": .string("\(contentDigest)"),
    ]
    if let lossTokens { object["loss_tokens"] = .init(lossTokens) }
    return .object(object)
  }

  fileprivate init(_ reader: ManifestReader) throws(DatasetError) {
    self.init(
      file: try reader.string("file"), split: try reader.string("split"),
      rows: try reader.integer("rows"), tokens: try reader.integer("tokens"),
      lossTokens: try reader.optionalInteger("loss_tokens"), bytes: try reader.integer("bytes"),
      digest: try reader.digest("sha256"), contentDigest: try reader.digest("content_sha256"))
  }
}

extension Manifest.Tokenizer {
  fileprivate var json: JSONValue {
    [
      "sha256": .string("\(digest)"), "vocabulary_size": .init(vocabularySize),
      "roles": .counts(roles.mapValues(Int.init)),
      "sentinels": .array(sentinels.map { .init(Int($0)) }),
    ]
  }

  fileprivate init(_ reader: ManifestReader) throws(DatasetError) {
    var roles: [String: UInt32] = [:]
    for (role, id) in try reader.integers("roles").sorted(by: { $0.key < $1.key }) {
      guard let id = UInt32(exactly: id) else { throw reader.fault("roles.\(role)") }
      roles[role] = id
    }
    guard let elements = reader.value["sentinels"]?.arrayValue else {
      throw reader.fault("sentinels")
    }
    let sentinels = elements.compactMap { $0.integerValue.flatMap(UInt32.init(exactly:)) }
    guard sentinels.count == elements.count else { throw reader.fault("sentinels") }
    self.init(
      digest: try reader.digest("sha256"), vocabularySize: try reader.integer("vocabulary_size"),
      roles: roles, sentinels: sentinels)
  }
}

extension Manifest.Objective {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "parameters": parameters, "facts": facts,
      "model_columns": .array(modelColumns.map { .string($0) }),
    ]
  }

  fileprivate init(_ reader: ManifestReader) throws(DatasetError) {
    guard let elements = reader.value["model_columns"]?.arrayValue else {
      throw reader.fault("model_columns")
    }
    let columns = elements.compactMap(\.stringValue)
    guard columns.count == elements.count else { throw reader.fault("model_columns") }
    self.init(
      name: try reader.string("name"), parameters: try reader.member("parameters"),
      modelColumns: columns, facts: try reader.member("facts"))
  }
}

extension JSONValue {
  /// An object of counts, sorted by name.
  static func counts(_ counts: [String: Int]) -> JSONValue {
    .object(counts.sorted { $0.key < $1.key }.reduce(into: [:]) { $0[$1.key] = .init($1.value) })
  }
}

/// Reads members of a JSON object and names the one that is at fault.
struct ManifestReader {
  let value: JSONValue
  let path: String
  let place: String

  func fault(_ name: String) -> DatasetError {
    DatasetError(
      .corrupt, path: path, "member '\(place)\(name)' is missing or not of its type")
  }

  func member(_ name: String) throws(DatasetError) -> JSONValue {
    guard let member = value[name] else { throw fault(name) }
    return member
  }

  func reader(_ name: String) throws(DatasetError) -> ManifestReader {
    ManifestReader(value: try member(name), path: path, place: "\(place)\(name).")
  }

  func optional(_ name: String) throws(DatasetError) -> ManifestReader? {
    value[name] == nil ? nil : try reader(name)
  }

  func readers(_ name: String) throws(DatasetError) -> [ManifestReader] {
    guard let elements = value[name]?.arrayValue else { throw fault(name) }
    return elements.enumerated().map { index, element in
      ManifestReader(value: element, path: path, place: "\(place)\(name)[\(index)].")
    }
  }

  func string(_ name: String) throws(DatasetError) -> String {
    guard let string = value[name]?.stringValue else { throw fault(name) }
    return string
  }

  /// Numbers above this are in no manifest of ours; below it, sums over shards cannot overflow.
  private static let largest = 1 << 42

  func integer(_ name: String) throws(DatasetError) -> Int {
    guard let integer = value[name]?.integerValue, (0...Self.largest).contains(integer) else {
      throw fault(name)
    }
    return integer
  }

  func optionalInteger(_ name: String) throws(DatasetError) -> Int? {
    value[name] == nil ? nil : try integer(name)
  }

  /// A number of 64 bits, as text where it does not fit the numbers of every reader.
  func seed(_ name: String) throws(DatasetError) -> UInt64? {
    guard let member = value[name] else { return nil }
    let seed =
      member.stringValue.flatMap(UInt64.init) ?? member.integerValue.flatMap(UInt64.init(exactly:))
    guard let seed else { throw fault(name) }
    return seed
  }

  func digest(_ name: String) throws(DatasetError) -> SHA256Digest {
    guard let digest = SHA256Digest(hexadecimal: try string(name)) else { throw fault(name) }
    return digest
  }

  func integers(_ name: String) throws(DatasetError) -> [String: Int] {
    guard let object = value[name]?.objectValue else { throw fault(name) }
    var result: [String: Int] = [:]
    for entry in object.entries {
      guard let integer = entry.value.integerValue, (0...Self.largest).contains(integer) else {
        throw fault("\(name).\(entry.key)")
      }
      result[entry.key] = integer
    }
    return result
  }

  func strings(_ name: String) throws(DatasetError) -> [String: String] {
    guard let object = value[name]?.objectValue else { throw fault(name) }
    var result: [String: String] = [:]
    for entry in object.entries {
      guard let string = entry.value.stringValue else { throw fault("\(name).\(entry.key)") }
      result[entry.key] = string
    }
    return result
  }
}
