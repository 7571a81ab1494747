// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
public import Datasets
public import Objectives

/// What must hold in a dataset of examples: the objective's own rules, row by row, and what its
/// rows show together.
public struct ExampleRules: RowRules {
  private let schema: ArrowSchema?
  private let vocabulary: Vocabulary
  let objective: any Objective
  let examination: Examination
  private let columnNames: [String]
  /// Whether labels are ids and -100, not 0 and 1 at every position.
  private let hasIgnoredLabels: Bool
  private let text: (@Sendable ([Int64]) -> [UInt8])?

  /// Rules for rows made for an objective.
  ///
  /// - Parameters:
  ///   - schema: the columns of the shards; nil where any with the right names will do.
  ///   - text: the bytes of tokens, for objectives that divide a text into other tokens.
  public init(
    schema: ArrowSchema?, objective: any Objective, vocabulary: Vocabulary,
    text: (@Sendable ([Int64]) -> [UInt8])? = nil
  ) {
    self.text = text
    self.schema = schema
    self.objective = objective
    self.vocabulary = vocabulary
    examination = objective.examination
    columnNames = objective.columns.map(\.name)
    hasIgnoredLabels = objective.columns.first { $0.name == "labels" }?.element == .int32
  }

  /// The columns are those of the objective's parameters.
  public func schemaFindings(_ schema: ArrowSchema, file: String) -> [Finding] {
    guard let expected = self.schema else {
      return columnNames.filter { schema.index(of: $0) == nil }.map {
        Finding(rule: "missing-column", file: file, "no column '\($0)'")
      }
    }
    return SchemaComparison.findings(schema, expected: expected, file: file)
  }

  /// Ids in `input_ids` that are not padding.
  public func tokenCount(of batch: RecordBatch) -> Int {
    (0..<batch.rowCount).reduce(0) { sum, row in
      sum + Self.inputTokens(batch.exampleRow(row, columns: Self.countedColumns))
    }
  }

  /// The objective's invariants, and provenance that covers something.
  public func rowFindings(_ batch: RecordBatch, firstRow: Int, file: String) -> [Finding] {
    examine(batch, at: BatchPlace(file: file, firstRow: firstRow)).findings
  }

  /// Nothing more to check.
  public func datasetFindings(_ manifest: Manifest) -> [Finding] { [] }

  /// Keeps statistics, served stretches, pairs and texts.
  public func makeLedger() -> ExampleLedger? { ExampleLedger(examination) }

  // MARK: Rows

  /// Reads every row once for all purposes.
  public func examine(_ batch: RecordBatch, at place: BatchPlace) -> BatchExamination {
    var evidence = ExampleEvidence(examination.statistics)
    var findings: [Finding] = []
    var tokens = 0
    let provenance = ProvenanceColumns(batch)
    for row in 0..<batch.rowCount {
      var example = batch.exampleRow(row, columns: columnNames)
      let used = Self.inputTokens(example)
      tokens += used
      account(example, used, &evidence.accounting)
      if !hasIgnoredLabels { evidence.replaced += example["labels"]?.count { $0 == 1 } ?? 0 }
      let number = place.firstRow + row
      var isGood = true
      func add(_ rule: String, _ message: String) {
        isGood = false
        findings.append(Finding(rule: rule, file: place.file, row: number, message))
      }
      for fault in objective.faults(in: example) { add(fault.rule, "\(fault)") }
      let stretches = provenance?.stretches(row)
      example.stretchCount = stretches?.count
      if let provenance, stretches == nil {
        add("provenance", "the provenance lists have lengths \(provenance.lengths(row))")
      }
      if let stretches, let fault = pairFault(example, stretches, place.source) {
        add("pair-label", fault)
      }
      // What is known to be broken would only blur what the others show.
      guard isGood else {
        evidence.rowsSkipped += 1
        continue
      }
      objective.observe(example, into: &evidence.observations)
      let restored = objective.restore(example)
      let recoded = restored == nil ? objective.restoreStretches(example) : nil
      if restored == nil, recoded == nil { evidence.rowsNotRestored += 1 }
      if let stretches {
        let fault =
          recoded.map { serve(stretches, recoded: $0, number, place.source, &evidence) }
          ?? serve(stretches, restored, number, place.source, &evidence)
        if let fault {
          add(fault.rule, fault.message)
          evidence.rowsSkipped += 1
        }
      } else {
        evidence.rowsWithoutProvenance += 1
      }
      if let stretches, let message = wordFault(example, stretches, restored, place.source) {
        add("whole-word", message)
      }
      audit(example, restored, stretches?.first, used, number, place, &evidence)
      if examination.pairLabel != nil, number % place.pairStride == 0 {
        let document = stretches?.first.map { TextHash.hash($0.id) } ?? UInt64(number)
        if let sample = sample(example, document: document) { evidence.pairs.append(sample) }
      }
    }
    return BatchExamination(tokens: tokens, findings: findings, evidence: evidence)
  }

