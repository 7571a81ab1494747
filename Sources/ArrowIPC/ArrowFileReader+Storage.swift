// SPDX-License-Identifier: Apache-2.0

extension ArrowFileReader {
  /// A buffer as it lies in the file.
  public struct StoredBuffer: Sendable, Hashable {
    /// The index of the column that it belongs to.
    public let column: Int
    /// Where it lies, its length of eight bytes included where the batch is compressed.
    public let range: Range<Int>
    /// Whether it is a zstd frame behind that length.
    public let isZstd: Bool
  }

  /// The buffers of a batch that have bytes, in the order of the columns; reads its metadata only.
  ///
  /// - Throws: as `batch(_:columns:)` for what the metadata tells.
  public func storedBuffers(ofBatch index: Int) throws(ArrowError) -> [StoredBuffer] {
    let (layout, _, body) = try layout(index)
    var buffers: [StoredBuffer] = []
    var next = 0
    var nextView = 0
    for (column, field) in schema.fields.enumerated() {
      let footprint = field.type.footprint
      let views = layout.viewBuffers[nextView..<(nextView + footprint.views)]
      nextView += footprint.views
      let end = next + footprint.buffers + views.reduce(0, +)
      for buffer in layout.buffers[next..<end] where buffer.length > 0 {
        let start = body.lowerBound + buffer.offset
        buffers.append(
          StoredBuffer(
            column: column, range: start..<(start + buffer.length),
            isZstd: layout.codec == Format.Codec.zstd && buffer.length > 8))
      }
      next = end
    }
    return buffers
  }

  /// Hands over bytes of the file, in place where it is mapped; valid during the call only.
  public func withStoredBytes<R>(
    _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(ArrowError) -> R
  ) throws(ArrowError) -> R {
    try source.withBytes(at: range.lowerBound, count: range.count, body)
  }
}
