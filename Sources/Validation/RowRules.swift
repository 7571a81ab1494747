// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
public import Datasets

/// What must hold in a dataset of one kind.
public protocol RowRules: Sendable {
  /// What is wrong with the columns and the metadata of a shard.
  func schemaFindings(_ schema: ArrowSchema, file: String) -> [Finding]

  /// The tokens of a batch, counted as the manifest counts them.
  func tokenCount(of batch: RecordBatch) -> Int

  /// What is wrong with the rows of a batch.
  ///
  /// - Parameter firstRow: the number of the batch's first row in its file.
  func rowFindings(_ batch: RecordBatch, firstRow: Int, file: String) -> [Finding]

  /// Everything about the rows of a batch: what is wrong with single ones, and what they show
  /// together with others.
  func examine(_ batch: RecordBatch, at place: BatchPlace) -> BatchExamination

  /// Keeps what batches show together; nil if the kind has no such rules.
  func makeLedger() -> ExampleLedger?

  /// What is wrong with the dataset as a whole.
  func datasetFindings(_ manifest: Manifest) -> [Finding]
}

extension RowRules {
  /// Single rows alone.
  public func examine(_ batch: RecordBatch, at place: BatchPlace) -> BatchExamination {
    BatchExamination(
      tokens: tokenCount(of: batch),
      findings: rowFindings(batch, firstRow: place.firstRow, file: place.file), evidence: nil)
  }

  /// None.
  public func makeLedger() -> ExampleLedger? { nil }
}

/// Where a batch stands, and what its rows are held against.
public struct BatchPlace: Sendable {
  /// What becomes of the text of the rows.
  enum Text: Sendable {
    /// Nothing: there is only one split.
    case ignored
    /// Of a split that is held out: it is collected.
    case heldOut(HeldOutText)
    /// Of `train`: it is searched for what is held out.
    case training(HeldOutText)
  }

  /// The file.
  public let file: String
  /// The number of the batch's first row in its file.
  public let firstRow: Int
  /// The documents that the rows were made from, if they are at hand.
  let source: SourceDocuments?
  /// What becomes of the text.
  let text: Text
  /// One pair in so many is shown to the probe.
  let pairStride: Int

  /// The place of a batch that is looked at on its own.
  public init(file: String, firstRow: Int) {
    self.init(file: file, firstRow: firstRow, source: nil, text: .ignored, pairStride: 1)
  }

  init(file: String, firstRow: Int, source: SourceDocuments?, text: Text, pairStride: Int) {
    self.file = file
    self.firstRow = firstRow
    self.source = source
    self.text = text
    self.pairStride = pairStride
  }
}

/// What one batch gave.
public struct BatchExamination: Sendable {
  /// Tokens, as the manifest counts them.
  public let tokens: Int
  /// What is wrong with single rows.
  public let findings: [Finding]
  /// What they show together with others.
  let evidence: ExampleEvidence?
}

/// Compares a shard's columns with those that the parameters demand.
enum SchemaComparison {
  static func findings(_ schema: ArrowSchema, expected: ArrowSchema, file: String) -> [Finding] {
    var findings: [Finding] = []
    for field in expected.fields {
      guard let index = schema.index(of: field.name) else {
        findings.append(Finding(rule: "missing-column", file: file, "no column '\(field.name)'"))
        continue
      }
      let found = schema.fields[index]
      if found != field {
        findings.append(
          Finding(
            rule: "column-type", file: file,
            "column '\(field.name)' is \(found.type), the parameters demand \(field.type)"))
      }
    }
    for field in schema.fields where expected.index(of: field.name) == nil {
      findings.append(
        Finding(rule: "surplus-column", file: file, "column '\(field.name)' is not of this kind"))
    }
    for entry in expected.metadata where schema.metadataValue(entry.key) != entry.value {
      findings.append(
        Finding(
          rule: "schema-metadata", file: file,
          "'\(entry.key)' in the schema's metadata contradicts the manifest"))
    }
    return findings
  }
}
