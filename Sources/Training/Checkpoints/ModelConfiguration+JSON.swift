// SPDX-License-Identifier: Apache-2.0
internal import JSON

extension ModelConfiguration {
  /// Reads a `config.json`; what is not said has the value that `transformers` gives it.
  ///
  /// - Throws: ``TrainingError``: `corrupt` for values of the wrong kind, `unsupported` for
  ///   architectures and variants that are not built here.
  init(_ json: JSONValue, path: String) throws(TrainingError) {
    let reader = ConfigurationReader(json: json, path: path)
    guard let object = json.objectValue else {
      throw TrainingError(.corrupt, path: path, "the configuration is \(json.kindName)")
    }
    let type = try reader.text("model_type", default: "")
    guard let family = ModelFamily(rawValue: type) else {
      throw TrainingError(
        .unsupported, path: path,
        "models of type \(type.isEmpty ? "(none given)" : type) are not built here; "
          + "bert, electra, t5 and gpt2 are")
    }
    switch family {
    case .bert, .electra: self = try Self.encoder(family, reader)
    case .t5: self = try Self.t5(reader)
    case .gpt2: self = try Self.gpt2(reader)
    }
    original = object
    do {
      try check()
    } catch {
      throw TrainingError(.corrupt, path: path, error.message)
    }
  }

  private static func encoder(
    _ family: ModelFamily, _ reader: ConfigurationReader
  ) throws(TrainingError) -> ModelConfiguration {
    let isElectra = family == .electra
    try reader.refuse("is_decoder")
    try reader.refuse("add_cross_attention")
    let position = try reader.text("position_embedding_type", default: "absolute")
    guard position == "absolute" else {
      throw reader.unsupported("position_embedding_type", position)
    }
    var c = small(
      family, vocabularySize: try reader.size("vocab_size", default: 30_522),
      positions: try reader.size("max_position_embeddings", default: 512))
    c.hiddenSize = try reader.size("hidden_size", default: isElectra ? 256 : 768)
    c.embeddingSize = isElectra ? try reader.size("embedding_size", default: 128) : c.hiddenSize
    c.layers = try reader.size("num_hidden_layers", default: 12)
    c.heads = try reader.size("num_attention_heads", default: isElectra ? 4 : 12)
    c.headSize = c.heads > 0 ? c.hiddenSize / c.heads : 0
    c.innerSize = try reader.size("intermediate_size", default: isElectra ? 1024 : 3072)
    c.tokenTypes = try reader.size("type_vocab_size", default: 2)
    c.normEpsilon = try reader.number("layer_norm_eps", default: 1e-12)
    c.activation = try reader.activation("hidden_act", default: "gelu")
    c.initializerRange = try reader.number("initializer_range", default: 0.02)
    c.padTokenID = try reader.optionalSize("pad_token_id", default: 0)
    c.tiesHead = isElectra ? true : try reader.flag("tie_word_embeddings", default: true)
    return c
  }

  private static func gpt2(
    _ reader: ConfigurationReader
  ) throws(TrainingError) -> ModelConfiguration {
    try reader.refuse("add_cross_attention")
    var c = small(
      .gpt2, vocabularySize: try reader.size("vocab_size", default: 50_257),
      positions: try reader.size("n_positions", default: 1024))
    c.hiddenSize = try reader.size("n_embd", default: 768)
    c.embeddingSize = c.hiddenSize
    c.layers = try reader.size("n_layer", default: 12)
    c.heads = try reader.size("n_head", default: 12)
    c.headSize = c.heads > 0 ? c.hiddenSize / c.heads : 0
    c.innerSize = try reader.optionalSize("n_inner", default: nil) ?? 4 * c.hiddenSize
    c.normEpsilon = try reader.number("layer_norm_epsilon", default: 1e-5)
    c.activation = try reader.activation("activation_function", default: "gelu_new")
    c.initializerRange = try reader.number("initializer_range", default: 0.02)
    c.scalesAttention = try reader.flag("scale_attn_weights", default: true)
    c.scalesAttentionByLayer = try reader.flag("scale_attn_by_inverse_layer_idx", default: false)
    c.tiesHead = try reader.flag("tie_word_embeddings", default: true)
    return c
  }

