// SPDX-License-Identifier: Apache-2.0

public import Randomness

/// Turns tokens to text and text to tokens, for objectives that cut text where no token ends.
public protocol TextCodec: Sendable {
  /// Appends the bytes of the tokens.
  func decode(_ tokens: ArraySlice<TokenID>, into bytes: inout [UInt8])
  /// Appends the tokens of the bytes, which need not be whole characters at the ends.
  func encode(_ bytes: ArraySlice<UInt8>, into tokens: inout [TokenID])
}

/// Proposes replacements for tokens from their surroundings.
public protocol ReplacementProposal: Sendable {
  /// Draws a token for a position; the answer may equal what is there.
  func propose(
    for position: Int, in tokens: ArraySlice<TokenID>, random: inout RandomStream
  ) -> TokenID
}

/// What objectives use but do not implement: given by the caller, its digests in the manifest.
///
/// Services are shared by all workers.
public struct Services: Sendable {
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
