// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC

/// The columns of an Arrow schema that documents are made of.
struct TableColumns {
  /// A field of the documents: its name, the column, and the members that lead down into it.
  struct Field {
    let name: String
    let column: String
    let members: [Int]
    let type: ArrowType
  }

  /// Text, then id and language where there are such columns, then the fields to keep; no name twice.
  private(set) var fields: [Field] = []

  /// The top-level columns to decode, each once.
  var columns: [String] {
    fields.reduce(into: []) { if !$0.contains($1.column) { $0.append($1.column) } }
  }

  /// Finds the columns that the options name.
  ///
  /// - Throws: `malformed` for a column that is not there or of the wrong type.
  init(_ schema: ArrowSchema, _ options: CorpusOptions, file: String) throws(CorpusError) {
    try add(options.textField, "--text-field", "text", schema, file) { $0.isText }
    if let id = options.idField, id != CorpusOptions().idField || Self.find(id, schema) != nil {
      try add(id, "--id-field", "text or integers", schema, file) { $0.isText || $0.isInteger }
    }
    if let lang = options.langField {
      try add(lang, "--lang-field", "text", schema, file) { $0.isText }
    }
    for kept in options.keepFields {
      try add(kept, "--keep-field", "of a type that is read", schema, file) { $0.isReadable }
    }
  }

  private mutating func add(
    _ name: String, _ option: String, _ wanted: String, _ schema: ArrowSchema, _ file: String,
    _ fits: (ArrowType) -> Bool
  ) throws(CorpusError) {
    guard let field = Self.find(name, schema) else {
      let known = schema.fields.map(\.name).joined(separator: ", ")
      throw CorpusError(
        .malformed, file: file,
        "there is no column “\(name)” (\(option)), or more than one; the columns are: \(known)")
    }
    guard fits(field.type) else {
      throw CorpusError(
        .malformed, file: file,
        "the column “\(name)” (\(option)) is \(field.type); it must be \(wanted)")
    }
    if !fields.contains(where: { $0.name == name }) { fields.append(field) }
  }

  /// A column of that name, else the member of structures to which its dots lead.
  private static func find(_ name: String, _ schema: ArrowSchema) -> Field? {
    if let index = schema.index(of: name) {
      return Field(name: name, column: name, members: [], type: schema.fields[index].type)
    }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 1, let index = schema.index(of: parts[0]) else { return nil }
    var type = schema.fields[index].type
    var members: [Int] = []
    for part in parts.dropFirst() {
      guard case .structure(let inner) = type,
        let member = inner.firstIndex(where: { $0.name == part })
      else { return nil }
      members.append(member)
      type = inner[member].type
    }
    return Field(name: name, column: parts[0], members: members, type: type)
  }
}

extension ArrowType {
  /// Text, or bytes that are taken for it.
  var isText: Bool {
    switch self {
    case .utf8, .largeUtf8, .utf8View, .binary, .largeBinary, .binaryView: true
    default: false
    }
  }

  fileprivate var isInteger: Bool {
    switch self {
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
    default: false
    }
  }

  fileprivate var isReadable: Bool {
    if case .unsupported = self { return false }
    return children.allSatisfy { $0.type.isReadable }
  }
}
