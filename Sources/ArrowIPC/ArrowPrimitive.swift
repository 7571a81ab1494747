// SPDX-License-Identifier: Apache-2.0

/// A Swift number whose memory is exactly one Arrow value on a little-endian machine.
public protocol ArrowPrimitive: BitwiseCopyable, Sendable {
  /// The Arrow type of an array of these.
  static var arrowType: ArrowType { get }
}

extension Int8: ArrowPrimitive {
  /// `int8`.
  public static var arrowType: ArrowType { .int8 }
}

extension Int16: ArrowPrimitive {
  /// `int16`.
  public static var arrowType: ArrowType { .int16 }
}

extension Int32: ArrowPrimitive {
  /// `int32`.
  public static var arrowType: ArrowType { .int32 }
}

extension Int64: ArrowPrimitive {
  /// `int64`.
  public static var arrowType: ArrowType { .int64 }
}

extension UInt8: ArrowPrimitive {
  /// `uint8`.
  public static var arrowType: ArrowType { .uint8 }
}

extension UInt16: ArrowPrimitive {
  /// `uint16`.
  public static var arrowType: ArrowType { .uint16 }
}

extension UInt32: ArrowPrimitive {
  /// `uint32`.
  public static var arrowType: ArrowType { .uint32 }
}

extension UInt64: ArrowPrimitive {
  /// `uint64`.
  public static var arrowType: ArrowType { .uint64 }
}

extension Float: ArrowPrimitive {
  /// `float32`.
  public static var arrowType: ArrowType { .float32 }
}

extension Double: ArrowPrimitive {
  /// `float64`.
  public static var arrowType: ArrowType { .float64 }
}

/// The bytes of numbers as they lie in memory, which is Arrow's order on the machines Swift runs on.
func rawBytes<T: BitwiseCopyable>(of values: [T]) -> [UInt8] {
  values.withUnsafeBufferPointer { [UInt8](UnsafeRawBufferPointer($0)) }
}

/// Numbers from their bytes; a remainder shorter than one number is left out.
func numbers<T: BitwiseCopyable>(_ type: T.Type, from bytes: [UInt8]) -> [T] {
  let count = bytes.count / MemoryLayout<T>.stride
  return [T](unsafeUninitializedCapacity: count) { target, initialized in
    UnsafeMutableRawBufferPointer(target).copyBytes(
      from: bytes.prefix(count * MemoryLayout<T>.stride))
    initialized = count
  }
}
