// SPDX-License-Identifier: Apache-2.0
public import Objectives

/// Cuts rows into pieces that a small model takes, inputs and labels always together.
///
/// What is longer than the limit is not thrown away: most rows give several pieces. A row that is
/// short enough stays as it is, without its padding.
public struct RowCutter: Sendable {
  let plan: TrainingPlan
  /// The most positions of a piece; of an encoder–decoder, on either side.
  public let length: Int

  /// A cutter for the rows of a dataset.
  public init(_ plan: TrainingPlan, length: Int) {
    self.plan = plan
    self.length = max(8, length)
  }

  /// The pieces of a row; none if nothing in it has a loss.
  public func examples(
    _ row: ExampleRow, document: TrainingExample.Origin = .init()
  ) -> [TrainingExample] {
    let number = Int(row["task"]?.first ?? 0)
    guard number >= 0, number < plan.tasks.count, let content = RowContent(row) else { return [] }
    var pieces: [TrainingExample]
    switch plan.tasks[number].kind {
    case .masked:
      pieces =
        row["token_type_ids"] == nil
        ? windows(content, shift: 0, isCausal: false)
        : pairs(content, row)
    case .replaced: pieces = windows(content, shift: 0, isCausal: false)
    case .maskedNext: pieces = windows(content, shift: 1, isCausal: false)
    case .causal: pieces = windows(content, shift: 1, isCausal: true)
    case .permuted: pieces = permuted(content, row)
    case .middle: pieces = middles(content)
    case .spans: pieces = spans(content, row)
    case .blocks: pieces = blocks(content)
    case .prefix: pieces = prefixes(content, row)
    }
    for index in pieces.indices {
      pieces[index].task = number
      pieces[index].document = document
      pieces[index].beginsRow = index == 0
      pieces[index].endsRow = index == pieces.count - 1
    }
    return pieces.filter { $0.labelCount > 0 || $0.pairLabel != nil }
  }

  // MARK: Windows

  /// Consecutive windows.
  ///
  /// - Parameter shift: 1 where the output before a token predicts it.
  func windows(_ row: RowContent, shift: Int, isCausal: Bool) -> [TrainingExample] {
    let count = min(row.inputs.count, row.labels.count)
    var pieces: [TrainingExample] = []
    for start in stride(from: 0, to: count, by: length) {
      let end = min(start + length, count)
      guard end - start > shift else { break }
      let labels = (start..<end).map { position in
        position + shift < count ? row.labels[position + shift] : TrainingExample.ignored
      }
      var piece = TrainingExample(
        inputs: Array(row.inputs[start..<end]), labels: labels,
        attention: isCausal ? .causal : .all)
      piece.labelShift = shift
      if let segments = row.segments {
        piece.attention = .segments(Array(segments[start..<end]), isCausal: isCausal)
        piece.positions = Self.restarted(Array(segments[start..<end]))
      }
      pieces.append(piece)
    }
    return pieces
  }

  /// Positions from 0 in each segment.
  private static func restarted(_ segments: [Int32]) -> [Int32] {
    var position: Int32 = 0
    return segments.indices.map { index in
      position = index > 0 && segments[index] == segments[index - 1] ? position + 1 : 0
      return position
    }
  }

  // MARK: Pairs

  /// A pair whose segments are cut where they do not touch.
  func pairs(_ row: RowContent, _ source: ExampleRow) -> [TrainingExample] {
    guard let types = source["token_type_ids"], types.count >= row.inputs.count,
      row.labels.count >= row.inputs.count
    else { return [] }
    let boundary = types.prefix(row.inputs.count).firstIndex(of: 1) ?? row.inputs.count
    let surplus = row.inputs.count - length
    var kept = Array(0..<row.inputs.count)
    if surplus > 0 {
      // [CLS] and both [SEP] stay; the longer segment gives more.
      var first = max(0, boundary - 2)
      var second = max(0, row.inputs.count - boundary - 1)
      for _ in 0..<surplus { if first >= second { first -= 1 } else { second -= 1 } }
      let front = boundary - 1 - max(0, first)
      kept = [0] + (front..<boundary) + (boundary..<(boundary + max(0, second)))
      kept.append(row.inputs.count - 1)
    }
    var piece = TrainingExample(
      inputs: kept.map { row.inputs[$0] }, labels: kept.map { row.labels[$0] }, attention: .all)
    piece.tokenTypes = kept.map { Int32(types[$0]) }
    if let column = plan.pairColumn, let label = source[column]?.first {
      piece.pairLabel = Int32(label)
    }
    return [piece]
  }

  // MARK: Permutations

  /// Windows with a query behind them for each of their targets.
  func permuted(_ row: RowContent, _ source: ExampleRow) -> [TrainingExample] {
    guard let ranks = source["factorization_rank"], let target = source["target"],
      ranks.count >= row.inputs.count, target.count >= row.inputs.count
    else { return [] }
    let text = max(4, length * 13 / 16)
    let query = plan.roles["mask"] ?? plan.roles["unk"] ?? plan.padID
    var pieces: [TrainingExample] = []
    for start in stride(from: 0, to: row.inputs.count, by: text) {
      let end = min(start + text, row.inputs.count)
      let targets = (start..<end).filter { target[$0] == 1 }.prefix(length - (end - start))
      guard !targets.isEmpty else { continue }
      var labels = [Int32](repeating: TrainingExample.ignored, count: end - start)
      labels += targets.map { row.inputs[$0] }
      var piece = TrainingExample(
        inputs: Array(row.inputs[start..<end]) + targets.map { _ in query }, labels: labels,
        attention: .ranks(
          (start..<end).map { Int32(ranks[$0]) }, isTarget: (start..<end).map { target[$0] == 1 },
          queries: targets.map { $0 - start }))
      piece.positions = (0..<Int32(end - start)) + targets.map { Int32($0 - start) }
      pieces.append(piece)
    }
    return pieces
  }
}
