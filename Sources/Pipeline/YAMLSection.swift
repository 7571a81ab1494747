// SPDX-License-Identifier: Apache-2.0
internal import Yams

/// A mapping in a YAML file, read key by key; `finish` refuses keys that nobody read.
final class YAMLSection {
  private let entries: [(key: Node.Scalar, value: Node)]
  private let path: String
  private let line: Int
  private var known: [String] = []

  /// Parses a file whose root is a mapping.
  ///
  /// - Throws: `PipelineError` with the line of what is not YAML.
  convenience init(parsing bytes: [UInt8], path: String) throws {
    let node: Node?
    do {
      node = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw PipelineError(.malformed, "\(path): not YAML: \(error)")
    }
    guard let node else { throw PipelineError(.malformed, "\(path): the file is empty") }
    try self.init(node, path: path)
  }

  private init(_ node: Node, path: String) throws {
    self.path = path
    line = node.mark?.line ?? 1
    guard case .mapping(let mapping) = node else {
      throw PipelineError(.malformed, "\(path):\(line): a mapping of names to values is expected")
    }
    var entries: [(key: Node.Scalar, value: Node)] = []
    for (key, value) in mapping {
      guard case .scalar(let name) = key else {
        throw PipelineError(.malformed, "\(path):\(key.mark?.line ?? line): a name is expected")
      }
      guard !entries.contains(where: { $0.key.string == name.string }) else {
        throw PipelineError(
          .malformed, "\(path):\(name.mark?.line ?? line): '\(name.string)' stands there twice")
      }
      entries.append((name, value))
    }
    self.entries = entries
  }

  /// A fault of a key, with its line.
  func fault(_ key: String, _ message: String) -> PipelineError {
    let entry = entries.first { $0.key.string == key }
    let line = entry?.key.mark?.line ?? entry?.value.mark?.line ?? self.line
    return PipelineError(.malformed, "\(path):\(line): '\(key)' \(message)")
  }

  /// Refuses keys that were not asked for.
  func finish() throws {
    for (key, _) in entries where !known.contains(key.string) {
      let names = known.sorted().joined(separator: ", ")
      throw fault(key.string, "is unknown here; there are \(names)")
    }
  }

  private func value(_ key: String) -> Node? {
    known.append(key)
    return entries.first { $0.key.string == key }?.value
  }

  func string(_ key: String) throws -> String? {
    guard let node = value(key) else { return nil }
    guard case .scalar(let scalar) = node else { throw fault(key, "takes a single value") }
    return scalar.string
  }

  func integer(_ key: String) throws -> Int? {
    guard let text = try string(key) else { return nil }
    guard let integer = Int(text) else { throw fault(key, "takes a whole number, not '\(text)'") }
    return integer
  }

  func real(_ key: String) throws -> Double? {
    guard let text = try string(key) else { return nil }
    guard let number = Double(text) else { throw fault(key, "takes a number, not '\(text)'") }
    return number
  }

  func flag(_ key: String) throws -> Bool? {
    guard let text = try string(key) else { return nil }
    guard let flag = Bool(text) else { throw fault(key, "takes true or false, not '\(text)'") }
    return flag
  }

  func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, _ type: Choice.Type
  ) throws -> Choice? where Choice.RawValue == String {
    guard let text = try string(key) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw fault(key, "takes one of \(names), not '\(text)'")
    }
    return choice
  }

  /// A list of values; one value stands for a list of one, none for an empty list.
  func strings(_ key: String) throws -> [String] {
    guard let node = value(key) else { return [] }
    if case .scalar(let scalar) = node { return [scalar.string] }
    guard case .sequence(let sequence) = node else { throw fault(key, "takes a list of values") }
    return try sequence.map { element in
      guard case .scalar(let scalar) = element else { throw fault(key, "takes a list of values") }
      return scalar.string
    }
  }

  func section(_ key: String) throws -> YAMLSection? {
    try value(key).map { try YAMLSection($0, path: path) }
  }

  /// The sections of a mapping of names to mappings, in the order of the file.
  func sections(_ key: String) throws -> [(name: String, section: YAMLSection)] {
    guard let outer = try section(key) else { return [] }
    return try outer.entries.map { ($0.key.string, try YAMLSection($0.value, path: path)) }
  }

  /// A mapping of names to single values, in the order of the file.
  func settings(_ key: String) throws -> [(name: String, value: String)] {
    guard let outer = try section(key) else { return [] }
    return try outer.entries.map { name, value in
      guard case .scalar(let scalar) = value else {
        throw outer.fault(name.string, "takes a single value")
      }
      return (name.string, scalar.string)
    }
  }
}
