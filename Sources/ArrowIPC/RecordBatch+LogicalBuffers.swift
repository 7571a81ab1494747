// SPDX-License-Identifier: Apache-2.0

extension RecordBatch {
  /// Hands over the content of the batch in a canonical form, for digests of decoded content.
  ///
  /// Batches of one schema give the same bytes, all calls joined, if and only if they hold the same values, however
  /// they were stored: compressed or not, with any padding, with offsets from any start, whatever
  /// lies in null slots. Names and types are not included.
  ///
  /// For each column in order, and each child after its parent:
  ///
  /// 1. the number of slots and the number of nulls among them, as two 64-bit integers;
  /// 2. if there are nulls, one bit per slot, packed lowest first, set = valid;
  /// 3. of the valid slots only: fixed-width values one after the other; bits packed lowest first;
  ///    of text, bytes and lists the lengths as 64-bit integers, then all bytes.
  ///
  /// A child takes part with the slots that valid slots of its parent refer to. All integers are
  /// little-endian. Buffers are valid during the call of `body` only.
  ///
  /// - Precondition: the batch is valid, as every batch is that was read or encoded.
  public func forEachLogicalBuffer(_ body: (UnsafeRawBufferPointer) -> Void) {
    for column in columns { column.visit([0..<column.length], body) }
  }
}

extension ArrowArray {
  /// Visits the slots in `runs`, which are in the order of the slots.
  fileprivate func visit(_ runs: [Range<Int>], _ body: (UnsafeRawBufferPointer) -> Void) {
    let count = runs.reduce(0) { $0 + $1.count }
    let validRuns = validity.map { Bitmap.runs($0, in: runs) } ?? (type == .null ? [] : runs)
    let nulls = count - validRuns.reduce(0) { $0 + $1.count }
    emit(rawBytes(of: [UInt64(count), UInt64(nulls)]), body)
    if nulls > 0, let validity { emit(Bitmap.packed(validity, runs), body) }

    switch type.layout {
    case .none: break
    case .bits: emit(Bitmap.packed(data, validRuns), body)
    case .fixed(let width): emit(validRuns.map { scaled($0, width) }, body)
    case .variable(let width, _):
      emit(contentRuns(of: validRuns, width, body), body)
    case .list(let width):
      let inner = contentRuns(of: validRuns, width, body)
      for child in children { child.visit(inner, body) }
    case .fixedSizeList(let size):
      for child in children { child.visit(validRuns.map { scaled($0, size) }, body) }
    case .structure:
      for child in children { child.visit(validRuns, body) }
    }
  }

  /// Emits the lengths of lists or texts; returns where their content lies.
  private func contentRuns(
    of runs: [Range<Int>], _ width: Int, _ body: (UnsafeRawBufferPointer) -> Void
  ) -> [Range<Int>] {
    width == 4 ? contentRuns(Int32.self, runs, body) : contentRuns(Int64.self, runs, body)
  }

  private func contentRuns<T: FixedWidthInteger & BitwiseCopyable>(
    _ width: T.Type, _ runs: [Range<Int>], _ body: (UnsafeRawBufferPointer) -> Void
  ) -> [Range<Int>] {
    offsets.withUnsafeBytes { raw in
      let positions = raw.assumingMemoryBound(to: width)
      var lengths: [UInt64] = []
      var content: [Range<Int>] = []
      for run in runs {
        for slot in run {
          lengths.append(UInt64(truncatingIfNeeded: positions[slot + 1] &- positions[slot]))
          if lengths.count == 4096 {
            emit(rawBytes(of: lengths), body)
            lengths.removeAll(keepingCapacity: true)
          }
        }
        content.append(
          Int(
            truncatingIfNeeded: positions[run.lowerBound])..<Int(
              truncatingIfNeeded: positions[run.upperBound]))
      }
      emit(rawBytes(of: lengths), body)
      return content
    }
  }

  private func scaled(_ run: Range<Int>, _ width: Int) -> Range<Int> {
    (run.lowerBound * width)..<(run.upperBound * width)
  }

  private func emit(_ runs: [Range<Int>], _ body: (UnsafeRawBufferPointer) -> Void) {
    data.withUnsafeBytes { bytes in
      for run in runs where !run.isEmpty { body(UnsafeRawBufferPointer(rebasing: bytes[run])) }
    }
  }

  private func emit(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) -> Void) {
    if !bytes.isEmpty { bytes.withUnsafeBytes(body) }
  }
}