  private static let countedColumns = ["input_ids", "attention_mask", "segment_ids"]

  private static func inputTokens(_ row: ExampleRow) -> Int {
    if let mask = row["attention_mask"] { return mask.count { $0 == 1 } }
    if let segments = row["segment_ids"] { return segments.count { $0 > 0 } }
    return row["input_ids"]?.count ?? 0
  }

  private func account(_ row: ExampleRow, _ used: Int, _ sums: inout Accounting) {
    let inputs = row["input_ids"]?.count ?? 0
    sums.inputTokens += used
    sums.inputPadding += max(0, inputs - used)
    if let targets = row["target"] {
      sums.lossTokens += targets.count { $0 == 1 }
      return
    }
    guard let labels = row["labels"] else {
      sums.lossTokens += max(0, used - 1)
      return
    }
    guard hasIgnoredLabels else {
      sums.lossTokens += used
      return
    }
    let ignored = labels.count { $0 == Int64(Column.ignoredLabel) }
    sums.lossTokens += labels.count - ignored
    if examination.shiftsLabels, let first = labels.first, first != Int64(Column.ignoredLabel) {
      sums.lossTokens -= 1
    }
    if objective.facts.contains(where: { $0.name == "decoder_start_token_id" }) {
      sums.hasTargets = true
      sums.targetPadding += ignored
    }
  }

  /// Holds what a row says of its source against its tokens and against the source itself.
  private func serve(
    _ pieces: [ProvenanceColumns.Stretch], _ restored: [Int64]?, _ row: Int,
    _ source: SourceDocuments?, _ evidence: inout ExampleEvidence
  ) -> (rule: String, message: String)? {
    let separator = objective.framing.separator.map { Int64($0) }
    var position = 0
    for piece in pieces {
      var tokens: ArraySlice<Int64>?
      if let restored {
        guard position + piece.length <= restored.count else {
          return (
            "provenance", "the source stretches are longer than the row's \(restored.count) tokens"
          )
        }
        tokens = restored[position..<(position + piece.length)]
        position += piece.length
      }
      var document: Int?
      if let source {
        let candidates = source.candidates(piece.name)
        guard !candidates.isEmpty else {
          return ("unknown-document", "no document '\(piece.name)' in the source")
        }
        document = candidates.first { candidate in
          guard let tokens else {
            return piece.offset + piece.length <= source.length(of: candidate)
          }
          return source.holds(tokens, in: candidate, at: piece.offset)
        }
        guard let document else {
          return (
            "not-lossless",
            "undone, the row does not give back tokens \(piece.offset)..<"
              + "\(piece.offset + piece.length) of document '\(piece.name)'"
          )
        }
        if candidates.count > 1 {
          evidence.unidentifiedTokens += piece.length
        } else {
          evidence.add(piece, tokens, document: UInt64(document), row: row)
        }
      } else {
        evidence.add(piece, tokens, document: TextHash.hash(piece.id), row: row)
      }
      if let restored, let separator, position < restored.count, restored[position] == separator,
        document.map({ piece.offset + piece.length == source?.length(of: $0) }) ?? true
      {
        position += 1
      }
    }
    guard let restored, position != restored.count else { return nil }
    return (
      "provenance",
      "the source stretches cover \(position) of the row's \(restored.count) tokens"
    )
  }

  /// As above, stretch by stretch, where texts are equal but not their tokens.
  private func serve(
    _ pieces: [ProvenanceColumns.Stretch], recoded: [[Int64]], _ row: Int,
    _ source: SourceDocuments?, _ evidence: inout ExampleEvidence
  ) -> (rule: String, message: String)? {
    guard pieces.count == recoded.count else {
      return (
        "provenance",
        "\(pieces.count) source stretches for the row's \(recoded.count) fragments: end tokens are "
          + "missing, or too many"
      )
    }
    for (piece, tokens) in zip(pieces, recoded) {
      guard let source else {
        evidence.add(piece, nil, document: TextHash.hash(piece.id), row: row)
        continue
      }
      let candidates = source.candidates(piece.name)
      guard !candidates.isEmpty else {
        return ("unknown-document", "no document '\(piece.name)' in the source")
      }
      let document = candidates.first { candidate in
        guard
          let original = source.tokens(of: candidate, at: piece.offset, count: piece.length)
        else { return false }
        return tokens == original || (text.map { $0(tokens) == $0(original) } ?? false)
      }
      guard let document else {
        return (
          "not-lossless",
          "put together again, the row does not give the text of tokens \(piece.offset)..<"
            + "\(piece.offset + piece.length) of document '\(piece.name)'"
        )
      }
      if candidates.count > 1 {
        evidence.unidentifiedTokens += piece.length
      } else {
        evidence.add(piece, nil, document: UInt64(document), row: row)
      }
    }
    return nil
  }

