// SPDX-License-Identifier: Apache-2.0

/// The names and sizes of what BERT and ELECTRA share: an encoder that normalizes after each
/// residual connection (Devlin et al. 2019).
struct EncoderModel {
  let configuration: ModelConfiguration
  /// What the names in the checkpoint begin with: `bert` or `electra`.
  let prefix: String

  private var deviation: Double { configuration.initializerRange }

  /// The output of the last layer.
  func hidden(_ graph: Graph) -> (hidden: Tensor, words: Parameter) {
    let c = configuration
    let name = "\(prefix).embeddings"
    let words = graph.lookup(
      "\(name).word_embeddings.weight", entries: c.vocabularySize, columns: c.embeddingSize,
      deviation: deviation, graph.tokens.ids, frozenID: c.padTokenID)
    let positions = graph.lookup(
      "\(name).position_embeddings.weight", entries: c.positions, columns: c.embeddingSize,
      // Words grow fast; positions have to be heard among them.
      initialization: .circles(deviation: 4 * deviation), graph.tokens.positions)
    let types = graph.lookup(
      "\(name).token_type_embeddings.weight", entries: c.tokenTypes, columns: c.embeddingSize,
      deviation: deviation, graph.tokens.types)
    var x = graph.embedding([words, types, positions], columns: c.embeddingSize)
    x = graph.normalization(x, "\(name).LayerNorm", epsilon: c.normEpsilon)
    if c.embeddingSize != c.hiddenSize {
      x = graph.linear(
        x, "\(prefix).embeddings_project", outputs: c.hiddenSize, deviation: deviation)
    }
    for layer in 0..<c.layers {
      x = self.layer(
        graph, x, "\(prefix).encoder.layer.\(layer)",
        seesPositions: layer == 0 && c.embeddingSize == c.hiddenSize)
    }
    return (x, words.table)
  }

  /// - Parameter seesPositions: whether the input is the embeddings themselves.
  private func layer(
    _ graph: Graph, _ input: Tensor, _ name: String, seesPositions: Bool
  ) -> Tensor {
    let c = configuration
    let width = c.heads * c.headSize
    func project(_ part: String) -> Attention.Part {
      let looks = Initialization.neighbours(isQuery: part == "query", headSize: c.headSize)
      return Attention.Part(
        tensor: graph.linear(
          input, "\(name).attention.self.\(part)", outputs: width,
          initialization: seesPositions && part != "value" ? looks : .normal(deviation: deviation)))
    }
    let attended = graph.attention(
      query: project("query"), key: project("key"), value: project("value"), mask: graph.mask,
      heads: c.heads, headSize: c.headSize, scale: 1 / Double(c.headSize).squareRoot())
    let sum = graph.linear(
      attended, "\(name).attention.output.dense", outputs: c.hiddenSize, deviation: deviation,
      addingTo: input)
    let middle = graph.normalization(
      sum, "\(name).attention.output.LayerNorm", epsilon: c.normEpsilon)
    let inner = graph.linear(
      middle, "\(name).intermediate.dense", outputs: c.innerSize, deviation: deviation)
    let outer = graph.linear(
      graph.activation(c.activation, inner), "\(name).output.dense", outputs: c.hiddenSize,
      deviation: deviation, addingTo: middle)
    return graph.normalization(outer, "\(name).output.LayerNorm", epsilon: c.normEpsilon)
  }
}

/// BERT with the heads that it is pretrained with: masked tokens and, where there is one, pairs of
/// segments (Devlin et al. 2019; for sentence order Lan et al. 2020).
enum BertModel {
  static func build(_ c: ModelConfiguration, _ graph: Graph) {
    let (hidden, words) = EncoderModel(configuration: c, prefix: "bert").hidden(graph)
    if c.hasPairHead {
      let pooled = graph.linear(
        graph.gather(hidden, graph.pairs), "bert.pooler.dense", outputs: c.hiddenSize,
        deviation: c.initializerRange)
      let scores = graph.linear(
        graph.tanh(pooled), "cls.seq_relationship", outputs: 2, deviation: c.initializerRange)
      graph.classHead(scores, graph.pairs)
    }
    let name = "cls.predictions.transform"
    let dense = graph.linear(
      graph.gather(hidden, graph.labelled), "\(name).dense", outputs: c.hiddenSize,
      deviation: c.initializerRange)
    let normal = graph.normalization(
      graph.activation(c.activation, dense), "\(name).LayerNorm", epsilon: c.normEpsilon)
    graph.vocabularyHead(
      normal, words: words, untied: c.tiesHead ? nil : "cls.predictions.decoder.weight",
      biasName: "cls.predictions.bias", deviation: c.initializerRange)
  }
}

/// ELECTRA's discriminator: which tokens were replaced (Clark et al. 2020).
enum ElectraModel {
  static func build(_ c: ModelConfiguration, _ graph: Graph) {
    let (hidden, _) = EncoderModel(configuration: c, prefix: "electra").hidden(graph)
    let name = "discriminator_predictions"
    let dense = graph.linear(
      graph.gather(hidden, graph.labelled), "\(name).dense", outputs: c.hiddenSize,
      deviation: c.initializerRange)
    let scores = graph.linear(
      graph.activation(c.activation, dense), "\(name).dense_prediction", outputs: 1,
      deviation: c.initializerRange)
    graph.classHead(scores, graph.labelled)
  }
}
