// SPDX-License-Identifier: Apache-2.0

/// The values of one column over the rows of a batch.
public struct ColumnBuffer: Sendable {
  /// The values, by the column's element.
  public enum Values: Sendable, Hashable {
    /// Token ids.
    case tokenIDs([TokenID])
    /// Bytes.
    case uint8([UInt8])
    /// Signed numbers.
    case int32([Int32])
    /// Real numbers.
    case float32([Float])
  }

  /// The column.
  public let column: Column
  /// For a list column where each row starts, and at the end the number of values; else empty.
  public private(set) var offsets: [Int32]
  // One array an element type rather than an enum with payloads: appending to a payload in place
  // would copy it. Only the column's own array is ever filled.
  private var tokenIDs: [TokenID] = []
  private var bytes: [UInt8] = []
  private var integers: [Int32] = []
  private var reals: [Float] = []

  /// An empty buffer with room for some values.
  init(_ column: Column, capacity: Int = 0) {
    self.column = column
    offsets = column.shape == .list ? [0] : []
    guard capacity > 0 else { return }
    switch column.element {
    case .tokenID: tokenIDs.reserveCapacity(capacity)
    case .uint8: bytes.reserveCapacity(capacity)
    case .int32: integers.reserveCapacity(capacity)
    case .float32: reals.reserveCapacity(capacity)
    }
  }

  /// The values of all rows, end to end.
  public var values: Values {
    switch column.element {
    case .tokenID: .tokenIDs(tokenIDs)
    case .uint8: .uint8(bytes)
    case .int32: .int32(integers)
    case .float32: .float32(reals)
    }
  }

  /// How many values there are.
  public var count: Int {
    switch column.element {
    case .tokenID: tokenIDs.count
    case .uint8: bytes.count
    case .int32: integers.count
    case .float32: reals.count
    }
  }

  func lastTokenIDs(_ count: Int) -> ArraySlice<TokenID> { tokenIDs.suffix(count) }

  mutating func appendTokenIDs(
    count: Int, _ fill: (UnsafeMutableBufferPointer<TokenID>) -> Void
  ) {
    Self.append(count, 0, to: &tokenIDs, fill)
    closeRow(tokenIDs.count)
  }

  mutating func appendBytes(count: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
    Self.append(count, 0, to: &bytes, fill)
    closeRow(bytes.count)
  }

  mutating func appendIntegers(count: Int, _ fill: (UnsafeMutableBufferPointer<Int32>) -> Void) {
    Self.append(count, 0, to: &integers, fill)
    closeRow(integers.count)
  }

  mutating func appendReals(count: Int, _ fill: (UnsafeMutableBufferPointer<Float>) -> Void) {
    Self.append(count, 0, to: &reals, fill)
    closeRow(reals.count)
  }

  private mutating func closeRow(_ end: Int) {
    if column.shape == .list { offsets.append(Int32(truncatingIfNeeded: end)) }
  }

  @inline(__always)
  private static func append<Element>(
    _ count: Int, _ zero: Element, to array: inout [Element],
    _ fill: (UnsafeMutableBufferPointer<Element>) -> Void
  ) {
    let start = array.count
    array.append(contentsOf: repeatElement(zero, count: count))
    array.withUnsafeMutableBufferPointer { buffer in
      fill(UnsafeMutableBufferPointer(rebasing: buffer[start...]))
    }
  }
}
