// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// The architectures, each exactly that of Hugging Face `transformers`.
public enum ModelFamily: String, Sendable, Hashable, CaseIterable {
  /// `BertForPreTraining`, or `BertForMaskedLM` without the head over pairs (Devlin et al. 2019).
  case bert
  /// `ElectraForPreTraining`: the discriminator (Clark et al. 2020).
  case electra
  /// `T5ForConditionalGeneration`, versions 1.0 and 1.1 (Raffel et al. 2020; Shazeer 2020).
  case t5
  /// `GPT2LMHeadModel` (Radford et al. 2019).
  case gpt2
}

/// What stands between the two products of a feed-forward layer.
public enum Activation: String, Sendable, Hashable, CaseIterable {
  /// x Φ(x) (Hendrycks and Gimpel 2016).
  case gelu
  /// The same with a tanh in place of Φ.
  case geluNew = "gelu_new"
  /// max(0, x)
  case relu
}

/// The sizes of a model: the content of a `config.json`.
public struct ModelConfiguration: Sendable, Hashable {
  /// The architecture.
  public var family: ModelFamily
  /// Entries of the embedding table.
  public var vocabularySize: Int
  /// Width of the residual stream.
  public var hiddenSize: Int
  /// Width of the embeddings (ELECTRA projects them where it differs from ``hiddenSize``).
  public var embeddingSize: Int
  /// Layers (of the encoder, if there are two stacks).
  public var layers: Int
  /// Layers of T5's decoder; 0 elsewhere.
  public var decoderLayers: Int
  /// Attention heads.
  public var heads: Int
  /// Width of one head.
  public var headSize: Int
  /// Width inside the feed-forward layers.
  public var innerSize: Int
  /// Entries of the table of positions; 0 for T5, which has none.
  public var positions: Int
  /// Entries of the table of token types; 0 where there is none.
  public var tokenTypes: Int
  /// What is added to the variance in normalizations.
  public var normEpsilon: Double
  /// The activation of the feed-forward layers.
  public var activation: Activation
  /// T5 1.1: whether the activation gates a second product.
  public var isGated: Bool
  /// T5: buckets of relative positions.
  public var relativeBuckets: Int
  /// T5: the distance from which on all positions share a bucket.
  public var relativeMaximumDistance: Int
  /// T5 1.0: whether the decoder's output is multiplied by hiddenSize^−½ before the logits.
  public var scalesDecoderOutput: Bool
  /// Whether the logits come from the table of the input embeddings.
  public var tiesHead = true
  /// GPT-2: whether scores are divided by the square root of the head's width.
  public var scalesAttention: Bool
  /// GPT-2: whether scores are divided by the number of the layer, from 1.
  public var scalesAttentionByLayer: Bool
  /// The standard deviation of fresh weights (T5: a factor on those of its own rule).
  public var initializerRange: Double
  /// BERT: whether there is the head over pairs of segments (NSP, SOP).
  public var hasPairHead: Bool
  /// BERT and ELECTRA: the id whose embedding gets no gradient where it is an input.
  public var padTokenID: Int?
  /// Ids by the names that `config.json` has for them (`eos_token_id`, `decoder_start_token_id`), which
  /// nothing here heeds: generation elsewhere does.
  public var generationIDs: [String: Int?] = [:]
  /// Members of a `config.json` that was read, to be written again.
  var original: JSONObject = [:]
}

extension ModelConfiguration {
  /// A small model that learns within minutes on two cores.
  ///
  /// - Parameters:
  ///   - family: The architecture.
  ///   - vocabularySize: Entries of the embedding table.
  ///   - positions: The longest row; not used by T5.
  ///   - hiddenSize: Width of the residual stream, a multiple of 64.
  ///   - layers: Layers, of each stack.
  ///   - hasPairHead: BERT: whether there is the head over pairs of segments.
  public static func small(
    _ family: ModelFamily, vocabularySize: Int, positions: Int, hiddenSize: Int = 256,
    layers: Int? = nil, hasPairHead: Bool = false
  ) -> ModelConfiguration {
    let isT5 = family == .t5
    let isEncoder = family == .bert || family == .electra
    // At least four heads in an encoder: as many as look at neighbours when it is fresh.
    let heads = isEncoder || isT5 ? max(4, hiddenSize / 64) : hiddenSize / 64
    return ModelConfiguration(
      family: family, vocabularySize: vocabularySize, hiddenSize: hiddenSize,
      embeddingSize: hiddenSize, layers: layers ?? (isT5 ? 2 : 4),
      decoderLayers: isT5 ? layers ?? 2 : 0, heads: heads,
      headSize: hiddenSize / max(1, heads),
      innerSize: 4 * hiddenSize, positions: isT5 ? 0 : positions, tokenTypes: isEncoder ? 2 : 0,
      normEpsilon: isEncoder ? 1e-12 : isT5 ? 1e-6 : 1e-5,
      activation: isEncoder ? .gelu : isT5 ? .relu : .geluNew, isGated: false,
      relativeBuckets: isT5 ? 32 : 0, relativeMaximumDistance: isT5 ? 128 : 0,
      scalesDecoderOutput: isT5, scalesAttention: !isT5, scalesAttentionByLayer: false,
      initializerRange: isT5 ? 1 : isEncoder ? encoderRange(hiddenSize) : 0.02,
      hasPairHead: family == .bert && hasPairHead,
      padTokenID: nil)
  }

  /// 0.02 at a width of 768, narrower models more: what a layer adds does not depend on the width.
  private static func encoderRange(_ hiddenSize: Int) -> Double {
    0.02 * (768 / Double(max(1, hiddenSize))).squareRoot()
  }
}
