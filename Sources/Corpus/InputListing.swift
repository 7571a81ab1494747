// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// From the arguments of a command to the files that they mean.
public enum InputListing {
  /// Lists files in the order of the arguments.
  ///
  /// An argument is a file, a directory (all regular files in it and below, in byte order of their
  /// paths), a pattern (`*`, `?`, `[a-z]`, `**`; the same order) or `-` for standard input. Names
  /// that begin with a dot are left out of directories, and so are the files that Hugging Face
  /// `datasets` keeps beside its Arrow data (`dataset_info.json`, `state.json`, results of `map` in
  /// `cache-….arrow`). Links are followed; a link to a directory
  /// that contains it leads nowhere new and is passed over. The same file may be listed twice.
  /// - Throws: `missing` for what is not there or means no file, `unreadable` for what may not be
  ///   looked at, `malformed` for a name that is not UTF-8, `usage` for a second "-".
  public static func files(for arguments: [String]) throws(CorpusError) -> [InputFile] {
    var files: [InputFile] = []
    var hasStandardInput = false
    for (index, argument) in arguments.enumerated() {
      if argument == InputFile.standardInput {
        guard !hasStandardInput else {
          throw CorpusError(.usage, "standard input (-) can be read only once")
        }
        hasStandardInput = true
        files.append(InputFile(path: argument, name: "stdin", argument: index, storedSize: 0))
        continue
      }
      var listing = Listing(argument: index)
      try listing.add(argument)
      files += listing.sorted()
    }
    return files
  }
}

/// The files of one argument.
private struct Listing {
  private typealias Identity = [UInt64]

  let argument: Int
  private var found: [InputFile] = []

  init(argument: Int) { self.argument = argument }

  func sorted() -> [InputFile] {
    found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  }

  mutating func add(_ path: String) throws(CorpusError) {
    guard !path.isEmpty else { throw CorpusError(.usage, "an input argument is empty") }
    var status = stat()
    if stat(path, &status) == 0 {
      if Self.kind(status) == S_IFDIR {
        try walk(path, name: "", ancestors: [Self.identity(status)], pattern: nil)
        guard !found.isEmpty else {
          throw CorpusError(.missing, file: path, "the directory has no files to read")
        }
      } else {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        append(path, name, status)
      }
      return
    }
    let reason = errno
    guard GlobPattern.isPattern(path), reason == ENOENT || reason == ENOTDIR else {
      throw Self.failure(path, reason)
    }
    let pattern = GlobPattern(path)
    let root = pattern.root.isEmpty ? "." : pattern.root
    guard stat(root, &status) == 0, Self.kind(status) == S_IFDIR else {
      throw CorpusError(.missing, file: path, "nothing matches: there is no directory \(root)")
    }
    try walk(
      pattern.root, name: "", ancestors: [Self.identity(status)], pattern: (pattern, pattern.start))
    guard !found.isEmpty else { throw CorpusError(.missing, file: path, "no file matches") }
  }

  /// Adds what is in a directory. `pattern` is nil where everything below is wanted.
  private mutating func walk(
    _ directory: String, name: String, ancestors: [Identity],
    pattern: (GlobPattern, GlobPattern.State)?
  ) throws(CorpusError) {
    let entries = try Self.entries(of: directory.isEmpty ? "." : directory)
    for entry in entries {
      var below = pattern
      if let (glob, state) = pattern {
        let next = glob.step(state, entry)
        guard !next.isEmpty else { continue }
        below = glob.isComplete(next) ? nil : (glob, next)
      } else if entry.hasPrefix(".") || Self.isBookkeeping(entry, among: entries) {
        continue
      }
      let separator = directory.isEmpty || directory.hasSuffix("/") ? "" : "/"
      let path = directory + separator + entry
      let entryName = name.isEmpty ? entry : name + "/" + entry
      var status = stat()
      guard stat(path, &status) == 0 else {
        if below != nil { continue }
        throw Self.failure(path, errno)
      }
      if Self.kind(status) == S_IFDIR {
        let identity = Self.identity(status)
        if ancestors.contains(identity) { continue }
        try walk(path, name: entryName, ancestors: ancestors + [identity], pattern: below)
      } else if Self.kind(status) == S_IFREG, below == nil {
        append(path, entryName, status)
      }
    }
  }

  /// Whether a file of a directory that `datasets` made holds no documents of its own.
  private static func isBookkeeping(_ name: String, among entries: [String]) -> Bool {
    if name == "dataset_dict.json" { return true }
    guard entries.contains("dataset_info.json"), entries.contains(where: { $0.hasSuffix(".arrow") })
    else { return false }
    return name == "dataset_info.json" || name == "state.json" || name.hasSuffix(".lock")
      || name.hasPrefix("cache-") && name.hasSuffix(".arrow")
  }

  private mutating func append(_ path: String, _ name: String, _ status: stat) {
    let size = Self.kind(status) == S_IFREG ? Int(status.st_size) : 0
    found.append(InputFile(path: path, name: name, argument: argument, storedSize: size))
  }

  private static func entries(of directory: String) throws(CorpusError) -> [String] {
    guard let stream = opendir(directory) else { throw failure(directory, errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw failure(directory, errno) }
        return names
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
      }
      guard let name else {
        throw CorpusError(
          .malformed, file: directory,
          "the directory has a file whose name is not UTF-8; rename it, as names go into ids")
      }
      if name != ".", name != ".." { names.append(name) }
    }
  }

  private static func kind(_ status: stat) -> mode_t { status.st_mode & S_IFMT }

  private static func identity(_ status: stat) -> Identity {
    [UInt64(truncatingIfNeeded: status.st_dev), UInt64(truncatingIfNeeded: status.st_ino)]
  }

  private static func failure(_ path: String, _ reason: CInt) -> CorpusError {
    switch reason {
    case ENOENT, ENOTDIR:
      CorpusError(.missing, file: path, "no such file or directory")
    default:
      CorpusError(.unreadable, file: path, "cannot be opened: \(String(cString: strerror(reason)))")
    }
  }
}
