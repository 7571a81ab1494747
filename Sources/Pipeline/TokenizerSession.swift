// SPDX-License-Identifier: Apache-2.0
internal import JSON
public import Tokenization

/// Encodes and decodes single texts given as JSON, a line at a time.
public final class TokenizerSession {
  private let tokenizer: Tokenizer
  private var encoder: Encoder
  private var encoding: Encoding

  /// A session with a tokenizer.
  ///
  /// - Parameters:
  ///   - givesEnds: whether encodings carry byte ends.
  ///   - isRaw: whether texts are bytes that are not to be normalized.
  public init(
    _ tokenizer: Tokenizer, addedTokens: AddedTokenMode, givesEnds: Bool, isRaw: Bool = false
  ) {
    self.tokenizer = tokenizer
    let model = isRaw ? tokenizer.withoutNormalization : tokenizer
    encoder = model.encoder(addedTokens: addedTokens)
    encoding = Encoding(parts: givesEnds ? [.originalEnds] : [])
  }

  /// A line with the ids of a text given as a JSON string.
  ///
  /// - Throws: `PipelineError` with the line's number when it is not a JSON string.
  public func encode(line: [UInt8], number: Int) throws -> [UInt8] {
    guard case .string(let text) = try parse(line, number) else {
      throw PipelineError(
        .malformed, "standard input, line \(number): not a JSON string; --raw takes plain bytes")
    }
    return try encode(bytes: Array(text.utf8))
  }

  /// A line with the ids of any bytes.
  public func encode(bytes: [UInt8]) throws -> [UInt8] {
    try bytes.withUnsafeBufferPointer { try encoder.encode($0, into: &encoding) }
    var line: [UInt8] = []
    if encoding.parts.contains(.originalEnds) {
      line += #"{"ids":"#.utf8
      Self.append(encoding.ids, to: &line)
      line += #","ends":"#.utf8
      Self.append(encoding.originalEnds, to: &line)
      line += "}\n".utf8
    } else {
      Self.append(encoding.ids, to: &line)
      line.append(UInt8(ascii: "\n"))
    }
    return line
  }

  /// The text of a JSON array of ids, as a line with a JSON string or as plain bytes.
  ///
  /// - Throws: `PipelineError` with the line's number when it is not an array of ids.
  public func decode(
    line: [UInt8], number: Int, raw: Bool, skippingSpecial: Bool
  ) throws -> [UInt8] {
    guard let values = try parse(line, number).arrayValue else {
      throw PipelineError(.malformed, "standard input, line \(number): not a JSON array of ids")
    }
    var ids: [UInt32] = []
    for value in values {
      guard let number = value.integerValue, let id = UInt32(exactly: number),
        id < tokenizer.vocabularySize
      else {
        let text = String(decoding: value.serialized(), as: UTF8.self)
        throw PipelineError(
          .malformed,
          "standard input, line \(number): \(text) is no id below \(tokenizer.vocabularySize)")
      }
      ids.append(id)
    }
    let bytes = tokenizer.decode(ids, skippingSpecial: skippingSpecial)
    guard !raw else { return bytes }
    return JSONValue.string(String(decoding: bytes, as: UTF8.self)).serialized()
      + [UInt8(ascii: "\n")]
  }

  private func parse(_ line: [UInt8], _ number: Int) throws -> JSONValue {
    do {
      return try JSONValue(parsing: line)
    } catch {
      throw PipelineError(.malformed, "standard input, line \(number): \(error)")
    }
  }

  /// Appends a JSON array of numbers, none of them negative.
  private static func append(_ numbers: [some FixedWidthInteger], to line: inout [UInt8]) {
    line.reserveCapacity(line.count + 6 * numbers.count + 2)
    line.append(UInt8(ascii: "["))
    for (index, number) in numbers.enumerated() {
      if index > 0 { line.append(UInt8(ascii: ",")) }
      var rest = UInt64(number)
      let start = line.count
      repeat {
        line.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
        rest /= 10
      } while rest > 0
      var end = line.count - 1
      var first = start
      while first < end {
        line.swapAt(first, end)
        first += 1
        end -= 1
      }
    }
    line.append(UInt8(ascii: "]"))
  }
}
