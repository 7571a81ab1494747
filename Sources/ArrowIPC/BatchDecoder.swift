// SPDX-License-Identifier: Apache-2.0

/// Decodes the body of one batch into validated arrays.
///
/// Everything a buffer may legally hold follows from the schema and the lengths of the nodes, so
/// each buffer is measured before it is read or decompressed: data of a few bytes cannot ask for
/// gigabytes. The sum over a batch is limited as well.
struct BatchDecoder: ~Copyable {
  let layout: BatchLayout
  private let source: ByteSource
  /// Where the body starts in `source`.
  private let start: Int
  /// Where the body starts in the file or stream, for messages.
  private let base: Int
  private let options: ArrowReadOptions
  /// How many slots an array may have: those without values take no bytes.
  private let maximumSlots: Int
  private var nextNode = 0
  private var nextBuffer = 0
  private var nextView = 0
  private var remaining: Int
  private var decompressor: BufferDecompressor

  /// Where a body lies.
  struct Body {
    let source: ByteSource
    /// Where it starts in the source.
    let start: Int
    let length: Int
    /// Where it starts in the file or stream, for messages.
    let base: Int
  }

  /// Decodes the columns that `isSelected` names by index, all when it is nil.
  ///
  /// The layout has been checked against the schema.
  static func decode(
    _ layout: BatchLayout, _ schema: ArrowSchema, from body: Body, options: ArrowReadOptions,
    isSelected: [Bool]? = nil
  ) throws(ArrowError) -> [ArrowArray] {
    var decoder = BatchDecoder(layout, body, options)
    var columns: [ArrowArray] = []
    for (index, field) in schema.fields.enumerated() {
      if let isSelected, !isSelected[index] {
        let skipped = field.type.footprint
        decoder.pass(over: skipped)
      } else {
        columns.append(try decoder.array(field, length: layout.rowCount, path: field.name))
      }
    }
    return columns
  }

  private init(_ layout: BatchLayout, _ body: Body, _ options: ArrowReadOptions) {
    self.layout = layout
    source = body.source
    start = body.start
    base = body.base
    self.options = options
    decompressor = BufferDecompressor(
      codec: layout.codec, requiresChecksum: options.requiresChecksums)
    remaining = options.decodedLimit(bodyLength: body.length)
    maximumSlots = min(remaining, Int.max / 8) * 8
  }

  private mutating func pass(over skipped: ArrowType.Footprint) {
    nextNode += skipped.nodes
    nextBuffer += skipped.buffers
    for _ in 0..<skipped.views {
      nextBuffer += layout.viewBuffers[nextView]
      nextView += 1
    }
  }

  /// The next array in pre-order, with its children; `length` is what its parent demands.
  private mutating func array(
    _ field: ArrowField, length: Int?, path: String
  ) throws(ArrowError) -> ArrowArray {
    let first = nextBuffer
    do throws(ArrowError) {
      let array = try unchecked(field, length: length, path: path)
      try array.validateOwn(isNullable: field.isNullable)
      return array.isDense ? array.withoutValidity() : array
    } catch {
      // Arrays that do not fit themselves are the file's fault here, not an argument's.
      let code = error.code == .invalidArgument ? .malformed : error.code
      let offset = first < layout.buffers.count ? base + layout.buffers[first].offset : base
      throw ArrowError(
        code, error.message, offset: error.offset ?? offset, column: error.column ?? path)
    }
  }

  /// Measured and decoded, but not yet validated.
  private mutating func unchecked(
    _ field: ArrowField, length: Int?, path: String
  ) throws(ArrowError) -> ArrowArray {
    let node = layout.nodes[nextNode]
    nextNode += 1
    if let length, node.length != length {
      throw ArrowError(.malformed, "\(node.length) slots where \(length) belong")
    }
    guard node.length >= 0, node.nullCount >= 0, node.nullCount <= node.length else {
      throw ArrowError(.malformed, "\(node.nullCount) nulls in \(node.length) slots")
    }
    guard node.length <= maximumSlots else {
      throw ArrowError(.limitExceeded, "an array of \(node.length) slots")
    }
    if field.type == .null {
      return ArrowArray(type: .null, length: node.length, nullCount: node.length)
    }

    if case .unsupported(let type) = field.type {
      throw ArrowError(.unsupported, "unsupported type \(type.name)")
    }

    let validity = try validity(node)
    if field.type.isView { return try views(field.type, node, validity) }
    var offsets: [UInt8] = []
    var data: [UInt8] = []
    var children: [ArrowArray] = []
    switch field.type.layout {
    case .none: break
    case .bits: data = try bits(node.length)
    case .fixed(let width): data = try buffer(try product(node.length, width))
    case .variable(let width, _):
      offsets = try self.offsets(node.length, width)
      data = try buffer(try OffsetKernel.bounds(offsets, width: width).upperBound)
    case .list(let width):
      offsets = try self.offsets(node.length, width)
      children = [try child(field, 0, length: nil, path)]
    case .fixedSizeList(let size):
      children = [try child(field, 0, length: try product(node.length, size), path)]
    case .structure:
      for index in field.type.children.indices {
        children.append(try child(field, index, length: node.length, path))
      }
    }
    return ArrowArray(
      type: field.type, length: node.length, nullCount: node.nullCount, validity: validity,
      offsets: offsets, data: data, children: children)
  }

  private mutating func child(
    _ field: ArrowField, _ index: Int, length: Int?, _ path: String
  ) throws(ArrowError) -> ArrowArray {
    let item = field.type.children[index]
    return try array(item, length: length, path: path + "." + item.name)
  }

  // MARK: Buffers

  private mutating func validity(_ node: BatchLayout.Node) throws(ArrowError) -> [UInt8]? {
    if layout.buffers[nextBuffer].length == 0, node.nullCount == 0 {
      nextBuffer += 1
      return nil
    }
    return try bits(node.length)
  }

