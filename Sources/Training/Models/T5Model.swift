// SPDX-License-Identifier: Apache-2.0

/// T5: an encoder and a decoder with biases by relative position, root-mean-square normalization
/// and scores that are not scaled (Raffel et al. 2020; with gated layers, Shazeer 2020).
///
/// A fresh model begins nearer to what it has to become than T5 itself, which takes billions of tokens
/// before its decoder reads the source: words and what layers add to them are a tenth in size, and the
/// last normalization makes up for that; heads look at neighbours; a decoder looks for what resembles
/// its own words and copies it (mimetic initialization, Trockman and Kolter 2023).
struct T5Model {
  private static let freshSize = 0.1
  /// How high the score of a word with itself is in a fresh decoder's look at the source.
  private static let likeness = 16.0

  private let configuration: ModelConfiguration
  private let graph: Graph

  static func build(_ configuration: ModelConfiguration, _ graph: Graph) {
    T5Model(configuration: configuration, graph: graph).build()
  }

  private func build() {
    let c = configuration
    let factor = c.initializerRange
    func words(_ ids: IntegerBuffer) -> Embedding.Lookup {
      graph.lookup(
        "shared.weight", entries: c.vocabularySize, columns: c.hiddenSize,
        deviation: Self.freshSize * factor, ids)
    }
    let source = words(graph.tokens.ids)
    var x = graph.embedding([source], columns: c.hiddenSize)
    let bias = relativeBias("encoder", mask: graph.mask, isBidirectional: true)
    for layer in 0..<c.layers {
      let name = "encoder.block.\(layer).layer"
      x = selfAttention(x, "\(name).0", mask: graph.mask, bias: bias)
      x = feedForward(x, "\(name).1")
    }
    let memory = graph.normalization(
      x, "encoder.final_layer_norm", epsilon: c.normEpsilon, hasBias: false)

    x = graph.embedding([words(graph.target.ids)], columns: c.hiddenSize)
    let targetBias = relativeBias("decoder", mask: graph.targetMask, isBidirectional: false)
    for layer in 0..<c.decoderLayers {
      let name = "decoder.block.\(layer).layer"
      x = selfAttention(x, "\(name).0", mask: graph.targetMask, bias: targetBias)
      x = attention(
        x, over: memory, "\(name).1", "EncDecAttention", mask: graph.crossMask, bias: nil)
      x = feedForward(x, "\(name).2")
    }
    let scale = c.scalesDecoderOutput ? 1 / Double(c.hiddenSize).squareRoot() : 1
    let last = graph.normalization(
      graph.gather(x, graph.labelled), "decoder.final_layer_norm", epsilon: c.normEpsilon,
      hasBias: false, start: 1 / scale)
    graph.vocabularyHead(
      last, words: source.table, untied: c.tiesHead ? nil : "lm_head.weight", factor: scale,
      deviation: factor)
  }

  private func relativeBias(
    _ stack: String, mask: AttentionMask, isBidirectional: Bool
  ) -> Tensor {
    let c = configuration
    return graph.relativeBias(
      "\(stack).block.0.layer.0.SelfAttention.relative_attention_bias.weight", heads: c.heads,
      mask: mask, isBidirectional: isBidirectional, buckets: c.relativeBuckets,
      maximumDistance: c.relativeMaximumDistance,
      initialization: .looking(
        buckets: Initialization.places.filter { isBidirectional || $0 < 0 }.map {
          RelativeBias.bucket(
            $0, isBidirectional: isBidirectional, count: c.relativeBuckets,
            maximumDistance: c.relativeMaximumDistance)
        }, deviation: c.initializerRange / Double(c.hiddenSize).squareRoot()))
  }

  private func selfAttention(
    _ x: Tensor, _ name: String, mask: AttentionMask, bias: Tensor
  ) -> Tensor {
    attention(x, over: nil, name, "SelfAttention", mask: mask, bias: bias)
  }

  /// `memory` is what keys and values come from, the input itself if nil.
  private func attention(
    _ x: Tensor, over memory: Tensor?, _ name: String, _ kind: String, mask: AttentionMask,
    bias: Tensor?
  ) -> Tensor {
    let c = configuration
    let width = c.heads * c.headSize
    let deviation = c.initializerRange / Double(c.hiddenSize).squareRoot()
    let normal = graph.normalization(
      x, "\(name).layer_norm", epsilon: c.normEpsilon, hasBias: false)
    let outputDeviation = Self.freshSize * c.initializerRange / Double(width).squareRoot()
    // Scores are not scaled, so the queries start small.
    var query = Initialization.normal(deviation: deviation / Double(c.headSize).squareRoot())
    var (key, value) = (
      Initialization.normal(deviation: deviation), Initialization.normal(deviation: deviation)
    )
    var output = Initialization.normal(deviation: outputDeviation)
    if memory != nil {
      let match = (Self.likeness / Double(c.headSize * c.hiddenSize)).squareRoot()
      query = .shared("\(name).match", deviation: match)
      key = query
      value = .shared("\(name).copy", deviation: deviation)
      output = .shared("\(name).copy", deviation: outputDeviation, isTransposed: true)
    }
    func project(
      _ input: Tensor, _ part: String, _ initialization: Initialization
    ) -> Attention.Part {
      Attention.Part(
        tensor: graph.linear(
          input, "\(name).\(kind).\(part)", outputs: width, initialization: initialization,
          hasBias: false))
    }
    let attended = graph.attention(
      query: project(normal, "q", query), key: project(memory ?? normal, "k", key),
      value: project(memory ?? normal, "v", value), mask: mask, bias: bias, heads: c.heads,
      headSize: c.headSize, scale: 1)
    return graph.linear(
      attended, "\(name).\(kind).o", outputs: c.hiddenSize, initialization: output,
      hasBias: false, addingTo: x)
  }

  private func feedForward(_ x: Tensor, _ name: String) -> Tensor {
    let c = configuration
    let normal = graph.normalization(
      x, "\(name).layer_norm", epsilon: c.normEpsilon, hasBias: false)
    func inner(_ part: String) -> Tensor {
      graph.linear(
        normal, "\(name).DenseReluDense.\(part)", outputs: c.innerSize,
        deviation: c.initializerRange / Double(c.hiddenSize).squareRoot(), hasBias: false)
    }
    let middle =
      c.isGated
      ? graph.activation(c.activation, inner("wi_0"), gating: inner("wi_1"))
      : graph.activation(c.activation, inner("wi"))
    return graph.linear(
      middle, "\(name).DenseReluDense.wo", outputs: c.hiddenSize,
      deviation: Self.freshSize * c.initializerRange / Double(c.innerSize).squareRoot(),
      hasBias: false, addingTo: x)
  }
}
