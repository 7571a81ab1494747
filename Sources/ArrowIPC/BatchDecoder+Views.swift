// SPDX-License-Identifier: Apache-2.0

extension BatchDecoder {
  /// Text or bytes by views, put together to one stretch with 64-bit offsets.
  ///
  /// A view is 16 bytes: a length and up to 12 bytes of the value itself, or a length, its first
  /// four bytes, a buffer and an offset there. Views may share what they lead to, so the sum of
  /// their lengths counts towards what a batch may hold.
  mutating func views(
    _ type: ArrowType, _ node: BatchLayout.Node, _ validity: [UInt8]?
  ) throws(ArrowError) -> ArrowArray {
    let views = try buffer(try product(node.length, 16))
    let buffers = try viewedBuffers()
    var total = 0
    for slot in 0..<node.length where validity.map({ Bitmap.bit($0, slot) }) ?? true {
      let length = Int(Self.word(views, slot, 0))
      guard length >= 0 else { throw ArrowError(.malformed, "a view of \(length) bytes") }
      // Fewer slots than 2^60 with lengths below 2^31 each would still overflow in theory only.
      total = total.addingReportingOverflow(length).partialValue
      guard total >= 0 else { throw ArrowError(.limitExceeded, "views of too many bytes") }
    }
    try charge(try product(node.length + 1, 8))
    try charge(total)

    var data: [UInt8] = []
    data.reserveCapacity(total)
    var offsets: [Int64] = [0]
    offsets.reserveCapacity(node.length + 1)
    for slot in 0..<node.length {
      if validity.map({ Bitmap.bit($0, slot) }) ?? true {
        try Self.append(views, slot, buffers, to: &data)
      }
      offsets.append(Int64(data.count))
    }
    return ArrowArray(
      type: type, length: node.length, nullCount: node.nullCount, validity: validity,
      offsets: rawBytes(of: offsets), data: data)
  }

  private static func append(
    _ views: [UInt8], _ slot: Int, _ buffers: [[UInt8]], to data: inout [UInt8]
  ) throws(ArrowError) {
    let length = Int(word(views, slot, 0))
    guard length > 12 else {
      let start = slot * 16 + 4
      return data.append(contentsOf: views[start..<(start + length)])
    }
    let index = Int(word(views, slot, 2))
    let offset = Int(word(views, slot, 3))
    guard buffers.indices.contains(index), offset >= 0, offset <= buffers[index].count - length
    else {
      throw ArrowError(
        .malformed, "a view of \(length) bytes at \(offset) in buffer \(index) leads outside")
    }
    let value = buffers[index][offset..<(offset + length)]
    let prefix = views[(slot * 16 + 4)..<(slot * 16 + 8)]
    guard value.prefix(4).elementsEqual(prefix) else {
      throw ArrowError(.malformed, "a view whose first bytes differ from what it leads to")
    }
    data.append(contentsOf: value)
  }

  /// One of the four words of a view.
  private static func word(_ views: [UInt8], _ slot: Int, _ index: Int) -> Int32 {
    views.withUnsafeBytes {
      Int32(littleEndian: $0.loadUnaligned(fromByteOffset: slot * 16 + index * 4, as: Int32.self))
    }
  }
}
