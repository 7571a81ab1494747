// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
public import Datasets
internal import JSON
internal import Objectives

/// What must hold in a dataset of tokenized documents.
public struct TokenRules: RowRules {
  private let schema: ArrowSchema
  private let vocabularySize: Int
  private let sources: Int

  /// Rules for shards of the given columns.
  public init(schema: ArrowSchema, manifest: Manifest) {
    self.schema = schema
    vocabularySize = manifest.tokenizer.vocabularySize
    sources = manifest.inputs.arrayValue?.count ?? 0
  }

  /// The columns are those of the parameters.
  public func schemaFindings(_ schema: ArrowSchema, file: String) -> [Finding] {
    SchemaComparison.findings(schema, expected: self.schema, file: file)
  }

  /// All ids.
  public func tokenCount(of batch: RecordBatch) -> Int {
    batch["input_ids"]?.listOffsets.last ?? 0
  }

  /// Ids are in the vocabulary, word and sentence starts fit the tokens, sources exist.
  public func rowFindings(_ batch: RecordBatch, firstRow: Int, file: String) -> [Finding] {
    var findings: [Finding] = []
    for row in 0..<batch.rowCount {
      let values = batch.exampleRow(
        row, columns: ["input_ids", "word_starts", "sentence_starts", "source"])
      let ids = values["input_ids"] ?? []
      func add(_ rule: String, _ message: String) {
        findings.append(Finding(rule: rule, file: file, row: firstRow + row, message))
      }
      if ids.isEmpty { add("empty-document", "a document without tokens") }
      if let position = ids.firstIndex(where: { $0 < 0 || $0 >= vocabularySize }) {
        add(
          "id-range",
          "id \(ids[position]) at position \(position), but the vocabulary has "
            + "\(vocabularySize) entries")
      }
      if let words = values["word_starts"], words.count != ids.count {
        add("word-starts", "\(words.count) word starts for \(ids.count) tokens")
      }
      if let starts = values["sentence_starts"], !Self.areStarts(starts, below: ids.count) {
        add("sentence-starts", "sentence starts are not 0 and then ascending below \(ids.count)")
      }
      if let source = values["source"]?.first, source >= sources {
        add("source", "source \(source), but the manifest lists \(sources)")
      }
      if batch["id"]?.string(at: row)?.isEmpty ?? true {
        add("document-id", "a document without an id")
      }
    }
    return findings
  }

  /// Nothing more to check.
  public func datasetFindings(_ manifest: Manifest) -> [Finding] { [] }

  private static func areStarts(_ starts: [Int64], below count: Int) -> Bool {
    guard starts.first == 0 || count == 0 && starts.isEmpty else { return false }
    return zip(starts, starts.dropFirst()).allSatisfy { $0 < $1 } && (starts.last ?? -1) < count
  }
}
