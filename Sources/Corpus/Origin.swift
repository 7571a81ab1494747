// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// Where a record came from, for ids and errors.
struct Origin {
  let file: InputFile
  let record: RawRecord

  /// The id of a document that has none of its own.
  var generatedID: String { "\(file.name)#\(record.ordinal)" }

  func invalidJSON(_ error: JSONError, _ line: UnsafeRawBufferPointer) -> CorpusError {
    malformed(
      "\(error); each line must be one JSON object"
        + (line.first == 0x5B || error.code == .unexpectedEnd ? Self.arrayAdvice : Self.skipAdvice))
  }

  func notAnObject(_ line: UnsafeRawBufferPointer) -> CorpusError {
    malformed(
      "the line is JSON but not an object"
        + (line.first == 0x5B ? Self.arrayAdvice : Self.skipAdvice))
  }

  func wrongField(
    _ name: String, _ option: String, _ wanted: String, _ kind: JSONFields.Kind
  ) -> CorpusError {
    if kind == .missing {
      return malformed("there is no field \"\(name)\" (\(option))" + Self.skipAdvice)
    }
    return malformed(
      "the field \"\(name)\" (\(option)) is \(Self.name(of: kind)); it must be \(wanted)"
        + Self.skipAdvice)
  }

  func invalidUTF8(at offset: Int) -> CorpusError {
    malformed(
      "document \"\(generatedID)\" is not valid UTF-8 at byte \(offset) of its text; "
        + "use --invalid-utf8 replace or skip, or give its --encoding")
  }

  private static let skipAdvice = "; --invalid-json skip leaves such lines out"
  private static let arrayAdvice = "; for one JSON array use: jq -c '.[]' FILE | prep … -"

  private static func name(of kind: JSONFields.Kind) -> String {
    switch kind {
    case .missing: "missing"
    case .null: "null"
    case .bool: "a truth value"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }

  private func malformed(_ message: String) -> CorpusError {
    switch record.place {
    case .line(let line): CorpusError(.malformed, file: file.path, line: line, message)
    case .byte(let byte): CorpusError(.malformed, file: file.path, byteOffset: byte, message)
    case .row(let row): CorpusError(.malformed, file: file.path, "row \(row): " + message)
    }
  }
}

extension KeptValue {
  init(_ fields: borrowing JSONFields, _ index: Int, _ line: UnsafeRawBufferPointer) {
    let text = fields.withBytes(of: index, in: line) { String(decoding: $0, as: UTF8.self) }
    switch fields.kind(of: index) {
    case .missing, .null: self = .null
    case .bool: self = .bool(text == "true")
    case .number:
      if let integer = Int64(text) {
        self = .integer(integer)
      } else {
        self = .double(Double(text) ?? .infinity)
      }
    case .string: self = .string(text)
    case .array, .object: self = .json(text)
    }
  }
}