  private static func t5(
    _ reader: ConfigurationReader
  ) throws(TrainingError) -> ModelConfiguration {
    var c = small(.t5, vocabularySize: try reader.size("vocab_size", default: 32_128), positions: 0)
    c.hiddenSize = try reader.size("d_model", default: 512)
    c.embeddingSize = c.hiddenSize
    c.layers = try reader.size("num_layers", default: 6)
    c.decoderLayers = try reader.optionalSize("num_decoder_layers", default: nil) ?? c.layers
    c.heads = try reader.size("num_heads", default: 8)
    c.headSize = try reader.size("d_kv", default: 64)
    c.innerSize = try reader.size("d_ff", default: 2048)
    c.normEpsilon = try reader.number("layer_norm_epsilon", default: 1e-6)
    c.initializerRange = try reader.number("initializer_factor", default: 1)
    c.relativeBuckets = try reader.size("relative_attention_num_buckets", default: 32)
    c.relativeMaximumDistance = try reader.size("relative_attention_max_distance", default: 128)
    let projection = try reader.text("feed_forward_proj", default: "relu")
    c.isGated = projection.hasPrefix("gated-")
    let name =
      projection == "gated-gelu" ? "gelu_new" : String(projection.dropFirst(c.isGated ? 6 : 0))
    guard let activation = Activation(rawValue: name) else {
      throw reader.unsupported("feed_forward_proj", projection)
    }
    c.activation = activation
    // Version 1.1 does not scale; old configurations say so by this, whether tables are tied or not.
    let scales = try reader.flag("tie_word_embeddings", default: true)
    c.scalesDecoderOutput = try reader.flag("scale_decoder_outputs", default: scales)
    return c
  }

  /// The members of `config.json`: those that were read, and the sizes.
  var json: JSONObject {
    var object = original
    if original.count == 0 {
      for name in dropoutNames { object[name] = .double(0) }
    }
    object["model_type"] = .string(family.rawValue)
    object["architectures"] = [.string(architecture)]
    object["dtype"] = "float32"
    object["torch_dtype"] = nil
    object["vocab_size"] = .init(vocabularySize)
    for name in generationIDs.keys.sorted() {
      object[name] = generationIDs[name].flatMap { $0 }.map { .init($0) } ?? .null
    }
    switch family {
    case .bert, .electra:
      object["hidden_size"] = .init(hiddenSize)
      if family == .electra { object["embedding_size"] = .init(embeddingSize) }
      object["num_hidden_layers"] = .init(layers)
      object["num_attention_heads"] = .init(heads)
      object["intermediate_size"] = .init(innerSize)
      object["max_position_embeddings"] = .init(positions)
      object["type_vocab_size"] = .init(tokenTypes)
      object["layer_norm_eps"] = .double(normEpsilon)
      object["hidden_act"] = .string(activation.rawValue)
      object["initializer_range"] = .double(initializerRange)
      object["pad_token_id"] = padTokenID.map { .init($0) } ?? .null
      if family == .bert { object["tie_word_embeddings"] = .bool(tiesHead) }
    case .gpt2:
      object["n_embd"] = .init(hiddenSize)
      object["n_layer"] = .init(layers)
      object["n_head"] = .init(heads)
      object["n_inner"] = .init(innerSize)
      object["n_positions"] = .init(positions)
      object["layer_norm_epsilon"] = .double(normEpsilon)
      object["activation_function"] = .string(activation.rawValue)
      object["initializer_range"] = .double(initializerRange)
      object["scale_attn_weights"] = .bool(scalesAttention)
      object["scale_attn_by_inverse_layer_idx"] = .bool(scalesAttentionByLayer)
      object["tie_word_embeddings"] = .bool(tiesHead)
    case .t5:
      object["d_model"] = .init(hiddenSize)
      object["d_kv"] = .init(headSize)
      object["d_ff"] = .init(innerSize)
      object["num_layers"] = .init(layers)
      object["num_decoder_layers"] = .init(decoderLayers)
      object["num_heads"] = .init(heads)
      object["layer_norm_epsilon"] = .double(normEpsilon)
      object["initializer_factor"] = .double(initializerRange)
      object["relative_attention_num_buckets"] = .init(relativeBuckets)
      object["relative_attention_max_distance"] = .init(relativeMaximumDistance)
      object["feed_forward_proj"] = .string(feedForwardName)
      object["is_encoder_decoder"] = true
      object["tie_word_embeddings"] = .bool(scalesDecoderOutput)
      object["scale_decoder_outputs"] = .bool(scalesDecoderOutput)
    }
    return object
  }

