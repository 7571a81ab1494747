// SPDX-License-Identifier: Apache-2.0
internal import Objectives

/// Rows with a source and a target: noise spans and continuations.
extension RowCutter {
  /// A piece with a target of its own, in the layout of the row.
  func piece(
    source: [Int32], target: [TargetToken], of row: RowContent
  ) -> TrainingExample {
    guard row.prefixLength != nil else {
      let labels = target.map(\.label)
      let start = plan.decoderStart ?? plan.padID
      return TrainingExample(
        inputs: source, labels: labels, attention: .all, decoderInputs: [start] + labels.dropLast())
    }
    let inputs = source + target.map(\.token)
    var labels = [Int32](repeating: TrainingExample.ignored, count: inputs.count)
    for (index, token) in target.enumerated() where source.count + index > 0 {
      labels[source.count + index - 1] = token.label
    }
    var piece = TrainingExample(
      inputs: inputs, labels: labels, attention: .prefix(source.count))
    piece.sourceLength = source.count
    return piece
  }

  /// Whether source and target are short enough as they are.
  func fits(_ source: Int, _ target: Int, _ row: RowContent) -> Bool {
    row.prefixLength == nil
      ? source <= length && target <= length : source + target <= length
  }

  // MARK: Prefixes

  /// The end of the beginning, and the beginning of the rest.
  func prefixes(_ row: RowContent, _: ExampleRow) -> [TrainingExample] {
    var (source, target) = row.parts()
    if !fits(source.count, target.count, row) {
      let share = row.prefixLength == nil ? length : length / 2
      target = Array(target.prefix(max(share, row.prefixLength == nil ? 0 : length - source.count)))
      let room = row.prefixLength == nil ? length : length - target.count
      let lead = leadingSpecials(source)
      source = source.prefix(lead) + source.dropFirst(lead).suffix(max(0, room - lead))
    }
    return [piece(source: source, target: target, of: row)]
  }

  /// How many special tokens that are no sentinels begin a row.
  func leadingSpecials(_ tokens: [Int32]) -> Int {
    let end = plan.roles["eos"]
    return tokens.prefix { plan.isSpecial($0) && $0 != end && !plan.sentinels.contains($0) }.count
  }

  // MARK: Spans

  /// Stretches of the source with the spans that are missing there, numbered from the first
  /// sentinel on.
  func spans(_ row: RowContent, _: ExampleRow) -> [TrainingExample] {
    let (source, target) = row.parts()
    if fits(source.count, target.count, row) {
      return [piece(source: source, target: target, of: row)]
    }
    let noise = SpanNoiseRow(source, target, plan, leadCount: leadingSpecials(source))
    let extra = noise.lead.count + noise.sourceEnd.count
    let room = length - extra
    var pieces: [TrainingExample] = []
    var start = 0
    var span = 0
    while start < noise.body.count {
      var end = start
      var spans = span
      var targetCount = noise.targetEnd.count
      while end < noise.body.count, end - start < room {
        var cost = 0
        if noise.beginsSpan[end] {
          // A span that is too long on its own is cut.
          cost = min(noise.span(spans).count, length / 2)
          let isTooLong =
            row.prefixLength == nil
            ? targetCount + cost > length : extra + end - start + 1 + targetCount + cost > length
          if end > start, isTooLong { break }
          spans += 1
        } else if row.prefixLength != nil, extra + end - start + 1 + targetCount > length {
          break
        }
        targetCount += cost
        end += 1
      }
      let written = (span..<spans).flatMap { index in
        noise.renumbered(noise.span(index).prefix(length / 2), by: span)
      }
      pieces.append(
        piece(
          source: noise.lead + noise.renumbered(noise.body[start..<end], by: span)
            + noise.sourceEnd,
          target: written + noise.targetEnd, of: row))
      start = end
      span = spans
    }
    return pieces
  }
}

/// A source with sentinels and the spans that they stand for.
private struct SpanNoiseRow {
  let lead: [Int32]
  let body: [Int32]
  let sourceEnd: [Int32]
  let targetEnd: [TargetToken]
  /// Where a span is missing.
  private(set) var beginsSpan: [Bool]
  private var spans: [[TargetToken]] = []
  private let sentinels: [Int32]
  private let numbers: [Int32: Int]
  private let areDistinct: Bool

  init(_ source: [Int32], _ target: [TargetToken], _ plan: TrainingPlan, leadCount: Int) {
    let end = plan.roles["eos"]
    lead = Array(source.prefix(leadCount))
    let rest = source.dropFirst(leadCount)
    sourceEnd = rest.last.map { $0 == end } ?? false ? Array(rest.suffix(1)) : []
    let body = Array(rest.dropLast(sourceEnd.count))
    self.body = body
    targetEnd = target.last.map { $0.token == end } ?? false ? Array(target.suffix(1)) : []
    sentinels = plan.sentinels
    let numbers = Dictionary(
      zip(plan.sentinels, 0...), uniquingKeysWith: { first, _ in first })
    self.numbers = numbers
    let found = body.filter { numbers[$0] != nil }
    areDistinct = Set(found).count == found.count
    let areDistinct = areDistinct
    beginsSpan = body.indices.map { index in
      guard numbers[body[index]] != nil else { return false }
      return areDistinct || index == 0 || body[index - 1] != body[index]
    }
    for token in target.dropLast(targetEnd.count) {
      if spans.isEmpty || numbers[token.token] != nil { spans.append([]) }
      spans[spans.count - 1].append(token)
    }
  }

  func span(_ index: Int) -> [TargetToken] { index < spans.count ? spans[index] : [] }

  /// Sentinels as if the first of the piece were the first of all.
  func renumbered(_ tokens: some Sequence<Int32>, by first: Int) -> [Int32] {
    tokens.map { renumbered($0, by: first) }
  }

  func renumbered(_ tokens: some Sequence<TargetToken>, by first: Int) -> [TargetToken] {
    tokens.map {
      TargetToken(token: renumbered($0.token, by: first), label: renumbered($0.label, by: first))
    }
  }

  private func renumbered(_ token: Int32, by first: Int) -> Int32 {
    guard areDistinct, let number = numbers[token], number >= first else { return token }
    return sentinels[number - first]
  }
}
