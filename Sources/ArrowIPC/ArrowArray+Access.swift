// SPDX-License-Identifier: Apache-2.0

extension ArrowArray {
  /// The data buffer as numbers, copied.
  ///
  /// This is a view of memory, not a conversion: check `type` first, or use `integers(as:)`.
  public func values<T: ArrowPrimitive>(as type: T.Type) -> [T] { numbers(type, from: data) }

  /// The data buffer as numbers, in place; the pointer is valid during the call only.
  public func withValues<T: ArrowPrimitive, R, E: Error>(
    as type: T.Type, _ body: (UnsafeBufferPointer<T>) throws(E) -> R
  ) throws(E) -> R {
    try data.withUnsafeBufferPointer { (bytes) throws(E) -> R in
      // Array storage is 16-byte aligned, which suffices for every primitive.
      try UnsafeRawBufferPointer(bytes).withMemoryRebound(to: type) { (values) throws(E) -> R in
        try body(values)
      }
    }
  }

  /// The values of an integer array of any width, converted.
  ///
  /// - Throws: `.invalidArgument` when the array does not hold integers, or one does not fit.
  public func integers<T: FixedWidthInteger & Sendable>(as target: T.Type) throws(ArrowError) -> [T]
  {
    switch type {
    case .int8: try converted(Int8.self)
    case .int16: try converted(Int16.self)
    case .int32: try converted(Int32.self)
    case .int64: try converted(Int64.self)
    case .uint8: try converted(UInt8.self)
    case .uint16: try converted(UInt16.self)
    case .uint32: try converted(UInt32.self)
    case .uint64: try converted(UInt64.self)
    default: throw ArrowError(.invalidArgument, "expected integers, found \(type)")
    }
  }

  /// The values of a `bool` array; empty for other types.
  public var bools: [Bool] {
    guard type == .bool else { return [] }
    return (0..<min(length, data.count * 8)).map { Bitmap.bit(data, $0) }
  }

  /// Whether a slot holds a value.
  public func isValid(_ index: Int) -> Bool {
    guard let validity else { return type != .null }
    return index >= 0 && index >> 3 < validity.count && Bitmap.bit(validity, index)
  }

  /// The offsets of text, bytes or lists; empty for other types.
  public var listOffsets: [Int] {
    switch type.layout {
    case .variable(let width, _), .list(let width):
      width == 4
        ? numbers(Int32.self, from: offsets).map { Int($0) }
        : numbers(Int64.self, from: offsets).map { Int(truncatingIfNeeded: $0) }
    default: []
    }
  }

  /// Where the elements of list `index`, or the bytes of text `index`, lie in the child or data.
  ///
  /// Nil when the slot is null or out of range, or the type has no such thing.
  public func range(at index: Int) -> Range<Int>? {
    guard index >= 0, index < length, isValid(index) else { return nil }
    switch type.layout {
    case .variable(let width, _), .list(let width):
      let from = offset(index, width)
      let to = offset(index + 1, width)
      return from <= to ? from..<to : nil
    case .fixedSizeList(let size), .fixed(let size):
      let (from, overflow) = index.multipliedReportingOverflow(by: size)
      return overflow || from > Int.max - size ? nil : from..<(from + size)
    default: return nil
    }
  }

  /// The text in a slot; nil when it is null or out of range, or the array holds no text.
  public func string(at index: Int) -> String? {
    guard case .variable(_, true) = type.layout, let bytes = bytes(at: index) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The bytes of the text or byte string in a slot; nil as for `string(at:)`.
  public func bytes(at index: Int) -> ArraySlice<UInt8>? {
    switch type.layout {
    case .variable, .fixed:
      guard let range = range(at: index), range.lowerBound >= 0, range.upperBound <= data.count
      else { return nil }
      return data[range]
    default: return nil
    }
  }

  private func offset(_ index: Int, _ width: Int) -> Int {
    guard index < offsets.count / width else { return 0 }
    return offsets.withUnsafeBytes { bytes in
      width == 4
        ? Int(bytes.loadUnaligned(fromByteOffset: index * 4, as: Int32.self))
        : Int(truncatingIfNeeded: bytes.loadUnaligned(fromByteOffset: index * 8, as: Int64.self))
    }
  }

  private func converted<S: ArrowPrimitive & FixedWidthInteger, T: FixedWidthInteger & Sendable>(
    _ source: S.Type
  ) throws(ArrowError) -> [T] {
    let values = self.values(as: source)
    var result: [T] = []
    result.reserveCapacity(values.count)
    for value in values {
      guard let exact = T(exactly: value) else {
        throw ArrowError(.invalidArgument, "the value \(value) does not fit in \(T.self)")
      }
      result.append(exact)
    }
    return result
  }
}
