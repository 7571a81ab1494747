// SPDX-License-Identifier: Apache-2.0

/// The columns that the members of a mixture share, and how each member comes to them.
struct MixtureColumns {
  /// A member, ready to be held against the others.
  struct Part {
    let name: String
    let objective: any Objective
    let lead: [TokenID]

    /// Whether targets stand in rows of their own.
    var hasTargetRows: Bool { objective.facts.contains { $0.name == MixtureColumns.start } }
    var decoderStart: Int? { objective.facts.first { $0.name == MixtureColumns.start }?.value }
  }

  fileprivate static let start = "decoder_start_token_id"
  static let task = "task"

  /// The columns of a row, `task` last.
  let columns: [Column]

  private let parts: [Part]
  private let parameters: ObjectiveParameters

  /// - Throws: ``ObjectiveError`` (`invalidValue`) naming the difference.
  init(_ parts: [Part], _ parameters: ObjectiveParameters) throws(ObjectiveError) {
    self.parts = parts
    self.parameters = parameters
    var columns: [Column] = []
    for part in parts {
      for column in part.objective.columns
      where column.name != Self.task && !columns.contains(where: { $0.name == column.name }) {
        columns.append(try Self.lengthened(column, part, parameters))
      }
    }
    let names = parts.flatMap { Mixture.taskNames($0.name, $0.objective) }
    let list = names.enumerated().map { "\($0) \($1)" }.joined(separator: ", ")
    self.columns =
      columns + [
        Column(
          Self.task, .uint8, .scalar, isModelInput: false, meaning: "What the row is for: \(list).")
      ]
    for part in parts { try check(part, columns) }
    try checkDecoders()
  }

  private func difference(_ message: String) -> ObjectiveError {
    parameters.invalid("members", "the members do not have the same columns: \(message)")
  }

  private func check(_ part: Part, _ columns: [Column]) throws(ObjectiveError) {
    for column in columns {
      guard let own = part.objective.columns.first(where: { $0.name == column.name }) else {
        guard fills(column, part) else {
          let others = parts.filter { other in
            other.objective.columns.contains { $0.name == column.name }
          }
          throw difference("\(others[0].name) has \(column.name), \(part.name) has none")
        }
        continue
      }
      let mine = try Self.lengthened(own, part, parameters)
      guard mine.element == column.element, mine.shape == column.shape,
        mine.isModelInput == column.isModelInput
      else {
        let other = parts.first { other in
          other.objective.columns.contains { $0.name == column.name }
        }
        throw difference(
          "\(column.name) is \(Self.summary(column)) in \(other?.name ?? ""), \(Self.summary(mine))"
            + " in \(part.name)")
      }
    }
  }

  private func checkDecoders() throws(ObjectiveError) {
    for part in parts.dropFirst() where part.decoderStart != parts[0].decoderStart {
      func start(_ part: Part) -> String {
        part.decoderStart.map { "has target rows that start from \($0)" } ?? "has no target rows"
      }
      throw difference("\(parts[0].name) \(start(parts[0])), \(part.name) \(start(part))")
    }
  }

  /// Columns that can be filled in for members without them: a mask of rows that are always full,
  /// the length of a prefix where there is none.
  private func fills(_ column: Column, _ part: Part) -> Bool {
    switch (column.name, column.shape) {
    case ("attention_mask", .fixed):
      !part.objective.columns.contains { $0.name == "segment_ids" }
    case ("prefix_lengths", .scalar): !part.hasTargetRows
    default: false
    }
  }

  private static func summary(_ column: Column) -> String {
    switch column.shape {
    case .scalar: column.element.rawValue
    case .fixed(let length): "\(column.element.rawValue) × \(length)"
    case .list: "a list of \(column.element.rawValue)"
    }
  }

  /// A member's column with its prefix.
  private static func lengthened(
    _ column: Column, _ part: Part, _ parameters: ObjectiveParameters
  ) throws(ObjectiveError) -> Column {
    guard case .fixed(let length) = column.shape else { return column }
    switch try lead(column, part, parameters) {
    case .none, .counted: return column
    case .tokens, .ones, .zeros, .ignored:
      return Column(
        column.name, column.element, .fixed(length + part.lead.count),
        isModelInput: column.isModelInput, meaning: column.meaning)
    }
  }

  /// What a prefix is in a column of the member.
  private static func lead(
    _ column: Column, _ part: Part, _ parameters: ObjectiveParameters
  ) throws(ObjectiveError) -> RowAdapter.Lead {
    guard !part.lead.isEmpty else { return .none }
    switch column.name {
    case "input_ids":
      let hasLabels = part.objective.columns.contains { $0.name == "labels" }
      guard hasLabels else {
        throw parameters.invalid(
          "members",
          "\(part.name): without labels a prefix would be predicted: set \(part.name).labels=column"
        )
      }
      return .tokens
    case "attention_mask": return .ones
    case "labels":
      if part.hasTargetRows { return .none }
      return column.element == .uint8 ? .zeros : .ignored
    case "token_type_ids": return .zeros
    case "prefix_lengths": return .counted
    default:
      if case .scalar = column.shape { return .none }
      throw parameters.invalid(
        "members", "\(part.name): rows with \(column.name) cannot have a prefix")
    }
  }

  /// How a member writes into the columns.
  func adapter(_ part: Part, firstTask: Int) throws(ObjectiveError) -> RowAdapter {
    var places: [(column: Int, lead: RowAdapter.Lead)] = []
    for column in part.objective.columns {
      let lead = try Self.lead(column, part, parameters)
      let index = columns.firstIndex { $0.name == column.name } ?? columns.count - 1
      places.append((index, lead))
    }
    return RowAdapter(
      places: places, lead: part.lead, firstTask: UInt8(truncatingIfNeeded: firstTask),
      task: part.objective.columns.firstIndex { $0.name == Self.task })
  }
}
