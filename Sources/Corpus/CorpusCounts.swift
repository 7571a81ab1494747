// SPDX-License-Identifier: Apache-2.0

/// What became of the records of a batch, or of many: nothing is left out without being counted.
public struct CorpusCounts: Sendable, Hashable {
  /// Documents that were handed on.
  public var documents = 0
  /// Their text in bytes of UTF-8.
  public var bytes = 0
  /// Stretches of ill-formed UTF-8 in them that became U+FFFD.
  public var invalidUTF8Replacements = 0
  /// Documents in which there were any.
  public var documentsWithReplacements = 0
  /// Lines left out because they are not valid JSON, or no object.
  public var skippedInvalidJSON = 0
  /// Lines left out because a field is missing or of the wrong kind.
  public var skippedInvalidFields = 0
  /// Rows of a table left out because their text is null.
  public var skippedNullTexts = 0
  /// Documents left out because they are not valid UTF-8.
  public var skippedInvalidUTF8 = 0
  /// Documents left out because their text has no bytes.
  public var emptyDocuments = 0

  /// Nothing yet.
  public init() {}

  /// Adds up.
  public static func += (total: inout CorpusCounts, more: CorpusCounts) {
    total.documents &+= more.documents
    total.bytes &+= more.bytes
    total.invalidUTF8Replacements &+= more.invalidUTF8Replacements
    total.documentsWithReplacements &+= more.documentsWithReplacements
    total.skippedInvalidJSON &+= more.skippedInvalidJSON
    total.skippedInvalidFields &+= more.skippedInvalidFields
    total.skippedNullTexts &+= more.skippedNullTexts
    total.skippedInvalidUTF8 &+= more.skippedInvalidUTF8
    total.emptyDocuments &+= more.emptyDocuments
  }
}
