// SPDX-License-Identifier: Apache-2.0

/// One column of a batch, or a child of one: the buffers of the Arrow columnar format.
///
/// Buffers are little-endian bytes without padding. An array that was read is validated and in
/// the form that the constructors make: `validity` is nil when nothing is null, unused bits are
/// zero, and there are `length + 1` offsets even when `length` is zero. Offsets may start above
/// zero, as the format allows.
public struct ArrowArray: Sendable, Hashable {
  /// The type of the values.
  public let type: ArrowType
  /// The number of slots.
  public let length: Int
  /// How many slots are null.
  public let nullCount: Int
  /// One bit per slot, lowest first, set = valid; nil when no slot is null.
  public let validity: [UInt8]?
  /// The `length + 1` offsets of text, bytes and lists; empty for other types.
  public let offsets: [UInt8]
  /// Values, packed bits, or the bytes that offsets point into; empty for nested types.
  public let data: [UInt8]
  /// The child of a list or the children of a structure.
  public let children: [ArrowArray]

  /// Makes an array of ready buffers. `validate()` tells whether they fit together.
  public init(
    type: ArrowType, length: Int, nullCount: Int = 0, validity: [UInt8]? = nil,
    offsets: [UInt8] = [], data: [UInt8] = [], children: [ArrowArray] = []
  ) {
    self.type = type
    self.length = length
    self.nullCount = nullCount
    self.validity = validity
    self.offsets = offsets
    self.data = data
    self.children = children
  }
}
