// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Several objectives in one dataset, `mixture`: each row is of one of them.
///
/// Whose turn a row is, is drawn from the row's own stream by the weights; the row is then cut from
/// the stream of documents by that member's rule and corrupted as that member does, with random
/// streams of its own. The column `task` says what each row is for.
struct Mixture: Objective {
  let parameters: ObjectiveParameters
  let framing: Framing
  let columns: [Column]
  let needs: Needs
  let facts: [Fact]
  let tasks: [String]

  let members: [Member]
  /// The share of the rows of each member.
  let shares: [Double]
  /// Whether they are shares of source tokens, not of rows.
  let sharesTokens: Bool

  /// One of the objectives.
  struct Member: Sendable {
    let name: String
    let objective: any Objective
    let adapter: RowAdapter
    /// Its numbers in the column `task`.
    let tasks: Range<Int>
    /// Columns of the mixture that it does not have, and that are filled in.
    let missing: [Missing]
    /// Where its statistics begin among those of the mixture.
    let firstStatistic: Int

    enum Missing: Sendable {
      /// All ones.
      case mask(column: Int, count: Int)
      /// Nothing but the task prefix is input.
      case prefixLength(column: Int)
      case task(column: Int)
    }
  }

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    let requests = try MixtureRequest.all(parameters, vocabulary)
    self.parameters = parameters.adding(requests.flatMap(\.entries))
    let parts = try Self.parts(requests, vocabulary)
    let contract = try MixtureColumns(parts, parameters)
    columns = contract.columns

    var members: [Member] = []
    var turns: [Turns.Member] = []
    var needs = Needs()
    var tasks: [String] = []
    var statistics = 1
    for part in parts {
      turns.append(try Self.turn(part, parameters))
      try Self.add(part, to: &needs, parameters)
      let names = Self.taskNames(part.name, part.objective)
      members.append(
        Member(
          name: part.name, objective: part.objective,
          adapter: try contract.adapter(part, firstTask: tasks.count),
          tasks: tasks.count..<(tasks.count + names.count),
          missing: Self.missing(part, contract.columns), firstStatistic: statistics))
      tasks += names
      statistics += part.objective.examination.statistics.count
    }
    guard tasks.count <= 256 else {
      throw parameters.invalid("members", "\(tasks.count) tasks; a byte tells 256 apart")
    }
    if let other = turns.compactMap(\.separator).first(where: { $0 != turns.separator }) {
      throw parameters.invalid(
        "members",
        "the members have different separators (\(turns.separator ?? 0) and \(other)): set"
          + " MEMBER.separator")
    }
    self.members = members
    self.tasks = tasks
    self.needs = needs
    facts = Self.facts(members, tasks)

    sharesTokens = try parameters.name("by") == "tokens"
    let weights = requests.map(\.weight)
    let distribution = DiscreteDistribution(first: 0, weights: weights)
    shares = weights.indices.map { distribution.probability(of: $0) }
    framing = Framing(
      .turns(
        Turns(
          members: turns, shares: distribution, tokenWeights: sharesTokens ? weights : nil)),
      documentOrder: try parameters.choice("document_order"))
  }

  /// Makes the members; those that leave their target rows open get the longest of all.
  private static func parts(
    _ requests: [MixtureRequest], _ vocabulary: Vocabulary
  ) throws(ObjectiveError) -> [MixtureColumns.Part] {
    var parts: [MixtureColumns.Part] = []
    for request in requests {
      parts.append(
        MixtureColumns.Part(
          name: request.name, objective: try request.make(vocabulary), lead: request.lead))
    }
    let lengths = parts.compactMap { part in
      part.objective.facts.first { $0.name == targets }?.value
    }
    guard let longest = lengths.max(), lengths.contains(where: { $0 != longest }) else {
      return parts
    }
    for (index, request) in requests.enumerated() where parts[index].hasTargetRows {
      parts[index] = MixtureColumns.Part(
        name: request.name, objective: try request.make(vocabulary, targets: longest),
        lead: request.lead)
    }
    return parts
  }

  private static let targets = "targets_length"

  private static func turn(
    _ part: MixtureColumns.Part, _ parameters: ObjectiveParameters
  ) throws(ObjectiveError) -> Turns.Member {
    let framing = part.objective.framing
    if let turn = Turns.Member(framing), !(part.objective is FillInTheMiddle) { return turn }
    let reason =
      switch framing.method {
      case .bestFit: "packs the documents of a whole unit at once: choose another packing"
      case .pairs: "pairs sentences of a whole unit at once"
      case .fragments: "packs the fragments of a whole unit at once"
      case .concatenate where part.objective is FillInTheMiddle: "rearranges whole documents"
      default: "has windows that overlap: set window=t"
      }
    throw parameters.invalid(
      "members", "\(part.name) cannot take turns with others: it \(reason)")
  }

  private static func add(
    _ part: MixtureColumns.Part, to needs: inout Needs, _ parameters: ObjectiveParameters
  ) throws(ObjectiveError) {
    let own = part.objective.needs
    for role in own.roles where !needs.roles.contains(role) { needs.roles.append(role) }
    needs.sentinels = max(needs.sentinels, own.sentinels)
    needs.wordStarts = needs.wordStarts || own.wordStarts
    needs.sentenceStarts = needs.sentenceStarts || own.sentenceStarts
    needs.documents = max(needs.documents, own.documents)
    needs.textCodec = needs.textCodec || own.textCodec
    guard let proposal = own.proposal else { return }
    guard needs.proposal == nil || needs.proposal == proposal else {
      throw parameters.invalid("members", "the members ask for different proposals of replacements")
    }
    needs.proposal = proposal
  }

  private static func missing(
    _ part: MixtureColumns.Part, _ columns: [Column]
  ) -> [Member.Missing] {
    columns.enumerated().compactMap { index, column in
      guard !part.objective.columns.contains(where: { $0.name == column.name }) else { return nil }
      if column.name == MixtureColumns.task { return .task(column: index) }
      if case .fixed(let count) = column.shape { return .mask(column: index, count: count) }
      return .prefixLength(column: index)
    }
  }

  /// The names of a member's numbers in the column `task`: its own name, or with those of its own
  /// tasks.
  static func taskNames(_ name: String, _ objective: any Objective) -> [String] {
    objective.tasks.isEmpty ? [name] : objective.tasks.map { "\(name).\($0)" }
  }

  /// What all members have in common under its name, the rest under the member's.
  private static func facts(_ members: [Member], _ tasks: [String]) -> [Fact] {
    let common = members[0].objective.facts.filter { fact in
      members.allSatisfy { $0.objective.facts.contains(fact) }
    }
    return common
      + members.flatMap { member in
        member.objective.facts.filter { !common.contains($0) }
          .map { Fact(name: "\(member.name).\($0.name)", value: $0.value) }
      }
      + tasks.enumerated().map { Fact(name: "task.\($0.element)", value: $0.offset) }
  }
}

extension [Turns.Member] {
  fileprivate var separator: TokenID? { lazy.compactMap(\.separator).first }
}
