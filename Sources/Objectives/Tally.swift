// SPDX-License-Identifier: Apache-2.0

/// What was written, counted while it is written.
public struct Tally: Sendable, Hashable {
  /// Things worth knowing about rows, which are not faults.
  public enum Event: String, Sendable, Hashable, CaseIterable {
    /// Words left unmasked because they are longer than the whole budget of their row.
    case oversizedWords = "oversized_words"
    /// Rows in which nothing has a loss.
    case rowsWithoutLoss = "rows_without_loss"
    /// Rows with fewer spans than the noise asked for, because sentinels ran out.
    case clampedRows = "clamped_rows"
    /// Noise tokens of such rows that stayed clean.
    case clampedTokens = "clamped_tokens"
    /// Rows in which separators could not be kept out of the noise.
    case separatorsInNoise = "separators_in_noise"
    /// Target tokens cut off because the target was longer than its column.
    case truncatedTargetTokens = "truncated_target_tokens"
    /// Masks of length 0 that were not inserted because the row was full.
    case droppedInsertions = "dropped_insertions"
    /// Rows of one sentence, which cannot be put in another order.
    case singleSentenceRows = "single_sentence_rows"
    /// Positions for which a replacement was proposed.
    case proposedTokens = "proposed_tokens"
    /// Proposals that equalled the original.
    case proposalsEqualToOriginal = "proposals_equal_to_original"
    /// Rows with a rearranged fragment.
    case rearrangedRows = "rearranged_rows"
    /// Documents' fragments that were rearranged.
    case rearrangedFragments = "rearranged_fragments"
    /// Of those, with the suffix first.
    case suffixFirstFragments = "suffix_first_fragments"
    /// Tokens in rearranged fragments, sentinels and end token included.
    case rearrangedTokens = "rearranged_tokens"
    /// Rearranged fragments cut between tokens although cuts at characters were asked for.
    case fragmentsCutAtTokens = "fragments_cut_at_tokens"
  }

  /// Tokens in `input_ids`, framing tokens included, padding not.
  public var inputTokens = 0
  /// Padding in `input_ids`.
  public var inputPadding = 0
  /// Positions with a loss.
  public var lossTokens = 0
  /// Padding in target rows of their own (encoder–decoders).
  public var targetPadding = 0
  private var events = [Int](repeating: 0, count: Event.allCases.count)

  /// Nothing yet.
  public init() {}

  /// How often something happened.
  public func count(of event: Event) -> Int {
    Event.allCases.firstIndex(of: event).map { events[$0] } ?? 0
  }

  /// Notes that something happened.
  public mutating func add(_ amount: Int = 1, of event: Event) {
    if let index = Event.allCases.firstIndex(of: event) { events[index] &+= amount }
  }

  /// Adds what another tally counted.
  public mutating func add(_ other: Tally) {
    inputTokens &+= other.inputTokens
    inputPadding &+= other.inputPadding
    lossTokens &+= other.lossTokens
    targetPadding &+= other.targetPadding
    for index in events.indices { events[index] &+= other.events[index] }
  }
}