  /// What is wrong with the label of a pair, by where its segments come from.
  private func pairFault(
    _ row: ExampleRow, _ pieces: [ProvenanceColumns.Stretch], _ source: SourceDocuments?
  ) -> String? {
    guard let column = examination.pairLabel, let label = row[column]?.first, pieces.count == 2
    else { return nil }
    let (first, second) = (pieces[0], pieces[1])
    let isOneDocument = first.name == second.name
    if label == 0, !isOneDocument || second.offset < first.offset {
      return "\(column) is 0, but the second segment does not come after the first in the source"
    }
    // A segment that follows at once, or after what was cut where halves are only swapped.
    let follows =
      isOneDocument
      && (examination.swapsSegments
        ? second.offset > first.offset : second.offset == first.offset + first.length)
    // Of two documents with one id each may have given a segment.
    let isCertain =
      examination.swapsSegments || source.map { $0.candidates(first.name).count == 1 } ?? false
    if label == 1, follows, isCertain, examination.knownShortcut == nil {
      return "\(column) is 1, but the second segment follows the first in the source"
    }
    return nil
  }

  private func wordFault(
    _ row: ExampleRow, _ stretches: [ProvenanceColumns.Stretch], _ restored: [Int64]?,
    _ source: SourceDocuments?
  ) -> String? {
    guard let source, let restored, let fates = objective.wordFates(in: row) else { return nil }
    return WholeWords(source: source, separator: objective.framing.separator.map { Int64($0) })
      .fault(stretches, restored, fates)
  }

  // MARK: Leaks and surface

  private func audit(
    _ row: ExampleRow, _ restored: [Int64]?, _ source: ProvenanceColumns.Stretch?, _ used: Int,
    _ number: Int, _ place: BatchPlace, _ evidence: inout ExampleEvidence
  ) {
    let ids = row["input_ids"] ?? []
    switch place.text {
    case .ignored: break
    case .heldOut(let text):
      text.collect(restored ?? Array(ids.prefix(used)), from: source, into: &evidence.text)
    case .training(let text):
      text.search(restored ?? Array(ids.prefix(used)), from: source, into: &evidence.text)
    }
    if examination.hidesLabels, number % LabelLeak.stride == 0, let labels = row["labels"] {
      evidence.leak.add(
        input: ordinaryStretches(ids.prefix(used)), labels: ordinaryStretches(labels[...]))
    }
  }

  /// The stretches between special tokens and positions without a label.
  private func ordinaryStretches(_ values: ArraySlice<Int64>) -> [ArraySlice<Int64>] {
    values.split { isSpecial($0) }
  }

  private func isSpecial(_ id: Int64) -> Bool {
    id < 0 || id >= vocabulary.size || vocabulary.isSpecial(TokenID(truncatingIfNeeded: id))
  }

  private func sample(_ row: ExampleRow, document: UInt64) -> PairProbe.Sample? {
    guard let column = examination.pairLabel, let label = row[column]?.first,
      let ids = row["input_ids"], let types = row["token_type_ids"], types.count == ids.count
    else { return nil }
    let labels = row["labels"]
    var segments: ([Int64], [Int64]) = ([], [])
    let used = Self.inputTokens(row)
    for position in 0..<min(used, ids.count) {
      var id = ids[position]
      if let labels, position < labels.count, labels[position] >= 0 { id = labels[position] }
      guard !isSpecial(id) else { continue }
      if types[position] == 0 { segments.0.append(id) } else { segments.1.append(id) }
    }
    var sample = PairProbe.Sample(
      features: PairProbe.features(segments.0, segments.1), label: label == 1,
      isForTraining: TextHash.mixed(document) & 1 == 0)
    if examination.swapsSegments {
      sample.order = PairProbe.Order(segments, isSwapped: label == 1)
    }
    return sample
  }
}

extension ExampleEvidence {
  fileprivate mutating func add(
    _ piece: ProvenanceColumns.Stretch, _ tokens: ArraySlice<Int64>?, document: UInt64, row: Int
  ) {
    stretches.append(
      ServedRanges.Stretch(
        document: document, offset: UInt32(truncatingIfNeeded: piece.offset),
        length: UInt32(truncatingIfNeeded: piece.length), row: UInt32(truncatingIfNeeded: row),
        content: tokens.map { TextHash.hash($0) } ?? 0,
        start: tokens.map { TextHash.hash($0.prefix(8)) } ?? 0))
  }
}
