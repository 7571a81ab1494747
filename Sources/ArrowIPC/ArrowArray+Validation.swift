// SPDX-License-Identifier: Apache-2.0

extension ArrowArray {
  /// Checks that the buffers fit the type, the length and each other, and that text is UTF-8.
  ///
  /// - Throws: `.invalidArgument` with the child in question.
  public func validate() throws(ArrowError) {
    let field = ArrowField("array", type, isNullable: true)
    try field.validate(depth: 1, path: field.name)
    try validate(as: field, path: field.name)
  }

  /// The same for a column of a schema that has been validated itself.
  func validate(as field: ArrowField, path: String) throws(ArrowError) {
    guard type == field.type else {
      throw ArrowError(.invalidArgument, "expected \(field.type), found \(type)", column: path)
    }
    do {
      try validateOwn(isNullable: field.isNullable)
    } catch {
      throw error.located(column: path)
    }
    guard children.count == type.children.count else {
      throw ArrowError(
        .invalidArgument, "\(children.count) children for \(type.children.count) fields",
        column: path)
    }
    for (item, child) in zip(type.children, children) {
      try child.validate(as: item, path: path + "." + item.name)
    }
  }

  /// Checks the array's own buffers; children are only measured.
  func validateOwn(isNullable: Bool) throws(ArrowError) {
    try validateValidity(isNullable: isNullable)
    try validateBuffers()
  }

  private func validateValidity(isNullable: Bool) throws(ArrowError) {
    try require(length >= 0, "negative length")
    try require(nullCount >= 0 && nullCount <= length, "\(nullCount) nulls in \(length) slots")
    if type == .null {
      try require(validity == nil && nullCount == length, "every slot of a null array is null")
      return
    }
    try require(nullCount == 0 || isNullable, "\(nullCount) nulls in a field that has none")
    guard let validity else {
      return try require(nullCount == 0, "nulls are counted but there is no validity bitmap")
    }
    try require(
      validity.count == Bitmap.byteCount(length), "the validity bitmap has the wrong size")
    try require(
      length - Bitmap.countOnes(validity, length) == nullCount,
      "the validity bitmap does not agree with the null count")
    try require(Bitmap.isClean(validity, length), "set bits behind the end of the bitmap")
  }

  private func validateBuffers() throws(ArrowError) {
    switch type.layout {
    case .none, .structure:
      try require(offsets.isEmpty && data.isEmpty, "unexpected buffers")
      try require(children.allSatisfy { $0.length == length }, "children differ in length")
    case .bits:
      try require(data.count == Bitmap.byteCount(length), "the buffer of bits has the wrong size")
      try require(Bitmap.isClean(data, length), "set bits behind the end of the buffer")
    case .fixed(let width):
      let (size, overflow) = length.multipliedReportingOverflow(by: width)
      try require(!overflow && data.count == size, "the buffer of values has the wrong size")
    case .fixedSizeList(let size):
      let (count, overflow) = length.multipliedReportingOverflow(by: size)
      try require(
        !overflow && children.allSatisfy { $0.length == count },
        "the child's length is not \(length) × \(size)")
    case .list(let width):
      let bounds = try validateOffsets(width)
      try require(
        children.allSatisfy { bounds.upperBound <= $0.length }, "offsets beyond the child's end")
    case .variable(let width, let isText):
      let bounds = try validateOffsets(width)
      try require(bounds.upperBound <= data.count, "offsets beyond the end of the bytes")
      if isText { try require(isWellFormedText(bounds), "text that is not UTF-8") }
    }
  }

  /// Checks the number of offsets and themselves; returns what they span.
  private func validateOffsets(_ width: Int) throws(ArrowError) -> Range<Int> {
    let (size, overflow) = length.multipliedReportingOverflow(by: width)
    try require(
      !overflow && offsets.count == size &+ width, "the buffer of offsets has the wrong size")
    return try OffsetKernel.bounds(offsets, width: width)
  }

  /// Whether each valid slot is UTF-8 by itself, not only their concatenation.
  private func isWellFormedText(_ bounds: Range<Int>) -> Bool {
    let positions = listOffsets
    if let validity {
      return (0..<length).allSatisfy { index in
        !Bitmap.bit(validity, index) || isUTF8(data[positions[index]..<positions[index + 1]])
      }
    }
    // Whole text well formed and no cut before a continuation byte: every slice is well formed.
    return isUTF8(data[bounds])
      && positions.allSatisfy { $0 == bounds.upperBound || data[$0] & 0xC0 != 0x80 }
  }

  private func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(ArrowError) {
    if !condition { throw ArrowError(.invalidArgument, message()) }
  }
}

/// Whether bytes are well-formed UTF-8.
func isUTF8(_ bytes: ArraySlice<UInt8>) -> Bool {
  bytes.withUnsafeBufferPointer { (try? UTF8Span(validating: $0.span)) != nil }
}

/// Loops over offsets.
enum OffsetKernel {
  /// What offsets span, from the first to the last.
  ///
  /// - Throws: `.invalidArgument` when they decrease or start below zero.
  static func bounds(_ bytes: [UInt8], width: Int) throws(ArrowError) -> Range<Int> {
    let bounds = width == 4 ? bounds(Int32.self, bytes) : bounds(Int64.self, bytes)
    guard let bounds else {
      throw ArrowError(.invalidArgument, "offsets that decrease or start below zero")
    }
    return bounds
  }

  private static func bounds<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, _ bytes: [UInt8]
  ) -> Range<Int>? {
    bytes.withUnsafeBufferPointer { raw in
      UnsafeRawBufferPointer(raw).withMemoryRebound(to: type) { offsets -> Range<Int>? in
        guard let first = offsets.first, let last = offsets.last, first >= 0 else { return nil }
        var decreases = 0
        for index in 1..<max(1, offsets.count) {
          decreases |= offsets[index] < offsets[index &- 1] ? 1 : 0
        }
        guard decreases == 0 else { return nil }
        return Int(truncatingIfNeeded: first)..<Int(truncatingIfNeeded: last)
      }
    }
  }
}
