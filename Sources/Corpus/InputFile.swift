// SPDX-License-Identifier: Apache-2.0

/// One file to read, or standard input.
public struct InputFile: Sendable, Hashable {
  /// The argument that stands for standard input.
  public static let standardInput = "-"

  /// Where it is, or "-".
  public let path: String
  /// Its name in ids and manifests: relative to the argument that it came from, "stdin" for
  /// standard input.
  public let name: String
  /// The index of the argument that it came from.
  public let argument: Int
  /// Its size in bytes as stored; 0 where that is not known, as for a pipe.
  public let storedSize: Int

  /// Names a file.
  public init(path: String, name: String, argument: Int, storedSize: Int) {
    self.path = path
    self.name = name
    self.argument = argument
    self.storedSize = storedSize
  }

  /// Whether it is standard input.
  public var isStandardInput: Bool { path == Self.standardInput }
}

/// Consecutive files that are read one after the other.
public struct InputGroup: Sendable, Hashable {
  /// Its place among the groups, from 0.
  public let index: Int
  /// Its files in order.
  public let files: [InputFile]

  /// Makes a group.
  public init(index: Int, files: [InputFile]) {
    self.index = index
    self.files = files
  }

  /// The bytes that its files take up.
  public var storedSize: Int { files.reduce(0) { $0 &+ $1.storedSize } }
}

/// How files are divided into groups, each the work of one reader.
public enum InputUnits {
  /// A group takes files until they reach 64 MiB as stored.
  public static let groupBytes = 64 << 20

  /// Groups consecutive files until their stored sizes reach `groupBytes`; a file of that size or
  /// more, and standard input, is a group of its own.
  public static func groups(
    _ files: [InputFile], groupBytes: Int = InputUnits.groupBytes
  ) -> [InputGroup] {
    var groups: [InputGroup] = []
    var current: [InputFile] = []
    var size = 0
    func close() {
      if !current.isEmpty { groups.append(InputGroup(index: groups.count, files: current)) }
      current = []
      size = 0
    }
    for file in files {
      let isAlone = file.storedSize >= groupBytes || file.isStandardInput
      if isAlone { close() }
      current.append(file)
      size &+= file.storedSize
      if isAlone || size >= groupBytes { close() }
    }
    close()
    return groups
  }
}
