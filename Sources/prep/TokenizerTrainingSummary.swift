// SPDX-License-Identifier: Apache-2.0
internal import JSON
internal import Pipeline
internal import Tokenization

/// What training made, for a person on standard error or as JSON on standard output.
struct TokenizerTrainingSummary {
  let result: TokenizerTraining.Result
  let fits: [TokenizerFit]
  /// Entries that were asked for.
  let asked: Int
  let minimumFrequency: Int
  let seconds: Double

  private static let longestShown = 8

  func show(json: Bool, global: GlobalOptions, output: String) throws {
    if json {
      var standardOutput = StandardOutput()
      try standardOutput.line(String(decoding: value.serialized(), as: UTF8.self))
      try standardOutput.flush()
    }
    for line in lines(output) { global.note(line) }
  }

  private var bytesPerToken: Double {
    let tokens = result.measure.tokens
    return tokens == 0 ? 0 : Double(result.measure.bytes) / Double(tokens)
  }

  /// The longest tokens that are text, the longest first.
  private var longest: [String] {
    let tokenizer = result.tokenizer
    let special = Set(tokenizer.addedTokens.map(\.id))
    let ids = (0..<UInt32(tokenizer.vocabularySize)).filter { !special.contains($0) }
    let lengths = ids.map { (id: $0, length: tokenizer.bytes(of: $0)?.count ?? 0) }
    return lengths.sorted { ($1.length, $0.id) < ($0.length, $1.id) }.prefix(Self.longestShown)
      .map { String(decoding: tokenizer.bytes(of: $0.id) ?? [], as: UTF8.self) }
  }

  private var value: JSONValue {
    func rounded(_ value: Double) -> JSONValue { .double((value * 10_000).rounded() / 10_000) }
    return [
      "vocabulary_size": .init(result.tokenizer.vocabularySize),
      "documents": .init(result.documents), "text_bytes": .init(result.textBytes),
      "different_words": .init(result.words), "words_left_out": .init(result.wordsLeftOut),
      "least_word_count": .integer(result.leastCount), "words": .integer(result.measure.words),
      "tokens": .integer(result.measure.tokens), "bytes_per_token": rounded(bytesPerToken),
      "sources": .array(
        fits.map { fit -> JSONValue in
          [
            "source": .string(fit.source), "sample_bytes": .init(fit.bytes),
            "sample_words": .init(fit.words), "sample_tokens": .init(fit.tokens),
            "bytes_per_token": rounded(fit.bytesPerToken),
            "tokens_per_word": rounded(fit.tokensPerWord),
          ]
        }),
      "longest_tokens": .array(longest.map { .string($0) }), "seconds": .double(seconds),
    ]
  }

  private func lines(_ output: String) -> [String] {
    func decimal(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
    var lines = [
      "\(output): \(Quantity.grouped(result.tokenizer.vocabularySize)) entries from "
        + "\(Quantity.grouped(result.documents)) documents, "
        + "\(Quantity.grouped(result.words)) different words "
        + "(\(Quantity.short(result.textBytes))B, \(Quantity.time(seconds)))",
      "  bytes per token: \(decimal(bytesPerToken))",
    ]
    for fit in fits where fit.tokens > 0 {
      lines.append(
        "  \(fit.source): \(decimal(fit.bytesPerToken)) bytes per token, "
          + "\(decimal(fit.tokensPerWord)) tokens per word")
    }
    let shown = longest.map { String(decoding: JSONValue.string($0).serialized(), as: UTF8.self) }
    lines.append("  longest tokens: \(shown.joined(separator: " "))")
    if result.wordsLeftOut > 0 {
      lines.append(
        "  left out for want of memory: \(Quantity.grouped(result.wordsLeftOut)) words that occur "
          + "less than \(result.leastCount) times; --memory takes more")
    }
    if result.tokenizer.vocabularySize < asked {
      lines.append(
        "  fewer than the \(Quantity.grouped(asked)) asked for: no more pairs occur "
          + "\(minimumFrequency) times")
    }
    return lines
  }
}
