// SPDX-License-Identifier: Apache-2.0

/// Decodes the body of one batch into validated arrays.
///
/// Everything a buffer may legally hold follows from the schema and the lengths of the nodes, so
/// each buffer is measured before it is read or decompressed: data of a few bytes cannot ask for
/// gigabytes. The sum over a batch is limited as well.
struct BatchDecoder: ~Copyable {
  private let layout: BatchLayout
  private let source: ByteSource
  /// Where the body starts in `source`.
  private let start: Int
  /// Where the body starts in the file or stream, for messages.
  private let base: Int
  private let options: ArrowReadOptions
  private var nextNode = 0
  private var nextBuffer = 0
  private var remaining: Int
  private var decompressor: ZstdDecompressor?

  /// Decodes the columns that `isSelected` names by index, all when it is nil.
  ///
  /// The layout has been checked against the schema.
  static func decode(
    _ layout: BatchLayout, _ schema: ArrowSchema, from source: ByteSource, start: Int, base: Int,
    options: ArrowReadOptions, isSelected: [Bool]? = nil
  ) throws(ArrowError) -> [ArrowArray] {
    var decoder = BatchDecoder(layout, source, start: start, base: base, options: options)
    var columns: [ArrowArray] = []
    for (index, field) in schema.fields.enumerated() {
      if let isSelected, !isSelected[index] {
        let skipped = field.type.footprint
        decoder.nextNode += skipped.nodes
        decoder.nextBuffer += skipped.buffers
      } else {
        columns.append(try decoder.array(field, length: layout.rowCount, path: field.name))
      }
    }
    return columns
  }

  private init(
    _ layout: BatchLayout, _ source: ByteSource, start: Int, base: Int, options: ArrowReadOptions
  ) {
    self.layout = layout
    self.source = source
    self.start = start
    self.base = base
    self.options = options
    remaining = options.maximumBatchBytes
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
    guard node.length <= options.maximumBatchBytes else {
      throw ArrowError(.limitExceeded, "an array of \(node.length) slots")
    }
    if field.type == .null {
      return ArrowArray(type: .null, length: node.length, nullCount: node.length)
    }

    let validity = try validity(node)
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
  private mutating func buffer(_ needed: Int) throws(ArrowError) -> [UInt8] {
    let stored = layout.buffers[nextBuffer]
    nextBuffer += 1
    remaining -= needed
    guard remaining >= 0 else {
      throw ArrowError(
        .limitExceeded, "a batch of more than \(options.maximumBatchBytes) decoded bytes")
    }
    do throws(ArrowError) {
      if layout.isCompressed, stored.length > 0 { return try decompressed(stored, needed) }
      guard stored.length >= needed else {
        throw ArrowError(.malformed, "a buffer of \(stored.length) bytes, \(needed) are needed")
      }
      return try source.read(at: start + stored.offset, count: needed)
    } catch {
      throw error.located(offset: base + stored.offset)
    }
  }

  private mutating func decompressed(
    _ stored: BatchLayout.Buffer, _ needed: Int
  ) throws(ArrowError) -> [UInt8] {
    // Writers may include their padding to 64 bytes in the length.
    let most = Format.padded(needed)
    guard stored.length >= 8, stored.length - 8 <= most + most / 128 + 1024 else {
      throw ArrowError(
        .malformed, "a compressed buffer of \(stored.length) bytes for \(needed) bytes")
    }
    var content = try source.read(at: start + stored.offset, count: stored.length)
    let announced = content.withUnsafeBytes {
      Int64(littleEndian: $0.loadUnaligned(as: Int64.self))
    }
    if announced == -1 {
      guard content.count - 8 >= needed else {
        throw ArrowError(
          .malformed, "a buffer of \(content.count - 8) bytes, \(needed) are needed")
      }
      return [UInt8](content[8..<(8 + needed)])
    }
    guard let size = Int(exactly: announced), size >= needed, size <= most else {
      throw ArrowError(.malformed, "a buffer of \(announced) bytes, \(needed) are needed")
    }
    content = try frame(content, size)
    content.removeLast(size - needed)
    return content
  }

  private mutating func frame(_ bytes: [UInt8], _ size: Int) throws(ArrowError) -> [UInt8] {
    if decompressor == nil { decompressor = try ZstdDecompressor() }
    let requiresChecksum = options.requiresChecksums
    return try bytes.withUnsafeBufferPointer { (bytes) throws(ArrowError) -> [UInt8] in
      let frame = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[8...]))
      return try decompressor?.decompress(frame, size: size, requiresChecksum: requiresChecksum)
        ?? []
    }
  }

  private func product(_ count: Int, _ width: Int) throws(ArrowError) -> Int {
    let (product, overflow) = count.multipliedReportingOverflow(by: width)
    guard !overflow, product <= options.maximumBatchBytes else {
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
    guard nodes.count == expected.nodes, buffers.count == expected.buffers else {
      throw ArrowError(
        .malformed,
        "a batch of \(nodes.count) arrays and \(buffers.count) buffers; the schema demands "
          + "\(expected.nodes) and \(expected.buffers)", offset: offset)
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
