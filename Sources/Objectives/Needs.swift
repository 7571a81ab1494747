// SPDX-License-Identifier: Apache-2.0

/// What an objective needs beyond tokens; checked before any work starts.
///
/// Roles and sentinels were checked when the objective was made; they stand here so that they can
/// be shown. The rest depends on the token dataset and on what the caller can provide.
public struct Needs: Sendable, Hashable {
  /// Special-token roles.
  public var roles: [String] = []
  /// How many sentinels.
  public var sentinels = 0
  /// Whether the token dataset must have word starts.
  public var wordStarts = false
  /// Whether the token dataset must have sentence starts.
  public var sentenceStarts = false
  /// How many documents there must be at least.
  public var documents = 1
  /// Whether text must be decoded and encoded again.
  public var textCodec = false
  /// What proposes replacements, if anything does.
  public var proposal: ProposalRequest?

  /// Nothing but tokens.
  public init() {}

  /// Checks a token dataset.
  ///
  /// Services are the caller's to make: it looks at ``textCodec`` and ``proposal`` itself.
  ///
  /// - Parameters:
  ///   - objective: The name that errors carry.
  ///   - hasWordStarts: Whether the dataset has `word_starts`.
  ///   - hasSentenceStarts: Whether the dataset has `sentence_starts`.
  ///   - documents: How many documents it has; nil if that is not known before reading.
  /// - Throws: ``ObjectiveError`` (`missingInput`) with the remedy.
  public func check(
    objective: String, hasWordStarts: Bool, hasSentenceStarts: Bool, documents: Int?
  ) throws(ObjectiveError) {
    func missing(_ subject: String, _ message: String) -> ObjectiveError {
      ObjectiveError(.missingInput, objective: objective, subject: subject, message)
    }
    if wordStarts, !hasWordStarts {
      throw missing(
        "word_starts",
        "the token dataset has no word starts: make it with `prep tokenize` without --no-words")
    }
    if sentenceStarts, !hasSentenceStarts {
      throw missing(
        "sentence_starts",
        "the token dataset has no sentence starts: make it with `prep tokenize --sentences`")
    }
    if let documents, documents < self.documents {
      throw missing(
        "documents",
        documents == 0
          ? "the token dataset has no documents: all that was read was empty"
          : "segments are taken from other documents, so that \(self.documents) are needed and"
            + " \(documents) is too few: cut the text into documents (`prep tokenize --split-on`),"
            + " or add more")
    }
  }
}
