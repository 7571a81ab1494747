// SPDX-License-Identifier: Apache-2.0

internal import CICU

/// A regular expression of ICU's, for one thread.
public final class RegularExpression {
  /// What messages call it.
  public let name: String
  private let handle: OpaquePointer
  /// What matching may hold on to in order to go back: 512 MiB. Only groups that are repeated without
  /// bound need more than a little.
  private static let stackLimit: Int32 = 512 << 20

  /// Compiles an expression in ICU's syntax.
  /// - Parameter name: what messages call it; nil for the expression itself.
  /// - Throws: `.invalidExpression`.
  public init(_ pattern: String, name: String? = nil) throws(TextError) {
    self.name = name ?? pattern
    var status = U_ZERO_ERROR
    let units = Array(pattern.utf16)
    let opened = units.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      guard let base = buffer.baseAddress else { return nil }
      return cicu_regex_open(base, Int32(truncatingIfNeeded: buffer.count), &status)
    }
    guard let opened, cicu_failure(status) == 0 else {
      throw TextError(
        .invalidExpression,
        "\(self.name) is no regular expression: \(String(cString: cicu_error_name(status)))")
    }
    handle = opened
    cicu_regex_set_stack_limit(handle, Self.stackLimit, &status)
  }

  deinit { cicu_regex_close(handle) }

  /// Calls `body` with the start and the end, in bytes, of each match in well-formed UTF-8, in
  /// order; matches do not overlap.
  /// - Throws: `.library` where matching needs too much memory.
  public func forEachMatch(
    in text: UnsafeBufferPointer<UInt8>, _ body: (Int, Int) -> Void
  ) throws(TextError) {
    guard let base = text.baseAddress else { return }
    var status = U_ZERO_ERROR
    guard let source = cicu_text_open(nil, base, Int64(text.count), &status) else {
      throw .failure(status, in: "opening a text")
    }
    defer { cicu_text_close(source) }
    cicu_regex_set_text(handle, source, &status)
    while cicu_failure(status) == 0, cicu_regex_find_next(handle, &status) != 0 {
      body(Int(cicu_regex_start(handle, &status)), Int(cicu_regex_end(handle, &status)))
    }
    if cicu_failure(status) != 0 { throw .failure(status, in: "matching \(name)") }
  }
}
