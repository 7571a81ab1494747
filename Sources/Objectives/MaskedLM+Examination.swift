// SPDX-License-Identifier: Apache-2.0

extension MaskedLM {
  private static let pairLabel = Masking.statisticCount

  var examination: Examination {
    var examination = Examination()
    examination.statistics = masking.statistics
    guard case .pairs(let pairs) = framing.method else { return examination }
    var label = ExpectedStatistic(
      "pair-label-rate", "pairs labelled 1", .rate, by: .draw)
    switch pairs.pairing {
    case .exchange: label.knownMisses = FramingReport.Event.pairsWithoutPartner.rawValue
    case .putBack:
      label.headroom = 0.5
      examination.serving = .repeatedly
      examination.knownShortcut = "put-back pairs differ in length and in where segments begin"
    case .swapCounted: examination.swapsSegments = true
    case .swapGreedy:
      examination.swapsSegments = true
      label.headroom = 0.5
      examination.serving = .repeatedly
      examination.knownShortcut = "the sentence that fills a chunk is long and stands last"
    }
    examination.statistics.append(label)
    examination.pairLabel = pairs.labelColumn
    return examination
  }

  func restore(_ row: ExampleRow) -> [Int64]? {
    guard let content = rows.content(of: row, masking.vocabulary) else { return nil }
    return rows.restore(row, content)
  }

  func wordFates(in row: ExampleRow) -> [WordFate?]? {
    rows.content(of: row, masking.vocabulary).flatMap { masking.wordFates(row, $0) }
  }

  func observe(_ row: ExampleRow, into observations: inout Observations) {
    if case .pairs(let pairs) = framing.method, let label = row[pairs.labelColumn]?.first {
      observations.add(Self.pairLabel, hits: label == 1 ? 1 : 0, of: 1, expected: 0.5)
    }
    guard let content = rows.content(of: row, masking.vocabulary) else { return }
    masking.observe(row, content, into: &observations)
  }
}

extension MaskedNextToken {
  var examination: Examination {
    var examination = Examination()
    examination.statistics = masking.statistics
    return examination
  }

  func restore(_ row: ExampleRow) -> [Int64]? {
    guard let content = rows.content(of: row, masking.vocabulary) else { return nil }
    return rows.restore(row, content)
  }

  func wordFates(in row: ExampleRow) -> [WordFate?]? {
    rows.content(of: row, masking.vocabulary).flatMap { masking.wordFates(row, $0) }
  }

  func observe(_ row: ExampleRow, into observations: inout Observations) {
    guard let content = rows.content(of: row, masking.vocabulary) else { return }
    masking.observe(row, content, into: &observations)
  }
}

extension SentencePairs {
  /// The column of the pair's label.
  var labelColumn: String {
    switch pairing {
    case .exchange, .putBack: "next_sentence_label"
    case .swapCounted, .swapGreedy: "sentence_order_label"
    }
  }
}

extension EncoderRows {
  /// Where the text of a row stands; nil if that cannot be told.
  func content(of row: ExampleRow, _ vocabulary: Vocabulary) -> RowContent? {
    var check = RowCheck(row)
    return self.check(&check, columns: [], vocabulary: vocabulary)
  }

  /// The text of a row, with labels where there are some.
  func restore(_ row: ExampleRow, _ content: RowContent) -> [Int64]? {
    guard let ids = row["input_ids"], let labels = row["labels"], labels.count == ids.count
    else { return nil }
    let ignored = Int64(Column.ignoredLabel)
    return content.segments.flatMap { range in
      range.map { labels[$0] == ignored ? ids[$0] : labels[$0] }
    }
  }
}
