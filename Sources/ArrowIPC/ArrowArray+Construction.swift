// SPDX-License-Identifier: Apache-2.0

extension ArrowArray {
  /// An array of numbers, without nulls: one copy of the memory.
  public init<T: ArrowPrimitive>(_ values: [T]) {
    self.init(type: T.arrowType, length: values.count, data: rawBytes(of: values))
  }

  /// An array of truth values.
  public static func bool(_ values: [Bool]) -> ArrowArray {
    ArrowArray(type: .bool, length: values.count, data: Bitmap.packed(values))
  }

  /// An array of `int8`.
  public static func int8(_ values: [Int8]) -> ArrowArray { ArrowArray(values) }
  /// An array of `int16`.
  public static func int16(_ values: [Int16]) -> ArrowArray { ArrowArray(values) }
  /// An array of `int32`.
  public static func int32(_ values: [Int32]) -> ArrowArray { ArrowArray(values) }
  /// An array of `int64`.
  public static func int64(_ values: [Int64]) -> ArrowArray { ArrowArray(values) }
  /// An array of `uint8`.
  public static func uint8(_ values: [UInt8]) -> ArrowArray {
    ArrowArray(type: .uint8, length: values.count, data: values)
  }
  /// An array of `uint16`.
  public static func uint16(_ values: [UInt16]) -> ArrowArray { ArrowArray(values) }
  /// An array of `uint32`.
  public static func uint32(_ values: [UInt32]) -> ArrowArray { ArrowArray(values) }
  /// An array of `uint64`.
  public static func uint64(_ values: [UInt64]) -> ArrowArray { ArrowArray(values) }
  /// An array of `float32`.
  public static func float32(_ values: [Float]) -> ArrowArray { ArrowArray(values) }
  /// An array of `float64`.
  public static func float64(_ values: [Double]) -> ArrowArray { ArrowArray(values) }

  /// An array of text.
  public static func utf8(_ values: [String]) -> ArrowArray {
    var bytes: [UInt8] = []
    var offsets: [Int32] = [0]
    offsets.reserveCapacity(values.count + 1)
    for value in values {
      bytes.append(contentsOf: value.utf8)
      // An overflow shows up as a decreasing offset, which the encoder refuses.
      offsets.append(Int32(truncatingIfNeeded: bytes.count))
    }
    return .utf8(bytes: bytes, offsets: offsets)
  }

  /// An array of text from its bytes and the `length + 1` positions between the values.
  public static func utf8(bytes: [UInt8], offsets: [Int32]) -> ArrowArray {
    variable(.utf8, bytes, offsets)
  }

  /// An array of byte strings from its bytes and the `length + 1` positions between the values.
  public static func binary(bytes: [UInt8], offsets: [Int32]) -> ArrowArray {
    variable(.binary, bytes, offsets)
  }

  /// An array of text with 64-bit offsets.
  public static func largeUtf8(bytes: [UInt8], offsets: [Int64]) -> ArrowArray {
    variable(.largeUtf8, bytes, offsets)
  }

  /// An array of byte strings with 64-bit offsets.
  public static func largeBinary(bytes: [UInt8], offsets: [Int64]) -> ArrowArray {
    variable(.largeBinary, bytes, offsets)
  }

  /// An array of byte strings of one width, from their bytes one after the other.
  public static func fixedSizeBinary(width: Int, bytes: [UInt8]) -> ArrowArray {
    ArrowArray(
      type: .fixedSizeBinary(width), length: width > 0 ? bytes.count / width : 0, data: bytes)
  }

  /// An array of lists: list `i` is `child[offsets[i] ..< offsets[i + 1]]`.
  public static func list(
    offsets: [Int32], _ child: ArrowArray, itemNullable: Bool = false
  ) -> ArrowArray {
    let item = ArrowField("item", child.type, isNullable: itemNullable)
    return variable(.list(item), [], offsets, [child])
  }

  /// An array of lists with 64-bit offsets.
  public static func largeList(
    offsets: [Int64], _ child: ArrowArray, itemNullable: Bool = false
  ) -> ArrowArray {
    let item = ArrowField("item", child.type, isNullable: itemNullable)
    return variable(.largeList(item), [], offsets, [child])
  }

  /// An array of lists of one size, from their elements one after the other.
  public static func fixedSizeList(
    size: Int, _ child: ArrowArray, itemNullable: Bool = false
  ) -> ArrowArray {
    let item = ArrowField("item", child.type, isNullable: itemNullable)
    return ArrowArray(
      type: .fixedSizeList(item, size), length: size > 0 ? child.length / size : 0,
      children: [child])
  }

  /// An array of structures from the columns of their members.
  public static func structure(
    _ fields: [ArrowField], length: Int, _ children: [ArrowArray]
  ) -> ArrowArray {
    ArrowArray(type: .structure(fields), length: length, children: children)
  }

  /// The same values with some slots null: `valid[i]` false makes slot `i` null.
  public func withValidity(_ valid: [Bool]) -> ArrowArray {
    let nulls = valid.reduce(0) { $0 + ($1 ? 0 : 1) }
    return ArrowArray(
      type: type, length: length, nullCount: nulls,
      validity: nulls == 0 ? nil : Bitmap.packed(valid), offsets: offsets, data: data,
      children: children)
  }

  private static func variable<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: ArrowType, _ data: [UInt8], _ offsets: [T], _ children: [ArrowArray] = []
  ) -> ArrowArray {
    let stored = offsets.isEmpty ? [0] : offsets
    return ArrowArray(
      type: type, length: stored.count - 1, offsets: rawBytes(of: stored), data: data,
      children: children)
  }
}
