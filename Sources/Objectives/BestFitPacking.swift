// SPDX-License-Identifier: Apache-2.0

/// Several documents a row, by best fit decreasing (Ding et al. 2024, arXiv 2404.10830 §3).
///
/// Only documents that fit no row are cut, into pieces that fill one and a remainder. Pieces are
/// placed from the longest to the shortest, each in the fullest row that has room, or in a new one.
/// Every token is in exactly one frame. A separator follows the last token of a document; a piece
/// that fills its row goes without.
///
/// The pieces of a row stand in document order, and rows in the order of their longest piece, so
/// that neither shows how they were packed.
public struct BestFitPacking: Sendable, Hashable {
  /// Positions in a row.
  public let capacity: Int
  /// How many of them each piece takes besides its tokens: framing tokens of its own.
  public let overhead: Int
  /// What follows each document.
  public let separator: TokenID?

  func plan(_ unit: TokenizedUnit, order: [UInt32], report: inout FramingReport) -> RowPlan {
    var items: [Stretch] = []
    var isSeparated: [Bool] = []
    var sizes: [Int] = []
    let most = capacity - overhead
    for document in order {
      unit.forEachWindow(of: document, maximum: most, report: &report) { stretch, endsDocument in
        let separated = separator != nil && endsDocument && Int(stretch.length) < most
        items.append(stretch)
        isSeparated.append(separated)
        sizes.append(Int(stretch.length) + overhead + (separated ? 1 : 0))
      }
    }
    let rows = place(sizes)

    // Rows are numbered by their first, longest item; items are dealt out in order.
    var number = [Int](repeating: 0, count: rows.leaders.count)
    var counts = [Int](repeating: 0, count: rows.leaders.count + 1)
    var next = 0
    for (item, row) in rows.rowOfItem.enumerated() where rows.leaders[row] == item {
      number[row] = next
      next += 1
    }
    for row in rows.rowOfItem { counts[number[row] + 1] += 1 }
    for index in 1..<max(1, counts.count) { counts[index] += counts[index - 1] }
    let starts = counts
    var dealt = [Int](repeating: 0, count: items.count)
    for (item, row) in rows.rowOfItem.enumerated() {
      dealt[counts[number[row]]] = item
      counts[number[row]] += 1
    }
    var plan = RowPlan(separator: separator)
    for row in 0..<(starts.count - 1) {
      for item in dealt[starts[row]..<starts[row + 1]] {
        plan.append(items[item], separated: isSeparated[item])
      }
      plan.closeRow()
    }
    return plan
  }

  /// Where each item went, and the first item of each row.
  private struct Placement {
    var rowOfItem: [Int]
    var leaders: [Int] = []
  }

  private func place(_ sizes: [Int]) -> Placement {
    var placement = Placement(rowOfItem: [Int](repeating: 0, count: sizes.count))
    // Rows with the same room are a stack: the top by room, what is below it by row.
    var top = [Int](repeating: -1, count: capacity + 1)
    var below: [Int] = []
    var rooms = CapacitySet(limit: capacity + 1)
    for item in descending(sizes) {
      let size = sizes[item]
      let row: Int
      let room: Int
      if let fullest = rooms.first(atLeast: size) {
        row = top[fullest]
        top[fullest] = below[row]
        if below[row] < 0 { rooms.remove(fullest) }
        room = fullest - size
      } else {
        row = placement.leaders.count
        placement.leaders.append(item)
        below.append(-1)
        room = capacity - size
      }
      placement.rowOfItem[item] = row
      below[row] = top[room]
      top[room] = row
      rooms.insert(room)
    }
    return placement
  }

  /// The items from the longest to the shortest, equal ones in order: a counting sort.
  private func descending(_ sizes: [Int]) -> [Int] {
    var starts = [Int](repeating: 0, count: capacity + 2)
    for size in sizes { starts[capacity - size + 1] += 1 }
    for index in 1..<starts.count { starts[index] += starts[index - 1] }
    var sorted = [Int](repeating: 0, count: sizes.count)
    for (item, size) in sizes.enumerated() {
      sorted[starts[capacity - size]] = item
      starts[capacity - size] += 1
    }
    return sorted
  }
}

/// A set of small numbers that finds the next member from a number on, in steps of 64.
struct CapacitySet {
  /// Bits by member; above it, bits by word that is not empty; and so on up to one word.
  private var levels: [[UInt64]] = []

  /// An empty set of numbers below `limit`.
  init(limit: Int) {
    var count = max(1, limit)
    repeat {
      count = (count + 63) / 64
      levels.append([UInt64](repeating: 0, count: count))
    } while count > 1
  }

  mutating func insert(_ member: Int) {
    var index = member
    for level in levels.indices {
      levels[level][index >> 6] |= 1 << UInt64(index & 63)
      index >>= 6
    }
  }

  mutating func remove(_ member: Int) {
    var index = member
    for level in levels.indices {
      levels[level][index >> 6] &= ~(1 << UInt64(index & 63))
      if levels[level][index >> 6] != 0 { return }
      index >>= 6
    }
  }

  /// The smallest member that is not below `bound`.
  func first(atLeast bound: Int) -> Int? {
    var index = bound
    for level in levels.indices {
      guard index >> 6 < levels[level].count else { return nil }
      let rest = levels[level][index >> 6] >> UInt64(index & 63)
      if rest != 0 {
        index += rest.trailingZeroBitCount
        for lower in levels[..<level].reversed() {
          index = index << 6 + lower[index].trailingZeroBitCount
        }
        return index
      }
      index = index >> 6 + 1
    }
    return nil
  }
}
