// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension Masking {
  /// The labels of masked rows.
  static func labels(_ shape: Column.Shape) -> Column {
    Column(
      "labels", .int32, shape,
      meaning: "The original id where a token was selected; -100 elsewhere and at padding.")
  }

  /// Appends a row: `input_ids`, `labels`, and what the rows have besides, in this order.
  func build(
    _ frame: borrowing Frame, _ rows: EncoderRows, _ random: RandomStreams,
    into out: inout ExampleBuilder
  ) {
    let layout = RowLayout(frame, rows)
    let total = rows.total(layout)
    let scratch = out.scratch
    let candidates = Candidates(frame, layout, vocabulary, self.candidates, scratch: scratch)
    var maskStream = random.stream(.mask, frame: frame.ordinal)
    let rate = rate(epoch: random.epoch, frame: frame)
    let selection = select(
      candidates, rate: rate, used: layout.used, scratch: scratch, &maskStream)

    var replacementStream = random.stream(.replacement, frame: frame.ordinal)
    var picked = 0
    let tokens = frame.tokens
    out.tokenIDs(0, count: total) { row in
      layout.place(tokens, rows, in: row)
      picked = replace(in: row, candidates, selection, scratch, &replacementStream)
    }
    let positions = scratch.picked.prefix(picked)
    let originals = scratch.originals.prefix(picked)
    out.integers(1, count: total) { row in
      row.update(repeating: Column.ignoredLabel)
      for index in 0..<picked {
        row[Int(positions[index])] = Int32(truncatingIfNeeded: originals[index])
      }
    }
    rows.finish(frame, layout, firstColumn: 2, into: &out)
    out.tally.lossTokens += picked
    if picked == 0 { out.tally.add(of: .rowsWithoutLoss) }
    if selection.oversized > 0 { out.tally.add(selection.oversized, of: .oversizedWords) }
    out.endRow()
  }

  /// What is wrong with labels and replacements.
  func check(_ check: inout RowCheck, _ content: RowContent) {
    guard let ids = check.row["input_ids"], let labels = check.row["labels"],
      labels.count == ids.count
    else { return }
    var reported: Set<String> = []
    func report(_ rule: String, _ column: String, _ position: Int, _ message: String) {
      if reported.insert(rule).inserted {
        check.fault(rule, column, at: position, message)
      }
    }
    var total = 0
    var selected = 0
    var end = 0
    func checkFraming(_ range: Range<Int>) {
      for position in range where labels[position] != Int64(Column.ignoredLabel) {
        let what = position < content.used ? "a special token" : "padding"
        report("label-on-special", "labels", position, "labels on \(what)")
      }
    }
    for segment in content.segments {
      checkFraming(end..<segment.lowerBound)
      end = segment.upperBound
      for position in segment {
        let label = labels[position]
        let isLabelled = label != Int64(Column.ignoredLabel)
        let original = isLabelled ? label : ids[position]
        guard original >= 0, original < vocabulary.size else {
          if isLabelled {
            report("label-range", "labels", position, "label \(label) outside the vocabulary")
          }
          continue
        }
        let isSpecial = vocabulary.isSpecial(TokenID(truncatingIfNeeded: original))
        let isFirst = position == segment.lowerBound
        let isSkipped = candidates.skipsFirst && isFirst
        if !isSpecial, !isSkipped { total += 1 }
        if isLabelled {
          selected += 1
          if isSpecial {
            report("label-on-special", "labels", position, "labels on a special token")
          } else if isSkipped {
            report("label-on-first", "labels", position, "a label that nothing stands before")
          }
          let input = TokenID(truncatingIfNeeded: ids[position])
          if replacements == .ordinary, input != maskID, vocabulary.isSpecial(input) {
            report(
              "special-replacement", "input_ids", position,
              "the special token \(input) as a random replacement")
          }
        } else if marksEveryMask, ids[position] == Int64(maskID) {
          report("mask-without-label", "input_ids", position, "a mask token without a label")
        }
      }
    }
    checkFraming(end..<labels.count)
    checkCount(&check, selected: selected, candidates: total, used: content.used)
  }

  private func checkCount(
    _ check: inout RowCheck, selected: Int, candidates: Int, used: Int
  ) {
    guard count != .bernoulli else { return }
    let base = rateBase == .all ? used : candidates
    let low = min(rate, rateEnd)
    let high = max(rate, rateEnd)
    let least = budget(rate: low, candidates: candidates, used: used, draw: 0)
    let ceiling = budget(rate: high, candidates: candidates, used: used, draw: 0)
    let most = count == .stochastic ? min(candidates, ceiling + 1) : ceiling
    // Whole words may leave some of the budget over, never exceed it.
    let fillsBudget = unit == .subword || unit == .span
    if selected > most || selected < least && fillsBudget {
      var formula =
        switch count {
        case .stochastic: "\(least) or \(least + 1) (floor(\(rate) × \(base) + U))"
        case .ceiling: "ceil(\(rate) × \(base)) = \(least)"
        case .exact, .bernoulli: "round(\(rate) × \(base)) = \(least)"
        }
      if low < high { formula = "\(least) to \(most) (rates \(low) to \(high) of \(base))" }
      check.fault(
        "mask-count", "labels",
        "\(selected) masked where \(fillsBudget ? "" : "at most ")\(formula) expected")
    }
  }
}