  private var feedForwardName: String {
    guard isGated else { return activation.rawValue }
    // `gated-gelu` is the name of the tanh form; what stands behind other names is taken as it is.
    return activation == .geluNew ? "gated-gelu" : "gated-\(activation.rawValue)"
  }

  private var dropoutNames: [String] {
    switch family {
    case .bert, .electra: ["hidden_dropout_prob", "attention_probs_dropout_prob"]
    case .gpt2: ["resid_pdrop", "embd_pdrop", "attn_pdrop"]
    case .t5: ["dropout_rate"]
    }
  }

  /// The class of `transformers` that has all of the weights.
  public var architecture: String {
    switch family {
    case .bert: hasPairHead ? "BertForPreTraining" : "BertForMaskedLM"
    case .electra: "ElectraForPreTraining"
    case .t5: "T5ForConditionalGeneration"
    case .gpt2: "GPT2LMHeadModel"
    }
  }
}

/// Members of a `config.json`, with what to say where they are of the wrong kind.
private struct ConfigurationReader {
  let json: JSONValue
  let path: String

  private func member(_ name: String) -> JSONValue? {
    guard let value = json[name], !value.isNull else { return nil }
    return value
  }

  private func wrong(_ name: String, _ kind: String) -> TrainingError {
    TrainingError(
      .corrupt, path: path, "\(name) is \(json[name]?.kindName ?? "missing") instead of \(kind)")
  }

  func unsupported(_ name: String, _ value: String) -> TrainingError {
    TrainingError(.unsupported, path: path, "\(name) \(value) is not built here")
  }

  func text(_ name: String, default value: String) throws(TrainingError) -> String {
    guard let member = member(name) else { return value }
    guard let text = member.stringValue else { throw wrong(name, "a string") }
    return text
  }

  func optionalSize(_ name: String, default value: Int?) throws(TrainingError) -> Int? {
    guard let found = json[name] else { return value }
    if found.isNull { return nil }
    guard let size = found.integerValue, size >= 0, size <= 1 << 31 else {
      throw wrong(name, "a whole number of reasonable size")
    }
    return size
  }

  func size(_ name: String, default value: Int) throws(TrainingError) -> Int {
    try optionalSize(name, default: value) ?? value
  }

  func number(_ name: String, default value: Double) throws(TrainingError) -> Double {
    guard let member = member(name) else { return value }
    guard let number = member.doubleValue, number.isFinite, number >= 0 else {
      throw wrong(name, "a positive number")
    }
    return number
  }

  func flag(_ name: String, default value: Bool) throws(TrainingError) -> Bool {
    guard let member = member(name) else { return value }
    guard let flag = member.boolValue else { throw wrong(name, "a truth value") }
    return flag
  }

  func refuse(_ name: String) throws(TrainingError) {
    if try flag(name, default: false) { throw unsupported(name, "true") }
  }

  func activation(_ name: String, default value: String) throws(TrainingError) -> Activation {
    let text = try text(name, default: value)
    guard let activation = Activation(rawValue: text) else { throw unsupported(name, text) }
    return activation
  }
}
