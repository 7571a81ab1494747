// SPDX-License-Identifier: Apache-2.0
import Objectives

@testable import Training

/// A vocabulary of 100 ids: 0 pad, 1 end, 2 mask, 3 class, 4 separator, 5 to 7 those of fill in the
/// middle, 8 a mode, 90 to 99 sentinels, that of the first span last.
enum Plans {
  static let roles: [String: Int32] = [
    "pad": 0, "eos": 1, "mask": 2, "cls": 3, "sep": 4, "fim-prefix": 5, "fim-suffix": 6,
    "fim-middle": 7, "nlg": 8,
  ]
  static let sentinels: [Int32] = (0..<10).map { 99 - $0 }

  static func plan(
    _ kinds: TaskKind..., pairColumn: String? = nil, decoderStart: Int32? = nil
  ) -> TrainingPlan {
    TrainingPlan(
      objective: "test",
      tasks: kinds.enumerated().map { TrainingTask(name: "task\($0.offset)", kind: $0.element) },
      columns: [], pairColumn: pairColumn, decoderStart: decoderStart, roles: roles,
      sentinels: sentinels, specials: (0..<100).map { $0 < 9 || $0 >= 90 })
  }

  static func row(_ columns: [String: [Int64]]) -> ExampleRow {
    var row = ExampleRow()
    for (name, values) in columns { row[name] = values }
    return row
  }

  static func cut(
    _ columns: [String: [Int64]], _ plan: TrainingPlan, length: Int
  ) -> [TrainingExample] {
    RowCutter(plan, length: length).examples(row(columns))
  }
}
