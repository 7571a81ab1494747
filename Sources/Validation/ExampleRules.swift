// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
public import Datasets
public import Objectives

/// What must hold in a dataset of examples: the objective's own rules, row by row.
public struct ExampleRules: RowRules {
  private let schema: ArrowSchema
  private let objective: any Objective
  private let columnNames: [String]

  /// Rules for shards of the given columns, made for an objective.
  public init(schema: ArrowSchema, objective: any Objective) {
    self.schema = schema
    self.objective = objective
    columnNames = objective.columns.map(\.name)
  }

  /// The columns are those of the objective's parameters.
  public func schemaFindings(_ schema: ArrowSchema, file: String) -> [Finding] {
    SchemaComparison.findings(schema, expected: self.schema, file: file)
  }

  /// Ids in `input_ids` that are not padding.
  public func tokenCount(of batch: RecordBatch) -> Int {
    (0..<batch.rowCount).reduce(0) { sum, row in
      sum + Self.inputTokens(batch.exampleRow(row, columns: Self.countedColumns))
    }
  }

  private static let countedColumns = ["input_ids", "attention_mask", "segment_ids"]

  private static func inputTokens(_ row: ExampleRow) -> Int {
    if let mask = row["attention_mask"] { return mask.count { $0 == 1 } }
    if let segments = row["segment_ids"] { return segments.count { $0 > 0 } }
    return row["input_ids"]?.count ?? 0
  }

  /// The objective's invariants, and provenance that covers something.
  public func rowFindings(_ batch: RecordBatch, firstRow: Int, file: String) -> [Finding] {
    var findings: [Finding] = []
    for row in 0..<batch.rowCount {
      for fault in objective.faults(in: batch.exampleRow(row, columns: columnNames)) {
        findings.append(
          Finding(rule: fault.rule, file: file, row: firstRow + row, "\(fault)"))
      }
      let pieces = ExampleColumns.provenanceNames.compactMap { batch[$0]?.range(at: row)?.count }
      if Set(pieces).count > 1 || pieces.first == 0 {
        findings.append(
          Finding(
            rule: "provenance", file: file, row: firstRow + row,
            "the provenance lists have lengths \(pieces)"))
      }
    }
    return findings
  }

  /// Nothing more to check.
  public func datasetFindings(_ manifest: Manifest) -> [Finding] { [] }
}
