// SPDX-License-Identifier: Apache-2.0

import CICU
import CICUText

/// Normal forms through ICU's `Normalizer2` over UTF-8.
enum Normalization {
  static func normalize(
    _ text: UnsafeBufferPointer<UInt8>, to form: NormalForm, isUnicode9: Bool,
    into output: inout [UInt8], changes: inout ChangeList
  ) throws(TextError) {
    let normalizer = try instance(of: form, isUnicode9: isUnicode9)
    try transform(text, action: "normalizing", into: &output, changes: &changes) {
      target, capacity, edits, status in
      cicut_normalize(
        normalizer, text.baseAddress, Int32(text.count), target, capacity, edits, &status)
    }
    if isUnicode9, changes.isRecorded, !changes.items.isEmpty {
      var places = try NormalizationPlaces(form: form, isUnicode9: true)
      output.withUnsafeBufferPointer { places.refine(&changes.items, of: text, output: $0) }
    }
  }

  static func instance(
    of form: NormalForm, isUnicode9: Bool
  ) throws(TextError) -> OpaquePointer {
    let code: Int32
    switch form {
    case .none, .nfc: code = Int32(CICUT_NFC.rawValue)
    case .nfd: code = Int32(CICUT_NFD.rawValue)
    case .nfkc: code = Int32(CICUT_NFKC.rawValue)
    case .nfkd: code = Int32(CICUT_NFKD.rawValue)
    case .nfkcCasefold: code = Int32(CICUT_NFKC_CASEFOLD.rawValue)
    }
    return try instance(code: code, isUnicode9: isUnicode9 && form != .nfkcCasefold)
  }

  /// The normalizer that only decomposes with the mappings of `form`.
  static func decomposer(
    of form: NormalForm, isUnicode9: Bool
  ) throws(TextError) -> OpaquePointer {
    switch form {
    case .none, .nfc, .nfd:
      try instance(code: Int32(CICUT_NFD.rawValue), isUnicode9: isUnicode9)
    case .nfkc, .nfkd: try instance(code: Int32(CICUT_NFKD.rawValue), isUnicode9: isUnicode9)
    case .nfkcCasefold:
      try instance(code: Int32(CICUT_NFKC_CASEFOLD_DECOMPOSED.rawValue), isUnicode9: false)
    }
  }

  private static func instance(code: Int32, isUnicode9: Bool) throws(TextError) -> OpaquePointer {
    var status: Int32 = 0
    let code = code + (isUnicode9 ? Int32(CICUT_UNICODE_9.rawValue) : 0)
    guard let normalizer = cicut_normalizer_get(code, &status) else {
      throw .failure(UErrorCode(rawValue: status), in: "loading normalization data")
    }
    return normalizer
  }

  /// Runs an ICU function that reports the length it needs: once with room for text of about the
  /// same length, again with the exact length if that was too little.
  static func transform(
    _ text: UnsafeBufferPointer<UInt8>, action: String, into output: inout [UInt8],
    changes: inout ChangeList,
    _ body: (
      _ target: UnsafeMutablePointer<UInt8>, _ capacity: Int32, _ edits: OpaquePointer?,
      _ status: inout Int32
    ) -> Int64
  ) throws(TextError) {
    var edits: OpaquePointer?
    if changes.isRecorded {
      edits = cicut_edits_create()
      guard edits != nil else {
        throw TextError(.outOfMemory, "out of memory while \(action)")
      }
    }
    defer { if let edits { cicut_edits_destroy(edits) } }

    var capacity = min(text.count + text.count / 8 + 64, Int(Int32.max))
    while true {
      var needed = 0
      var status: Int32 = 0
      output.removeAll(keepingCapacity: true)
      output.append(addingCapacity: capacity) { span in
        span.withUnsafeMutableBufferPointer { buffer, initialized in
          guard let target = buffer.baseAddress else { return }
          needed = Int(body(target, Int32(capacity), edits, &status))
          initialized = min(needed, capacity)
        }
      }
      let code = UErrorCode(rawValue: status)
      if needed >= Int(Int32.max) || code == U_INDEX_OUTOFBOUNDS_ERROR {
        throw TextError(
          .textTooLong,
          "a text of \(text.count) bytes becomes longer than \(Int32.max) bytes while \(action); "
            + "split the document")
      }
      if cicu_failure(code) != 0 && code != U_BUFFER_OVERFLOW_ERROR {
        throw .failure(code, in: action)
      }
      if needed <= capacity { break }
      capacity = needed
    }
    if let edits { try read(edits, into: &changes, action: action) }
  }

  private static func read(
    _ edits: OpaquePointer, into changes: inout ChangeList, action: String
  ) throws(TextError) {
    let count = Int(cicut_edits_count(edits))
    var status: Int32 = 0
    changes.items.append(addingCapacity: count) { span in
      span.withUnsafeMutableBufferPointer { buffer, initialized in
        guard let start = buffer.baseAddress else { return }
        initialized = Int(cicut_edits_read(edits, start, Int32(count), &status))
      }
    }
    let code = UErrorCode(rawValue: status)
    if cicu_failure(code) != 0 { throw .failure(code, in: action) }
  }
}
