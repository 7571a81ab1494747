// SPDX-License-Identifier: Apache-2.0
internal import JSON
internal import UnicodeText

/// Turns raw records into documents: takes fields out of JSON, checks and repairs UTF-8.
///
/// One parser belongs to one thread; it reuses its memory. What it gives for a batch depends on the
/// batch and the options alone.
public struct DocumentParser: ~Copyable {
  private let options: CorpusOptions
  private let reader: JSONFieldReader
  private let idIndex: Int?
  private let langIndex: Int?
  private let firstKept: Int
  private var fields = JSONFields()
  private var repaired: [UInt8] = []

  /// Makes a parser.
  public init(options: CorpusOptions) {
    self.options = options
    var paths = [options.textField]
    func add(_ field: String?) -> Int? {
      guard let field else { return nil }
      paths.append(field)
      return paths.count - 1
    }
    idIndex = add(options.idField)
    langIndex = add(options.langField)
    firstKept = paths.count
    reader = JSONFieldReader(paths: paths + options.keepFields)
  }

  /// Calls `body` with each document of a batch, in order.
  /// - Returns: what became of the records.
  /// - Throws: `CorpusError` `malformed` with the line, unless the options say to skip or replace;
  ///   whatever `body` throws.
  @discardableResult
  public mutating func forEachDocument(
    in batch: borrowing RawBatch, _ body: (borrowing DocumentView) throws -> Void
  ) throws -> CorpusCounts {
    var counts = CorpusCounts()
    let file = batch.file
    let isJSON = batch.isJSON
    let isTable = batch.isTable
    let records = batch.records
    try batch.bytes.withUnsafeBytes { bytes in
      for record in records {
        let raw = UnsafeRawBufferPointer(rebasing: bytes[record.range])
        if isJSON {
          try parseLine(
            raw, Origin(file: file, record: record), isTable: isTable, &counts, body)
        } else {
          let origin = Origin(file: file, record: record)
          try handOn(
            raw.bindMemory(to: UInt8.self), id: nil, lang: nil, kept: noValues, origin, &counts,
            body)
        }
      }
    }
    return counts
  }

  private var noValues: [KeptValue] {
    options.keepFields.isEmpty
      ? [] : [KeptValue](repeating: .null, count: options.keepFields.count)
  }

  private mutating func parseLine(
    _ line: UnsafeRawBufferPointer, _ origin: Origin, isTable: Bool,
    _ counts: inout CorpusCounts, _ body: (borrowing DocumentView) throws -> Void
  ) throws {
    do throws(JSONError) {
      try reader.read(line, into: &fields)
    } catch {
      guard options.invalidJSON == .skip else { throw origin.invalidJSON(error, line) }
      counts.skippedInvalidJSON &+= 1
      return
    }
    guard fields.isObject else {
      guard options.invalidJSON == .skip else { throw origin.notAnObject(line) }
      counts.skippedInvalidJSON &+= 1
      return
    }
    if isTable, fields.kind(of: 0) == .null {
      counts.skippedNullTexts &+= 1
      return
    }
    guard fields.kind(of: 0) == .string, isStringOrNumber(idIndex), isString(langIndex) else {
      guard options.invalidJSON == .skip else { throw wrongField(origin) }
      counts.skippedInvalidFields &+= 1
      return
    }
    let id = text(of: idIndex, in: line)
    let lang = text(of: langIndex, in: line)
    var kept: [KeptValue] = []
    for index in 0..<options.keepFields.count {
      kept.append(KeptValue(fields, firstKept + index, line))
    }
    // The text lies in the line or in the parser's own memory, which nothing touches meanwhile.
    let text = fields.withBytes(of: 0, in: line) { $0 }
    try handOn(text, id: id, lang: lang, kept: kept, origin, &counts, body)
  }

  /// Applies the UTF-8 policy and calls `body`.
  private mutating func handOn(
    _ text: UnsafeBufferPointer<UInt8>, id: String?, lang: String?, kept: [KeptValue],
    _ origin: Origin, _ counts: inout CorpusCounts, _ body: (borrowing DocumentView) throws -> Void
  ) throws {
    guard !text.isEmpty else {
      counts.emptyDocuments &+= 1
      return
    }
    var replacements = 0
    if let bad = UTF8Repair.firstInvalid(text) {
      switch options.invalidUTF8 {
      case .error: throw origin.invalidUTF8(at: bad)
      case .skip:
        counts.skippedInvalidUTF8 &+= 1
        return
      case .replace:
        replacements = UTF8Repair.repair(text, into: &repaired)
        counts.invalidUTF8Replacements &+= replacements
        counts.documentsWithReplacements &+= 1
      }
    }
    counts.documents &+= 1
    let id = id ?? origin.generatedID
    guard replacements > 0 else {
      counts.bytes &+= text.count
      return try body(
        DocumentView(
          id: id, text: text, lang: lang, source: origin.file.argument, kept: kept,
          replacements: 0))
    }
    counts.bytes &+= repaired.count
    try repaired.withUnsafeBufferPointer { repaired in
      try body(
        DocumentView(
          id: id, text: repaired, lang: lang, source: origin.file.argument, kept: kept,
          replacements: replacements))
    }
  }

  private func isStringOrNumber(_ index: Int?) -> Bool {
    guard let index else { return true }
    return fields.kind(of: index) == .number || isString(index)
  }

  private func isString(_ index: Int?) -> Bool {
    guard let index else { return true }
    switch fields.kind(of: index) {
    case .missing, .null, .string: return true
    default: return false
    }
  }

  /// The text of a string or number; nil without one, or if it is empty.
  private func text(of index: Int?, in line: UnsafeRawBufferPointer) -> String? {
    guard let index, fields.kind(of: index) != .null, fields.kind(of: index) != .missing else {
      return nil
    }
    let text = fields.withBytes(of: index, in: line) { String(decoding: $0, as: UTF8.self) }
    return text.isEmpty ? nil : text
  }

  private func wrongField(_ origin: Origin) -> CorpusError {
    if fields.kind(of: 0) != .string {
      return origin.wrongField(options.textField, "--text-field", "a string", fields.kind(of: 0))
    }
    if let idIndex, !isStringOrNumber(idIndex) {
      return origin.wrongField(
        options.idField ?? "", "--id-field", "a string or a number", fields.kind(of: idIndex))
    }
    let kind = langIndex.map { fields.kind(of: $0) } ?? .missing
    return origin.wrongField(options.langField ?? "", "--lang-field", "a string", kind)
  }
}
