// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import Tokenization

/// `prep tokenizer extend`: a tokenizer with the special tokens that it lacks.
public enum TokenizerExtension {
  /// Writes the extended tokenizer as a directory that `AutoTokenizer.from_pretrained` reads.
  ///
  /// - Parameters:
  ///   - sentinels: how many sentinels there are to be.
  ///   - specials: `ROLE=TOKEN`; the token is added where it is missing.
  /// - Returns: the sizes of the vocabulary before and after.
  /// - Throws: `PipelineError`, `TokenizerError` or `DatasetError` naming what cannot be done.
  public static func run(
    _ file: TokenizerFile, sentinels: Int, specials: [String], output: String, overwrite: Bool
  ) throws -> (before: Int, after: Int) {
    guard !output.hasSuffix(".json") else {
      throw PipelineError(
        .usage, "-o \(output): the output is a directory with tokenizer.json in it")
    }
    try TokenizerTraining.checkOutput("\(output)/tokenizer.json", overwrite: overwrite)
    let pairs = try specials.map { special in
      guard let equals = special.firstIndex(of: "="), equals > special.startIndex else {
        throw PipelineError(.usage, "--special: '\(special)' is not ROLE=TOKEN, as in mask=<mask>")
      }
      return (
        role: String(special[..<equals]), token: String(special[special.index(after: equals)...])
      )
    }
    let extended = try file.tokenizer.extended(sentinels: sentinels, specials: pairs)
    try FileSystem.createDirectory(output)
    try FileSystem.replace("\(output)/tokenizer.json", with: extended.serialized())
    try FileSystem.replace("\(output)/tokenizer_config.json", with: extended.configuration())
    return (file.tokenizer.vocabularySize, extended.vocabularySize)
  }
}
