// SPDX-License-Identifier: Apache-2.0
internal import Concurrency
public import Datasets
internal import Digests
internal import JSON
internal import Objectives
public import Tokenization

/// A tokenizer read from disk, with the files that accompany it.
public struct TokenizerFile: Sendable {
  /// The tokenizer.
  public let tokenizer: Tokenizer
  /// What manifests say of it.
  public let record: Manifest.Tokenizer
  /// `tokenizer.json` and `tokenizer_config.json` as they go into a dataset.
  let companions: [(name: String, bytes: [UInt8])]

  /// Reads a `tokenizer.json`, a BERT `vocab.txt`, a sentencepiece `.model`, a directory that holds
  /// one of them, or a `.tiktoken` file.
  ///
  /// Roles come from `specials`, else from `tokenizer_config.json` or `special_tokens_map.json`
  /// beside the file, else from the table of published names.
  ///
  /// - Parameters:
  ///   - specials: `ROLE=TOKEN` overrides.
  ///   - roles: the roles that a manifest states; they come before anything beside the file.
  ///   - preTokenizer: the split rule, which `.tiktoken` files do not state.
  ///   - preparesEncoders: whether a second thread makes what encoders share in the meantime.
  /// - Throws: `DatasetError` when a file cannot be read, `TokenizerError` naming what is wrong.
  public init(
    path: String, specials: [String] = [], roles: Manifest.Tokenizer? = nil,
    preTokenizer: PreTokenizerRule? = nil, preparesEncoders: Bool = false
  ) throws {
    var file = path
    if FileSystem.isDirectory(path) {
      let names = ["tokenizer.json", "vocab.txt", "tokenizer.model", "spiece.model"]
        .map { "\(path)/\($0)" }
      file = names.first { FileSystem.exists($0) } ?? names[0]
    }
    do {
      try self.init(
        file: file, specials: specials, roles: roles, preTokenizer: preTokenizer,
        preparesEncoders: preparesEncoders)
    } catch let error as TokenizerError {
      throw error.inFile(file)
    }
  }

  private init(
    file: String, specials: [String], roles: Manifest.Tokenizer?, preTokenizer: PreTokenizerRule?,
    preparesEncoders: Bool
  ) throws {
    let bytes = try FileSystem.read(file)
    let base: Tokenizer
    if file.hasSuffix(".tiktoken") {
      base = try Tokenizer.load(tiktoken: bytes, preTokenizer: preTokenizer)
    } else {
      let directory = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
      let configuration = try Self.companion("tokenizer_config.json", in: directory)
      let map = try Self.companion("special_tokens_map.json", in: directory)
      if file.hasSuffix(".txt") {
        base = try Tokenizer.load(
          vocabulary: bytes, configuration: configuration, specialTokensMap: map)
      } else if file.hasSuffix(".model") {
        base = try Tokenizer.load(
          sentencePiece: bytes, configuration: configuration, specialTokensMap: map)
      } else {
        base = try Tokenizer.load(
          tokenizerJSON: bytes, configuration: configuration, specialTokensMap: map)
      }
    }
    let tokenizer = try base.overridingRoles(with: Self.overrides(specials, roles, of: base))
    self.tokenizer = tokenizer
    var outcome: Result<[UInt8], TokenizerError> = .success([])
    WorkerTeam(threads: preparesEncoders ? 2 : 1).run(tasks: preparesEncoders ? 2 : 1) { task, _ in
      if task == 0 {
        outcome = Result { () throws(TokenizerError) in try tokenizer.serialized() }
      } else {
        tokenizer.prepareEncoders()
      }
    }
    let serialized = try outcome.get()
    companions = [
      ("tokenizer.json", serialized), ("tokenizer_config.json", tokenizer.configuration()),
    ]
    record = Manifest.Tokenizer(
      digest: SHA256.digest(of: serialized), vocabularySize: tokenizer.vocabularySize,
      roles: Dictionary(
        uniqueKeysWithValues: tokenizer.roles.assigned.map { ($0.role.rawValue, $0.id) }),
      sentinels: tokenizer.roles.sentinels)
  }

  /// What objectives need to know of the tokenizer.
  func vocabulary() throws -> Vocabulary {
    let ids = (0..<UInt32(tokenizer.vocabularySize))
    let framing = tokenizer.framing
    return try Vocabulary(
      size: tokenizer.vocabularySize, roles: record.roles, sentinels: record.sentinels,
      specials: ids.filter { tokenizer.isSpecial($0) },
      unassigned: ids.filter { tokenizer.token($0) == nil },
      template: .init(
        prefix: framing.prefix, infix: framing.pairMiddle, suffix: framing.suffix),
      lookup: { [tokenizer] in tokenizer.id(of: $0) })
  }

  private static func companion(_ name: String, in directory: String) throws -> JSONValue? {
    let path = "\(directory)/\(name)"
    guard FileSystem.exists(path) else { return nil }
    do {
      return try JSONValue(parsing: FileSystem.read(path))
    } catch let error as JSONError {
      throw PipelineError(.malformed, "\(path): \(error)")
    }
  }

  /// Tokens by role: those of the manifest, then those that were asked for.
  private static func overrides(
    _ specials: [String], _ roles: Manifest.Tokenizer?, of tokenizer: Tokenizer
  ) throws -> [String: String] {
    var overrides = roles?.roles.compactMapValues { tokenizer.token($0) } ?? [:]
    for special in specials {
      guard let equals = special.firstIndex(of: "="), equals > special.startIndex else {
        throw PipelineError(.usage, "--special: '\(special)' is not ROLE=TOKEN, as in mask=<mask>")
      }
      overrides[String(special[..<equals])] = String(special[special.index(after: equals)...])
    }
    return overrides
  }
}
