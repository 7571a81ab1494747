// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension Mixture {
  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) throws(ObjectiveError) {
    let index = frame.member
    let member = members[index]
    out.adapter = member.adapter
    defer { out.adapter = nil }
    try member.objective.build(frame, random.member(index), services, into: &out)
    out.adapter = nil
    let lead = member.adapter.lead.count
    out.tally.inputTokens += lead
    for missing in member.missing {
      switch missing {
      case .mask(let column, let count): out.mask(column, ones: count, count: count)
      case .prefixLength(let column):
        out.integers(column, count: 1) { $0[0] = Int32(truncatingIfNeeded: lead) }
      case .task(let column): out.byte(column, member.adapter.firstTask)
      }
    }
  }

  func faults(in row: ExampleRow) -> [Fault] {
    var check = RowCheck(row)
    guard let task = row[MixtureColumns.task], task.count == 1,
      let member = members.first(where: { $0.tasks.contains(Int(truncatingIfNeeded: task[0])) })
    else {
      check.checkShapes(columns)
      let found = row[MixtureColumns.task]?.first.map { "\($0)" } ?? "missing"
      check.fault("task", "task", "task \(found) is none of 0...\(tasks.count - 1)")
      return check.faults
    }
    checkMissing(&check, member)
    let own = own(row, member, &check)
    guard check.faults.isEmpty else { return check.faults }
    return member.objective.faults(in: own).map { fault in
      Fault(
        fault.rule, fault.column, at: fault.position.map { $0 + lead(fault.column, member) },
        "\(member.name): \(fault.message)")
    }
  }

  func restore(_ row: ExampleRow) -> [Int64]? {
    guard let (member, own) = member(of: row) else { return nil }
    return member.objective.restore(own)
  }

  // MARK: Reading rows

  /// The member that a row is of, and the row as that member wrote it; nil for a faulty row.
  private func member(of row: ExampleRow) -> (Member, ExampleRow)? {
    guard let task = row[MixtureColumns.task]?.first,
      let member = members.first(where: { $0.tasks.contains(Int(truncatingIfNeeded: task)) })
    else { return nil }
    var check = RowCheck(row)
    let own = own(row, member, &check)
    return check.faults.isEmpty ? (member, own) : nil
  }

  /// How many values of a column belong to the prefix.
  private func lead(_ column: String, _ member: Member) -> Int {
    let columns = member.objective.columns
    return columns.firstIndex { $0.name == column }.map { member.adapter.place($0).lead } ?? 0
  }

  /// The row without the prefix, which must be there, and with the member's own task.
  private func own(_ row: ExampleRow, _ member: Member, _ check: inout RowCheck) -> ExampleRow {
    var own = row
    let adapter = member.adapter
    if adapter.task != nil {
      own[MixtureColumns.task] = row[MixtureColumns.task]?.map {
        $0 - Int64(member.tasks.lowerBound)
      }
    }
    guard !adapter.lead.isEmpty else { return own }
    for (index, column) in member.objective.columns.enumerated() {
      guard let values = row[column.name] else { continue }
      if adapter.counts(index) {
        own[column.name] = values.map { $0 &- Int64(adapter.lead.count) }
      }
      let count = adapter.place(index).lead
      guard count > 0 else { continue }
      let expected: [Int64] =
        switch adapter.places[index].lead {
        case .tokens: adapter.lead.map { Int64($0) }
        case .ignored: Array(repeating: Int64(Column.ignoredLabel), count: count)
        case .ones: Array(repeating: 1, count: count)
        case .none, .zeros, .counted: Array(repeating: 0, count: count)
        }
      if !values.starts(with: expected) {
        check.fault(
          "task-prefix", column.name, at: 0,
          "\(member.name): \(column.name) do not begin as rows with the prefix \(adapter.lead) do")
      }
      own[column.name] = Array(values.dropFirst(count))
    }
    return own
  }

  /// Checks what was filled in for a member.
  private func checkMissing(_ check: inout RowCheck, _ member: Member) {
    for missing in member.missing {
      switch missing {
      case .mask(let column, let count):
        let name = columns[column].name
        if check.row[name]?.count != count || check.row[name]?.allSatisfy({ $0 == 1 }) != true {
          check.fault(
            "mask-shape", name, "\(member.name): rows are always full, \(name) is not \(count) 1s")
        }
      case .prefixLength(let column):
        let name = columns[column].name
        if check.row[name] != [Int64(member.adapter.lead.count)] {
          check.fault(
            "prefix-length", name,
            "\(member.name): \(name) is not \(member.adapter.lead.count)")
        }
      case .task: break
      }
    }
  }

  // MARK: Statistics

  /// The shares of the members, then what the members expect of their own rows.
  var examination: Examination {
    var examination = Examination()
    examination.hidesLabels = true
    var shares = ExpectedStatistic(
      "member-shares", sharesTokens ? "source tokens by member" : "rows by member",
      .shape(bins: members.count), by: sharesTokens ? .row : .draw)
    // The rows of a unit end before they are in balance.
    if sharesTokens { shares.slack = 0.01 }
    examination.statistics = [shares]
    for member in members {
      let own = member.objective.examination
      examination.hidesLabels = examination.hidesLabels && own.hidesLabels
      examination.shiftsLabels = examination.shiftsLabels || own.shiftsLabels
      examination.serving = examination.serving.loosened(by: own.serving)
      examination.statistics += own.statistics.map { $0.named("\(member.name).\($0.name)", member) }
    }
    return examination
  }

  func observe(_ row: ExampleRow, into observations: inout Observations) {
    guard let task = row[MixtureColumns.task]?.first,
      let index = members.firstIndex(where: {
        $0.tasks.contains(Int(truncatingIfNeeded: task))
      }), let (member, own) = member(of: row)
    else { return }
    var counts = [Int](repeating: 0, count: members.count)
    let size = sharesTokens ? member.objective.restore(own)?.count ?? 0 : 1
    counts[index] = size
    observations.add(0, counts: counts, expected: shares.map { $0 * Double(size) })
    observations.base += member.firstStatistic
    member.objective.observe(own, into: &observations)
    observations.base -= member.firstStatistic
  }
}

extension Examination.Serving {
  /// What holds for both.
  fileprivate func loosened(by other: Self) -> Self {
    switch (self, other) {
    case (.repeatedly, _), (_, .repeatedly): .repeatedly
    case (.overlapping(let one), .overlapping(let two)): .overlapping(max(one, two))
    case (.overlapping(let tokens), .once), (.once, .overlapping(let tokens)): .overlapping(tokens)
    case (.once, .once): .once
    }
  }
}

extension ExpectedStatistic {
  /// The same statistic of a member.
  fileprivate func named(_ name: String, _ member: Mixture.Member) -> ExpectedStatistic {
    var statistic = ExpectedStatistic(name, "\(member.name): \(meaning)", kind, by: unit)
    statistic.headroom = headroom
    statistic.legroom = legroom
    statistic.slack = slack
    statistic.knownMisses = knownMisses
    return statistic
  }
}
