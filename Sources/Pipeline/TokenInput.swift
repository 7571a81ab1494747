// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets
internal import Digests
internal import JSON

/// What a build takes its tokens from.
enum TokenInput {
  /// Finished datasets, which can be read as often as wanted.
  case datasets(TokenDatasets)
  /// An Arrow stream on standard input.
  case stream(TokenStream)

  /// Opens datasets by their directories, or the stream for `-`.
  init(_ inputs: [String]) throws {
    if inputs.contains("-") {
      guard inputs.count == 1 else {
        throw PipelineError(.usage, "- for standard input cannot be mixed with other inputs")
      }
      self = .stream(try TokenStream())
    } else {
      guard !inputs.isEmpty else { throw PipelineError(.usage, "name at least one token dataset") }
      self = .datasets(try TokenDatasets(inputs))
    }
  }

  /// The tokenizer that made the tokens: that of the dataset, or the one that was named.
  func tokenizer(_ options: BuildOptions) throws -> TokenizerFile {
    let named = try options.tokenizer.map {
      try TokenizerFile(path: $0, specials: options.specials)
    }
    let tokenizer: TokenizerFile
    let expected: String?
    switch self {
    case .datasets(let datasets):
      let first = datasets.datasets[0]
      tokenizer =
        try named
        ?? TokenizerFile(
          path: first.directory, specials: options.specials, roles: first.manifest.tokenizer)
      expected = "\(first.manifest.tokenizer.digest)"
    case .stream(let stream):
      guard let named else {
        throw PipelineError(
          .usage,
          "a stream carries no tokenizer: name the one that made the tokens, --tokenizer FILE")
      }
      tokenizer = named
      expected = stream.tokenizerDigest
    }
    guard expected == "\(tokenizer.record.digest)" else {
      throw PipelineError(
        .malformed,
        "the tokenizer is not the one that made the tokens (SHA-256 \(tokenizer.record.digest), "
          + "not \(expected ?? "known"))")
    }
    return tokenizer
  }

  /// How many documents there are, where that is known before reading.
  var documentCount: Int? {
    if case .datasets(let datasets) = self { datasets.documentCount } else { nil }
  }

  /// Whether the rows of a stream are those of `train` alone.
  var hasTrainSplit: Bool {
    if case .datasets(let datasets) = self { datasets.splits.contains("train") } else { false }
  }

  func hasColumn(_ name: String) throws -> Bool {
    switch self {
    case .datasets(let datasets): try datasets.hasColumn(name)
    case .stream(let stream): stream.schema.index(of: name) != nil
    }
  }

  /// What the manifest says of the input.
  var json: JSONValue {
    guard case .datasets(let datasets) = self else { return [["name": "stdin"]] }
    return .array(
      datasets.datasets.map { dataset in
        let name = dataset.directory.split(separator: "/").last.map(String.init) ?? "/"
        let digests = dataset.manifest.shards.map { "\($0.contentDigest)" }.joined(separator: "\n")
        return [
          "name": .string(name),
          "content_sha256": .string("\(SHA256.digest(of: Array(digests.utf8)))"),
        ]
      })
  }
}
