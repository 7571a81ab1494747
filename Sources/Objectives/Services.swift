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
///
/// What it draws may depend on the arguments alone: rows come in any order and from any thread, and
/// must get the same tokens each time. So it keeps nothing from one row to the next and draws from
/// `random`, position by position in their order.
///
/// A masked language model fits in like this. It is made once with its checkpoint and the
/// vocabulary, holds the weights, and is shared by all threads; scratch memory belongs to the call.
/// `tokens` is the text of one row, at most `length` ids: it puts its framing tokens around a copy,
/// its mask token at all `positions` at once, and runs one forward pass, whose rows are batch
/// enough: positions × width by width × vocabulary for the head. Then, for each position in order,
/// it draws one ``RandomStream/fraction()`` and takes the first token at which the cumulative
/// softmax of logits / temperature over ordinary tokens exceeds it. Sums must be taken in a fixed
/// order: one thread a call, the same kernels on every machine that shares the work, or the bytes
/// of a dataset depend on who made it.
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
  /// A trained model, and the share of rows that it proposes for.
  public struct Model: Sendable, Hashable {
    /// The directory of its checkpoint.
    public let checkpoint: String
    /// Shares are taken in proportion to each other.
    public let share: Double
  }

  /// Where replacements come from.
  public enum Kind: Sendable, Hashable {
    /// What stands between the same neighbours elsewhere in the corpus.
    case ngram
    /// The frequencies of tokens.
    case unigram
    /// Every ordinary token alike.
    case uniform
    /// Masked language models, one of them drawn for each row.
    case models([Model])
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

  /// What the name of a model begins with.
  static let modelPrefix = "model:"

  /// The kind that a setting names: `ngram`, `unigram`, `uniform`, or models separated by commas,
  /// as in `model:small@0.25,model:large@0.75`; nil for anything else.
  static func kind(named text: String) -> Kind? {
    switch text {
    case "ngram": return .ngram
    case "unigram": return .unigram
    case "uniform": return .uniform
    default: break
    }
    var models: [Model] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard part.hasPrefix(modelPrefix) else { return nil }
      var checkpoint = part.dropFirst(modelPrefix.count)
      var share = 1.0
      if let mark = checkpoint.lastIndex(of: "@") {
        guard let number = Double(checkpoint[checkpoint.index(after: mark)...]), number > 0,
          number <= 1e9
        else { return nil }
        share = number
        checkpoint = checkpoint[..<mark]
      }
      guard !checkpoint.isEmpty else { return nil }
      models.append(Model(checkpoint: String(checkpoint), share: share))
    }
    return models.isEmpty ? nil : .models(models)
  }
}

/// Several proposals, one of which is drawn for each row.
public struct ProposalMixture: ReplacementProposal {
  private let proposals: [any ReplacementProposal]
  private let shares: DiscreteDistribution

  /// A mixture of proposals with their shares of the rows.
  public init(_ members: [(proposal: any ReplacementProposal, share: Double)]) {
    proposals = members.map(\.proposal)
    shares = DiscreteDistribution(first: 0, weights: members.map(\.share))
  }

  /// Draws a proposal, and lets it draw.
  public func propose(
    for positions: UnsafeBufferPointer<UInt32>, in tokens: UnsafeBufferPointer<TokenID>,
    random: inout RandomStream, into replacements: UnsafeMutableBufferPointer<TokenID>
  ) {
    guard !proposals.isEmpty else { return }
    proposals[random.next(shares)].propose(
      for: positions, in: tokens, random: &random, into: replacements)
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
