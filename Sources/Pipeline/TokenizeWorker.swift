// SPDX-License-Identifier: Apache-2.0
internal import Corpus
internal import Datasets
internal import Tokenization
internal import UnicodeText

/// The tokenized documents of one batch of records.
struct TokenizedBatch: Sendable {
  var rows: TokenRows
  /// For each row the index of its split.
  var splits: [Int] = []
  /// What was dropped, replaced or skipped, by name.
  var counts: [String: Int] = [:]
  /// What it took.
  var seconds = StageSeconds()
}

extension TokenizedBatch {
  /// Notes what became of the records; what did not occur is not mentioned.
  fileprivate mutating func add(_ corpus: CorpusCounts) {
    let named = [
      ("documents", corpus.documents), ("text_bytes", corpus.bytes),
      ("invalid_utf8_replacements", corpus.invalidUTF8Replacements),
      ("documents_with_replacements", corpus.documentsWithReplacements),
      ("skipped_invalid_json", corpus.skippedInvalidJSON),
      ("skipped_invalid_fields", corpus.skippedInvalidFields),
      ("skipped_null_text", corpus.skippedNullTexts),
      ("skipped_invalid_utf8", corpus.skippedInvalidUTF8),
      ("dropped_empty", corpus.emptyDocuments),
    ]
    for (name, count) in named where count > 0 { counts[name, default: 0] += count }
  }
}

extension KeptValue {
  /// The value as text: strings as they are, anything else as JSON has it, nothing for null.
  fileprivate var text: String {
    switch self {
    case .null: ""
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .double(let value): "\(value)"
    case .string(let value), .json(let value): value
    }
  }
}

/// The place of one thread's worker. It is made there, with the first batch, and kept from unit to
/// unit, with what its cache has learnt.
final class TokenizeWorkerPlace {
  private let options: TokenizeOptions
  private let tokenizer: Tokenizer
  private var worker: TokenizeWorker?

  init(options: TokenizeOptions, tokenizer: Tokenizer) {
    self.options = options
    self.tokenizer = tokenizer
  }

  func tokenize(_ batch: RawBatch) throws -> TokenizedBatch {
    if let worker { return try worker.tokenize(batch) }
    let made = try TokenizeWorker(options: options, tokenizer: tokenizer)
    worker = made
    return try made.tokenize(batch)
  }
}

/// What one thread does with a batch of records: parse, clean, tokenize, find sentences.
final class TokenizeWorker {
  private let options: TokenizeOptions
  private let locale: String?
  private let sourceOfInput: [Int]
  private let steps: TextPipeline
  private var parser: DocumentParser
  private var encoder: Encoder
  private var encoding: Encoding
  private var stepped: [UInt8] = []
  private var sentenceStarts: [Int] = []
  private var breakers: [String: SentenceBreaker] = [:]

  init(options: TokenizeOptions, tokenizer: Tokenizer) throws {
    self.options = options
    locale = options.locale
    sourceOfInput = options.sourceOfInput
    steps = try TextPipeline(steps: options.steps)
    parser = DocumentParser(options: options.corpus)
    encoder = tokenizer.encoder(cacheMegabytes: options.cacheMegabytes)
    var parts: Encoding.Parts = []
    if options.wordStarts { parts.insert(.wordStarts) }
    if options.sentences { parts.insert(.originalEnds) }
    encoding = Encoding(parts: parts)
  }

  func tokenize(_ batch: RawBatch) throws -> TokenizedBatch {
    // Four bytes a token or more, as most texts have.
    var result = TokenizedBatch(
      rows: TokenRows(
        keptFields: options.corpus.keepFields.count, expectedTokens: batch.bytes.count / 4))
    var timer = StageTimer()
    let counts = try parser.forEachDocument(in: batch) { document in
      timer.mark(.parse)
      let isChanged = try steps.change(document.text, into: &stepped)
      timer.mark(.normalize)
      if isChanged {
        try stepped.withUnsafeBufferPointer { try append(document, text: $0, to: &result, &timer) }
      } else {
        try append(document, text: document.text, to: &result, &timer)
      }
      timer.mark(.encode)
    }
    result.add(counts)
    result.seconds = timer.finish(.parse)
    return result
  }

  private func append(
    _ document: borrowing DocumentView, text: UnsafeBufferPointer<UInt8>,
    to result: inout TokenizedBatch, _ timer: inout StageTimer
  ) throws {
    try encoder.encode(text, into: &encoding)
    guard !encoding.ids.isEmpty else {
      result.counts["dropped_without_tokens", default: 0] += 1
      return
    }
    result.splits.append(options.split.index(of: encoding.normalized))

    result.rows.ids.append(document.id.utf8)
    result.rows.tokens.append(contentsOf: encoding.ids)
    if options.wordStarts { result.rows.wordStarts.append(contentsOf: encoding.wordStarts) }
    let source = sourceOfInput[document.source]
    let language = document.lang ?? options.sources[source].language ?? "und"
    if options.sentences {
      timer.mark(.encode)
      try appendSentences(of: text, language: language, to: &result.rows.sentenceStarts)
      timer.mark(.sentences)
    }
    result.rows.sources.append(UInt16(truncatingIfNeeded: source))
    result.rows.languages.append(language.utf8)
    if options.keepText { result.rows.texts.append(text) }
    for (index, value) in document.kept.enumerated() {
      result.rows.kept[index].append(value.text.utf8)
    }
    result.rows.endRow()
  }

  private func appendSentences(
    of text: UnsafeBufferPointer<UInt8>, language: String, to starts: inout [UInt32]
  ) throws {
    let isUnwrapped =
      switch options.unwrap {
      case .on: true
      case .off: false
      case .auto: HardWrap.isLikely(in: text)
      }
    sentenceStarts.removeAll(keepingCapacity: true)
    try breaker(locale ?? language).starts(in: text, unwrap: isUnwrapped, into: &sentenceStarts)
    SentenceStarts.append(
      of: sentenceStarts, in: text, tokenEnds: encoding.originalEnds, to: &starts)
  }

  /// One breaker a locale: opening one is slow, and there are few.
  private func breaker(_ language: String) throws -> SentenceBreaker {
    if let breaker = breakers[language] { return breaker }
    // Languages come from the data: their number must not decide how much memory is held.
    if breakers.count >= 64 { breakers.removeAll() }
    // What a document calls its language may be anything; the root rules serve all of them.
    let named = locale == nil ? try? SentenceBreaker(locale: language) : nil
    let breaker = try named ?? SentenceBreaker(locale: locale ?? "root")
    breakers[language] = breaker
    return breaker
  }
}
