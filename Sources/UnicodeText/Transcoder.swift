// SPDX-License-Identifier: Apache-2.0

import CICU

/// Converts a stream of bytes in some encoding to UTF-8, through ICU's converters.
///
/// What is malformed, or has no place in Unicode, becomes U+FFFD and is counted. A byte order mark
/// at the start is dropped. Use one instance for one stream, on one thread at a time.
public final class Transcoder {
  /// The encoding by the name it was asked for.
  public let encoding: String

  private let converter: OpaquePointer
  private let malformed: UnsafeMutablePointer<Int64>
  private let units: UnsafeMutablePointer<UInt16>
  private let unitCapacity = 4096
  private var pendingLead: UInt16 = 0
  private var isAtStart = true

  /// Opens the converter of an encoding: any name or alias that ICU knows, such as `utf-16`,
  /// `iso-8859-1`, `windows-1252`, `shift_jis`, `gb18030`. Case and separators do not matter.
  ///
  /// - Throws: ``TextError`` `.unknownEncoding`.
  public init(encoding: String) throws(TextError) {
    var status = U_ZERO_ERROR
    // An empty name would be the environment's default.
    guard !encoding.isEmpty, cicu_converter_alias_count(encoding) > 0,
      let converter = cicu_converter_open(encoding, &status)
    else {
      throw TextError(
        .unknownEncoding,
        "unknown encoding \"\(encoding)\"; known are, among others, utf-8, utf-16, utf-32, "
          + "iso-8859-1, windows-1252, koi8-r, shift_jis, euc-jp, euc-kr, gb18030, big5")
    }
    self.encoding = encoding
    self.converter = converter
    malformed = .allocate(capacity: 1)
    malformed.initialize(to: 0)
    units = .allocate(capacity: unitCapacity)
    cicu_converter_count_malformed(converter, malformed, &status)
    if cicu_failure(status) != 0 { throw .failure(status, in: "opening \"\(encoding)\"") }
  }

  deinit {
    cicu_converter_close(converter)
    malformed.deallocate()
    units.deallocate()
  }

  /// Appends the next bytes of the stream to `output` as UTF-8. Characters cut by the end of `bytes`
  /// are completed by the next call.
  ///
  /// - Parameter isLast: whether the stream ends here: an incomplete character is malformed then.
  ///   The transcoder is ready for another stream afterwards.
  /// - Returns: how many malformed sequences were replaced in this call.
  /// - Throws: ``TextError`` with what ICU reports.
  public func convert(
    _ bytes: UnsafeRawBufferPointer, isLast: Bool, into output: inout [UInt8]
  ) throws(TextError) -> Int {
    malformed.pointee = 0
    var nothing: CChar = 0
    try withUnsafeMutablePointer(to: &nothing) { nothing throws(TextError) in
      let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) ?? UnsafePointer(nothing)
      var source = base
      var status: UErrorCode
      repeat {
        status = U_ZERO_ERROR
        var target = units
        cicu_converter_to_utf16(
          converter, &target, units + unitCapacity, &source, base + bytes.count,
          isLast ? 1 : 0, &status)
        append(target - units, to: &output)
      } while status == U_BUFFER_OVERFLOW_ERROR
      if cicu_failure(status) != 0 { throw .failure(status, in: "converting \"\(encoding)\"") }
    }
    if isLast {
      if pendingLead != 0 { replace(&output) }
      isAtStart = true
    }
    return Int(malformed.pointee)
  }

  /// Appends the first `count` units as UTF-8; a pair may be split between two calls.
  private func append(_ count: Int, to output: inout [UInt8]) {
    output.reserveCapacity(output.count + count)
    for i in 0..<count {
      let unit = units[i]
      if isAtStart {
        isAtStart = false
        if unit == 0xFEFF { continue }
      }
      if unit & 0xFC00 == 0xDC00, pendingLead != 0 {
        let high = UInt32(pendingLead & 0x3FF) &<< 10
        UTF8Scalars.append(0x1_0000 &+ (high | UInt32(unit & 0x3FF)), to: &output)
        pendingLead = 0
        continue
      }
      if pendingLead != 0 { replace(&output) }
      if unit & 0xFC00 == 0xD800 {
        pendingLead = unit
      } else if unit & 0xFC00 == 0xDC00 {
        replace(&output)
      } else {
        UTF8Scalars.append(UInt32(unit), to: &output)
      }
    }
  }

  /// Puts U+FFFD for half a surrogate pair, should a converter ever give one.
  private func replace(_ output: inout [UInt8]) {
    pendingLead = 0
    malformed.pointee += 1
    UTF8Scalars.append(0xFFFD, to: &output)
  }
}
