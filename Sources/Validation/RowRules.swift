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

  /// What is wrong with the dataset as a whole.
  func datasetFindings(_ manifest: Manifest) -> [Finding]
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
