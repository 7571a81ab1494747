// SPDX-License-Identifier: Apache-2.0

/// What the first bytes of a stored file say about it.
enum StoredFormat: Hashable {
  case plain
  case gzip
  case zstd
  case parquet
  case arrow
  /// A known format that is not read, with the command that unpacks it to standard output.
  case archive(name: String, unpack: String)

  /// How many bytes are looked at.
  static let headLength = 16

  init(head: UnsafeRawBufferPointer) {
    func begins(_ magic: [UInt8]) -> Bool { head.starts(with: magic) }
    if begins([0x1F, 0x8B]) {
      self = .gzip
    } else if begins([0x28, 0xB5, 0x2F, 0xFD])
      || (head.count >= 4 && head[0] & 0xF0 == 0x50 && head[1] == 0x2A && head[2] == 0x4D
        && head[3] == 0x18)
    {
      self = .zstd
    } else if begins(Array("PAR1".utf8)) {
      self = .parquet
    } else if begins(Array("ARROW1".utf8)) || begins([0xFF, 0xFF, 0xFF, 0xFF]) {
      self = .arrow
    } else if begins([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) {
      self = .archive(name: "xz", unpack: "xz -dc")
    } else if begins(Array("BZh".utf8)), head.count >= 10,
      head[4..<10].elementsEqual([0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
    {
      self = .archive(name: "bzip2", unpack: "bzip2 -dc")
    } else if begins([0x04, 0x22, 0x4D, 0x18]) {
      self = .archive(name: "LZ4", unpack: "lz4 -dc")
    } else if begins([0x50, 0x4B, 0x03, 0x04]) {
      self = .archive(name: "zip", unpack: "unzip -p")
    } else {
      self = .plain
    }
  }

  /// What bytes without a mark are by the name of their file: Arrow data of the oldest framing has
  /// none, and where compressed data has lost its own, text would be made of noise. Text that is
  /// called `.gz` and was unpacked long since is taken as it is.
  func named(_ file: InputFile, head: UnsafeRawBufferPointer) throws(CorpusError) -> StoredFormat {
    guard self == .plain, !file.isStandardInput else { return self }
    let ending = file.path.split(separator: ".").last.map { $0.lowercased() } ?? ""
    if ["arrow", "arrows", "feather", "ipc"].contains(ending) { return .arrow }
    let isPacked = ["gz", "zst", "xz", "bz2", "lz4", "zip", "parquet"].contains(ending)
    if isPacked, !Self.isText(head) {
      throw CorpusError(
        .corrupt, file: file.path, byteOffset: 0,
        "the name ends in .\(ending), and the content begins neither so nor with text: the file is "
          + "damaged")
    }
    return .plain
  }

  /// Whether bytes are the beginning of some text in UTF-8 without control characters.
  private static func isText(_ head: UnsafeRawBufferPointer) -> Bool {
    let hasControls = head.contains { $0 < 0x20 && !(9...13).contains($0) }
    // The last character may be cut.
    return !head.isEmpty && !hasControls
      && (0...3).contains { String(validating: head.dropLast($0), as: UTF8.self) != nil }
  }

  /// The error for a format that is not read; nil for one that is.
  func refusal(of file: InputFile, options: CorpusOptions) -> CorpusError? {
    let path = file.isStandardInput ? "FILE" : Self.shellQuoted(file.path)
    let message: String
    switch self {
    case .plain, .gzip, .zstd, .arrow:
      return nil
    case .parquet:
      message =
        "Parquet is not read; pipe it in as an Arrow stream, with - as the input:\n"
        + Self.parquetCommand(path: path, options: options)
    case .archive(let name, let unpack):
      message = "\(name) data is not read; unpack it into a pipe: \(unpack) \(path) | prep … -"
    }
    return CorpusError(.unsupported, file: file.path, message)
  }

  /// A command that unpacks a file into a pipe.
  static func unpackCommand(_ file: InputFile) -> String {
    let path = file.isStandardInput ? "FILE" : shellQuoted(file.path)
    return "gzip -dc or zstd -dc \(path) | prep … -"
  }

  /// A command that writes the wanted columns of a Parquet file as an Arrow stream.
  static func parquetCommand(path: String, options: CorpusOptions) -> String {
    let fields = [options.textField, options.idField, options.langField].compactMap { $0 }
    let columns = fields + options.keepFields.filter { !fields.contains($0) }
    // Inside double quotes for the shell and single quotes for Python: only plain names fit.
    let arePlain = columns.allSatisfy { name in
      !name.isEmpty
        && name.unicodeScalars.allSatisfy { scalar in
          scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || "_.-".unicodeScalars.contains(scalar)
        }
    }
    // Not every file has an id; columns that are not there are left out, and prep names them.
    let wanted = arePlain ? columns.map { "'\($0)'" }.joined(separator: ",") : ""
    let selection = arePlain ? ",columns=[n for n in [\(wanted)] if n in d.schema.names]" : ""
    return "python3 -c \"import pyarrow as a,pyarrow.dataset as p,sys; d=p.dataset(sys.argv[1]); "
      + "s=p.Scanner.from_dataset(d\(selection)); "
      + "w=a.ipc.new_stream(sys.stdout.buffer,s.projected_schema); "
      + "[w.write_batch(b) for b in s.to_batches()]; w.close()\" \(path) | prep tokenize - …"
  }

  /// A path as one word of a POSIX shell.
  static func shellQuoted(_ path: String) -> String {
    let isPlain = path.unicodeScalars.allSatisfy { scalar in
      scalar.isASCII
        && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
          || "_./-+,:@%".unicodeScalars.contains(scalar))
    }
    if isPlain, !path.isEmpty { return path }
    return "'"
      + path.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
  }
}
