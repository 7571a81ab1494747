// SPDX-License-Identifier: Apache-2.0
public import JSON

/// What a dataset of examples spends its positions on.
public struct Accounting: Sendable, Hashable {
  /// Tokens of the inputs, padding not counted.
  public var inputTokens = 0
  /// Padding of the inputs.
  public var inputPadding = 0
  /// Positions with a loss.
  public var lossTokens = 0
  /// Padding of target rows, where they are rows of their own.
  public var targetPadding = 0
  /// Tokens for which a replacement was drawn.
  public var proposedTokens = 0
  /// Those of which the replacement is not the original, which have the label 1.
  public var replacedTokens = 0
  /// Whether targets are rows of their own, as encoder–decoders take them.
  public var hasTargets = false

  /// Nothing counted.
  public init() {}

  /// What the manifest of a dataset of examples says; nil for other datasets.
  public init?(_ manifest: Manifest) {
    guard manifest.kind == .examples else { return nil }
    let counts = manifest.counts
    inputTokens = counts["input_tokens"] ?? 0
    inputPadding = counts["input_padding"] ?? 0
    lossTokens = counts["loss_tokens"] ?? 0
    targetPadding = counts["target_padding"] ?? 0
    proposedTokens = counts["proposed_tokens"] ?? 0
    replacedTokens = proposedTokens - (counts["proposals_equal_to_original"] ?? 0)
    hasTargets = manifest.objective?.facts["decoder_start_token_id"] != nil
  }

  /// Positions with a loss among the tokens that a model computes: inputs, and targets of their
  /// own.
  public var supervisedShare: Double {
    Self.share(lossTokens, of: inputTokens + (hasTargets ? lossTokens : 0))
  }

  /// Padding among the positions of the inputs.
  public var inputWaste: Double { Self.share(inputPadding, of: inputTokens + inputPadding) }

  /// Padding among the positions of the targets.
  public var targetWaste: Double { Self.share(targetPadding, of: lossTokens + targetPadding) }

  /// Draws of replacements that gave the original.
  public var equalShare: Double {
    Self.share(proposedTokens - replacedTokens, of: proposedTokens)
  }

  /// Tokens with the label 1 among all that have a label.
  public var labelShare: Double { Self.share(replacedTokens, of: lossTokens) }

  /// One line for people.
  public var description: String {
    let supervised = "\(Self.percent(supervisedShare)) of tokens supervised"
    return hasTargets
      ? "\(supervised), padding \(Self.percent(inputWaste)) of the encoder's positions and "
        + "\(Self.percent(targetWaste)) of the decoder's"
      : "\(supervised), padding \(Self.percent(inputWaste)) of positions"
  }

  /// What the manifest and reports say.
  public var json: JSONValue {
    // Six decimals say what is meant, and look the same everywhere.
    func rounded(_ value: Double) -> JSONValue {
      .double((value * 1e6).rounded(.toNearestOrEven) / 1e6)
    }
    var object: JSONObject = [
      "input_tokens": .init(inputTokens), "input_padding": .init(inputPadding),
      "loss_tokens": .init(lossTokens), "supervised_share": rounded(supervisedShare),
      "input_padding_share": rounded(inputWaste),
    ]
    if hasTargets {
      object["target_padding"] = .init(targetPadding)
      object["target_padding_share"] = rounded(targetWaste)
    }
    if proposedTokens > 0 {
      object["equal_share"] = rounded(equalShare)
      object["label_share"] = rounded(labelShare)
    }
    return .object(object)
  }

  /// Adds what others counted.
  public mutating func add(_ other: Accounting) {
    inputTokens += other.inputTokens
    inputPadding += other.inputPadding
    lossTokens += other.lossTokens
    targetPadding += other.targetPadding
    proposedTokens += other.proposedTokens
    replacedTokens += other.replacedTokens
    hasTargets = hasTargets || other.hasTargets
  }

  private static func share(_ part: Int, of whole: Int) -> Double {
    whole > 0 ? Double(part) / Double(whole) : 0
  }

  private static func percent(_ share: Double) -> String {
    let tenths = Int((share * 1000).rounded())
    return "\(tenths / 10).\(tenths % 10) %"
  }
}
