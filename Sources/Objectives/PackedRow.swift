// SPDX-License-Identifier: Apache-2.0

/// `segment_ids` and `position_ids`: how documents of one row are kept apart.
enum PackedRow {
  static func columns(_ shape: Column.Shape, positionOffset: Int = 0) -> [Column] {
    [
      Column(
        "segment_ids", .int32, shape, isModelInput: false,
        meaning: "Documents of the row from 1; 0 at padding."),
      Column(
        "position_ids", .int32, shape,
        meaning: "Positions from \(positionOffset) in each segment; 0 at padding."),
    ]
  }

  /// Appends a row to both columns.
  ///
  /// - Parameter segments: Calls its argument with the range of each segment, in order.
  static func write(
    at column: Int, count: Int, positionOffset: Int = 0, into out: inout ExampleBuilder,
    _ segments: ((Range<Int>) -> Void) -> Void
  ) {
    out.integers(column, count: count) { row in
      var number: Int32 = 0
      segments { range in
        number &+= 1
        row[range].update(repeating: number)
      }
    }
    out.integers(column + 1, count: count) { row in
      segments { range in
        var position = Int32(truncatingIfNeeded: positionOffset)
        for index in range {
          row[index] = position
          position &+= 1
        }
      }
    }
  }
}

extension RowCheck {
  /// Checks that segments count from 1, that positions count from the offset in each, and that
  /// both are 0 from where padding starts; returns the segments, or nil if something is wrong.
  mutating func checkSegments(count: Int, positionOffset: Int = 0) -> [Range<Int>]? {
    guard let segments = row["segment_ids"], let positions = row["position_ids"],
      segments.count == count, positions.count == count
    else { return nil }
    let end = segments.firstIndex(of: 0) ?? count
    var found: [Range<Int>] = []
    var start = 0
    for index in 0..<count {
      let segment = segments[index]
      if index >= end {
        if segment != 0 || positions[index] != 0 {
          fault("segment-shape", "segment_ids", at: index, "segment \(segment) after padding began")
          return nil
        }
        continue
      }
      if index == 0 || segment != segments[index - 1] {
        if index > 0 { found.append(start..<index) }
        start = index
        guard segment == Int64(found.count) + 1 else {
          fault(
            "segment-shape", "segment_ids", at: index, "segment \(segment) follows \(found.count)")
          return nil
        }
      }
      let expected = Int64(index - start + positionOffset)
      if positions[index] != expected {
        fault(
          "position", "position_ids", at: index,
          "position id \(positions[index]), \(expected) expected")
        return nil
      }
    }
    if end > start { found.append(start..<end) }
    return found
  }
}
