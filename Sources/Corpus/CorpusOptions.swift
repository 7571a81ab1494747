// SPDX-License-Identifier: Apache-2.0
public import UnicodeText

/// How bytes become documents.
public struct CorpusOptions: Sendable, Hashable {
  /// What a file holds, once decompressed.
  public enum Format: String, Sendable, Hashable, CaseIterable {
    /// Decided for each file: JSON Lines if its name without `.gz` or `.zst` ends in `.jsonl`,
    /// `.ndjson` or `.json`, or if its first line that is not blank is a JSON object; else text.
    case auto
    /// Text, divided by `split`.
    case text
    /// One JSON object a line; blank lines are passed over.
    case jsonl
  }

  /// Where a document ends in a text file. White space alone is never a document, except that a
  /// whole file is one whatever it holds.
  public enum Split: Sendable, Hashable {
    /// At the end of the file.
    case document
    /// At each line feed; a carriage return before it belongs to the line end.
    case lines
    /// At lines that hold nothing but blanks.
    case blankLines
    /// At each occurrence of these bytes.
    case separator([UInt8])
  }

  /// What is done about a line that is not valid JSON or lacks what was asked for.
  public enum InvalidJSON: String, Sendable, Hashable, CaseIterable {
    /// Stop and name the line.
    case error
    /// Leave it out and count it.
    case skip
  }

  /// What the files hold.
  public var format = Format.auto
  /// Where documents end in text files.
  public var split = Split.document
  /// The field with the text, dots going down into objects.
  public var textField = "text"
  /// The field with the id, a string or a number; lines without one get NAME#ORDINAL.
  public var idField: String? = "id"
  /// The field with the language.
  public var langField: String?
  /// Fields to hand on as they are.
  public var keepFields: [String] = []
  /// What is done about text that is not valid UTF-8.
  public var invalidUTF8 = InvalidUTF8Policy.replace
  /// What is done about lines that are not as they should be.
  public var invalidJSON = InvalidJSON.error
  /// The encoding of the files as a name that ICU knows; nil for UTF-8.
  public var encoding: String?
  /// The longest document in bytes, as it stands in the decoded file. 1 GiB.
  public var maxDocumentBytes = 1 << 30

  /// The defaults.
  public init() {}

  /// Whether the files must be converted before their records are found.
  var convertsEncoding: Bool {
    guard let name = encoding?.lowercased() else { return false }
    return name != "utf-8" && name != "utf8"
  }
}
