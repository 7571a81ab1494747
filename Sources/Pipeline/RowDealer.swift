// SPDX-License-Identifier: Apache-2.0
internal import Datasets

/// The rows of a unit that are written, and their order.
struct RowSelection: Sendable {
  private let order: [UInt32]?
  private let first: Int
  private let stride: Int
  /// How many there are.
  let count: Int

  /// The rows of all frames in their order.
  init(all count: Int) {
    self.init(order: nil, count: count)
  }

  /// The rows of all frames in an order; nil for their own.
  init(order: [UInt32]?, count: Int) {
    self.init(order: order, first: 0, stride: 1, count: count)
  }

  /// - Parameter order: the frames in the order of the rows; nil for their own.
  fileprivate init(order: [UInt32]?, first: Int, stride: Int, count: Int) {
    self.order = order
    self.first = first
    self.stride = stride
    self.count = count
  }

  /// The frame that a row is made from.
  func frame(ofRow row: Int) -> Int {
    let position = first + row * stride
    return order.map { Int($0[position]) } ?? position
  }
}

/// Says unit by unit which rows a run writes: `--limit` takes the first of the whole, `--part`
/// deals those out in turn, `--start-row` passes over the first that were dealt.
///
/// The rows of a split in an epoch are numbered through its units, so parts differ by one row at
/// most. Before the start count the rows of all epochs.
struct RowDealer {
  /// What one unit gives.
  struct Share {
    let selection: RowSelection
    fileprivate let others: Int
    fileprivate let earlier: Int

    /// Counts of the manifest: what there was besides the selected rows.
    var counts: [String: Int] {
      var counts: [String: Int] = [:]
      if others > 0 { counts[Manifest.Unit.otherPartsKey] = others }
      if earlier > 0 { counts[Manifest.Unit.beforeStartKey] = earlier }
      return counts
    }
  }

  private struct Key: Hashable {
    let split: String
    let epoch: Int
  }

  private let part: Part
  private let limit: Int
  private let startSplit: String?
  private var toPass: Int
  private var dealt: [Key: Int] = [:]

  /// - Parameter startSplit: the split that `--start-row` speaks of; nil for all.
  init(_ options: BuildOptions, startSplit: String?) {
    part = options.part
    limit = options.limit ?? Int.max
    toPass = options.startRow
    self.startSplit = startSplit
  }

  /// The rows that were dealt so far, whoever writes them.
  var rowsOfAllParts: Int { dealt.values.reduce(0, +) }

  /// Deals out the rows of the next unit.
  mutating func deal(_ count: Int, split: String, epoch: Int, order: [UInt32]?) -> Share {
    let key = Key(split: split, epoch: epoch)
    let before = dealt[key, default: 0]
    let available = min(count, limit - before)
    dealt[key] = before + available
    let turn = before % part.count
    let first = (part.index + part.count - turn) % part.count
    let own = first < available ? (available - first - 1) / part.count + 1 : 0
    let earlier = split == startSplit ?? split ? min(own, toPass) : 0
    toPass -= earlier
    return Share(
      selection: RowSelection(
        order: order, first: first + earlier * part.count, stride: part.count, count: own - earlier),
      others: available - own, earlier: earlier)
  }

  /// Passes over a unit that an earlier run finished.
  mutating func pass(_ unit: Manifest.Unit, split: String, epoch: Int) {
    dealt[Key(split: split, epoch: epoch), default: 0] += unit.rowsOfAllParts
    toPass -= unit.counts[Manifest.Unit.beforeStartKey] ?? 0
  }

  /// Refuses a start behind the last row.
  ///
  /// - Throws: `PipelineError` with `.usage`.
  func checkStart(_ options: BuildOptions) throws(PipelineError) {
    guard toPass > 0 else { return }
    let there = options.startRow - toPass
    throw PipelineError(
      .usage,
      "--start-row \(options.startRow): there are only \(there) rows"
        + (part == .whole ? "" : " in part \(part)"))
  }
}