  private mutating func bits(_ count: Int) throws(ArrowError) -> [UInt8] {
    var bytes = try buffer(Bitmap.byteCount(count))
    if !bytes.isEmpty { bytes[bytes.count - 1] &= Bitmap.lastMask(count) }
    return bytes
  }

  private mutating func offsets(_ length: Int, _ width: Int) throws(ArrowError) -> [UInt8] {
    // The format lets writers leave out the single offset of an empty array.
    if length == 0, layout.buffers[nextBuffer].length == 0 {
      nextBuffer += 1
      return [UInt8](repeating: 0, count: width)
    }
    return try buffer(try product(length + 1, width))
  }

  /// The next buffer, which must hold `needed` bytes; padding behind them is left out.
  mutating func buffer(_ needed: Int) throws(ArrowError) -> [UInt8] {
    let stored = layout.buffers[nextBuffer]
    nextBuffer += 1
    try charge(needed)
    do throws(ArrowError) {
      guard decompressor.codec != nil, stored.length > 0 else {
        guard stored.length >= needed else {
          throw ArrowError(.malformed, "a buffer of \(stored.length) bytes, \(needed) are needed")
        }
        return try source.read(at: start + stored.offset, count: needed)
      }
      return try decompressed(stored, size: needed)
    } catch {
      throw error.located(offset: base + stored.offset)
    }
  }

  /// The next buffer whole, whatever it holds: one that views lead to.
  private mutating func wholeBuffer() throws(ArrowError) -> [UInt8] {
    let stored = layout.buffers[nextBuffer]
    nextBuffer += 1
    do throws(ArrowError) {
      guard decompressor.codec != nil, stored.length > 0 else {
        try charge(stored.length)
        return try source.read(at: start + stored.offset, count: stored.length)
      }
      return try decompressed(stored, size: nil)
    } catch {
      throw error.located(offset: base + stored.offset)
    }
  }

  private mutating func decompressed(
    _ stored: BatchLayout.Buffer, size: Int?
  ) throws(ArrowError) -> [UInt8] {
    let budget = remaining
    let (bytes, charged) = try source.withBytes(at: start + stored.offset, count: stored.length) {
      (bytes) throws(ArrowError) in
      guard let size else {
        return try decompressor.buffer(bytes, atMost: budget)
      }
      return (try decompressor.buffer(bytes, needed: size), 0)
    }
    try charge(charged)
    return bytes
  }

  /// Counts bytes that are about to be decoded.
  mutating func charge(_ bytes: Int) throws(ArrowError) {
    guard bytes <= remaining else {
      throw ArrowError(
        .limitExceeded, "a batch that says to hold far more than is stored, or than the limit")
    }
    remaining -= bytes
  }

  /// The buffers that the next array of views leads to.
  mutating func viewedBuffers() throws(ArrowError) -> [[UInt8]] {
    let count = layout.viewBuffers[nextView]
    nextView += 1
    var buffers: [[UInt8]] = []
    for _ in 0..<count { buffers.append(try wholeBuffer()) }
    return buffers
  }

  func product(_ count: Int, _ width: Int) throws(ArrowError) -> Int {
    let (product, overflow) = count.multipliedReportingOverflow(by: width)
    guard !overflow, product <= maximumSlots else {
      throw ArrowError(.limitExceeded, "an array of \(count) × \(width) bytes")
    }
    return product
  }
}

extension BatchLayout {
  /// Checks that nodes and buffers are as many as the schema demands, that columns have as many
  /// slots as the batch has rows, and that buffers lie inside the body.
  func check(
    against schema: ArrowSchema, bodyLength: Int, at offset: Int
  ) throws(ArrowError) {
    let expected = schema.footprint
    guard viewBuffers.count == expected.views else {
      throw ArrowError(
        .malformed,
        "a batch with \(viewBuffers.count) arrays of views instead of \(expected.views)",
        offset: offset)
    }
    // Each count is at most that of all buffers, and so many counts were stored: no overflow.
    let bufferCount = viewBuffers.reduce(expected.buffers, &+)
    guard nodes.count == expected.nodes, buffers.count == bufferCount else {
      throw ArrowError(
        .malformed,
        "a batch of \(nodes.count) arrays and \(buffers.count) buffers; the schema demands "
          + "\(expected.nodes) and \(bufferCount)", offset: offset)
    }
    var node = 0
    for field in schema.fields {
      guard nodes[node].length == rowCount else {
        throw ArrowError(
          .malformed, "\(nodes[node].length) slots in a batch of \(rowCount) rows",
          offset: offset, column: field.name)
      }
      node += field.type.footprint.nodes
    }
    // Readers of overlapping buffers decode the same bytes many times; no writer makes them.
    var end = 0
    for buffer in buffers.sorted(by: { ($0.offset, $0.length) < ($1.offset, $1.length) }) {
      let isEmpty = buffer.length == 0
      guard buffer.length >= 0, buffer.offset >= (isEmpty ? 0 : end),
        isEmpty || buffer.offset % 8 == 0,
        buffer.length <= bodyLength, buffer.offset <= bodyLength - buffer.length
      else {
        throw ArrowError(
          .malformed,
          "a buffer of \(buffer.length) bytes at \(buffer.offset) in a body of \(bodyLength)",
          offset: offset)
      }
      if !isEmpty { end = buffer.offset + buffer.length }
    }
  }
}

extension ArrowArray {
  /// Whether a bitmap is there although nothing is null.
  var isDense: Bool { validity != nil && nullCount == 0 }

  func withoutValidity() -> ArrowArray {
    ArrowArray(type: type, length: length, offsets: offsets, data: data, children: children)
  }
}
