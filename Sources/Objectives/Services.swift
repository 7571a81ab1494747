// SPDX-License-Identifier: Apache-2.0

public import Randomness

/// Turns tokens to text and text to tokens, for objectives that cut text where no token ends.
///
/// Not shared between threads: each worker has its own, with its own caches.
public protocol TextCodec: AnyObject {
  /// Appends the bytes of the tokens.
  func decode(_ tokens: UnsafeBufferPointer<TokenID>, into bytes: inout [UInt8])
  /// Appends the tokens of the bytes, which are text as ``decode(_:into:)`` gives it and need not
  /// be whole characters at the ends.
  ///
  /// - Throws: ``ObjectiveError`` (`inconsistentInput`) if the tokenizer cannot spell them.
  func encode(
    _ bytes: UnsafeBufferPointer<UInt8>, into tokens: inout [TokenID]
  ) throws(ObjectiveError)
}

/// Proposes replacements for tokens from their surroundings.
public protocol ReplacementProposal: Sendable {
  /// Draws a token for each of the positions, in their order; it may equal what is there.
  ///
  /// - Parameters:
  ///   - positions: Ascending positions in `tokens`.
  ///   - tokens: The text of one row, uncorrupted, without framing tokens.
  ///   - random: What the draws come from.
  ///   - replacements: One token a position.
  func propose(
    for positions: UnsafeBufferPointer<UInt32>, in tokens: UnsafeBufferPointer<TokenID>,
    random: inout RandomStream, into replacements: UnsafeMutableBufferPointer<TokenID>)
}

/// Which proposal an objective asks for.
public struct ProposalRequest: Sendable, Hashable {
  /// Where replacements come from.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// What stands between the same neighbours elsewhere in the corpus.
    case ngram
    /// The frequencies of tokens.
    case unigram
    /// Every ordinary token alike.
    case uniform
  }

  /// Where replacements come from.
  public let kind: Kind
  /// What frequencies are flattened (above 1) or sharpened (below 1) by.
  public let temperature: Double

  /// A request.
  public init(_ kind: Kind, temperature: Double = 1) {
    self.kind = kind
    self.temperature = temperature
  }
}

/// What objectives use but do not implement: given by the caller, its digests in the manifest.
///
/// Each worker has its own; a proposal is shared by all of them, a text codec is not.
public struct Services {
  /// The tokenizer's text codec.
  public var textCodec: (any TextCodec)?
  /// The model of replacements.
  public var proposal: (any ReplacementProposal)?

  /// Services, none by default.
  public init(
    textCodec: (any TextCodec)? = nil, proposal: (any ReplacementProposal)? = nil
  ) {
    self.textCodec = textCodec
    self.proposal = proposal
  }
}
