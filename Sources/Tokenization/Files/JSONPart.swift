// SPDX-License-Identifier: Apache-2.0

import JSON

/// A value in a `tokenizer.json` and the path to it, for messages.
struct JSONPart {
  let value: JSONValue
  let path: String

  /// The member with this key; `null` counts as absent.
  subscript(key: String) -> JSONPart? {
    guard let member = value[key], !member.isNull else { return nil }
    return JSONPart(value: member, path: path.isEmpty ? key : "\(path).\(key)")
  }

  func required(_ key: String) throws(TokenizerError) -> JSONPart {
    guard let member = self[key] else {
      throw TokenizerError(
        .malformed, at: path.isEmpty ? nil : path, "the member \"\(key)\" is missing")
    }
    return member
  }

  func wrongKind(_ expected: String) -> TokenizerError {
    TokenizerError(.malformed, at: path, "\(value.kindName) where \(expected) should be")
  }

  func string() throws(TokenizerError) -> String {
    guard let string = value.stringValue else { throw wrongKind("a string") }
    return string
  }

  func integer() throws(TokenizerError) -> Int {
    guard let integer = value.integerValue else { throw wrongKind("an integer") }
    return integer
  }

  func bool() throws(TokenizerError) -> Bool {
    guard let bool = value.boolValue else { throw wrongKind("a truth value") }
    return bool
  }

  func bool(_ key: String, default value: Bool) throws(TokenizerError) -> Bool {
    try self[key]?.bool() ?? value
  }

  func object() throws(TokenizerError) -> JSONObject {
    guard let object = value.objectValue else { throw wrongKind("an object") }
    return object
  }

  func elements() throws(TokenizerError) -> [JSONPart] {
    guard let elements = value.arrayValue else { throw wrongKind("an array") }
    return elements.enumerated().map { index, element in
      JSONPart(value: element, path: "\(path)[\(index)]")
    }
  }

  /// The `type` of a part of the pipeline.
  func type() throws(TokenizerError) -> String { try required("type").string() }

  /// An id: not negative, and below the mark of "none".
  func id() throws(TokenizerError) -> UInt32 {
    let integer = try integer()
    guard let id = UInt32(exactly: integer), id < UInt32(Int32.max) else {
      throw TokenizerError(.inconsistent, at: path, "\(integer) cannot be the id of a token")
    }
    return id
  }

  func unsupported(_ what: String, _ supported: String) -> TokenizerError {
    TokenizerError(.unsupported, at: path, "\(what) is not supported; \(supported)")
  }
}
