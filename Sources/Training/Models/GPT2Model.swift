// SPDX-License-Identifier: Apache-2.0

/// GPT-2: a decoder that normalizes before each layer (Radford et al. 2019). What it may attend to
/// is said by the batch, so that prefixes and packed rows need nothing else.
enum GPT2Model {
  static func build(_ c: ModelConfiguration, _ graph: Graph) {
    let deviation = c.initializerRange
    // The products that end a residual branch start smaller, by the number of branches.
    let branch = deviation / (2 * Double(c.layers)).squareRoot()
    let words = graph.lookup(
      "transformer.wte.weight", entries: c.vocabularySize, columns: c.hiddenSize,
      deviation: deviation, graph.tokens.ids)
    let positions = graph.lookup(
      "transformer.wpe.weight", entries: c.positions, columns: c.hiddenSize, deviation: deviation,
      graph.tokens.positions)
    var x = graph.embedding([words, positions], columns: c.hiddenSize)
    for layer in 0..<c.layers {
      let name = "transformer.h.\(layer)"
      let normal = graph.normalization(x, "\(name).ln_1", epsilon: c.normEpsilon)
      let parts = graph.linear(
        normal, "\(name).attn.c_attn", outputs: 3 * c.hiddenSize, deviation: deviation,
        layout: .inputsByOutputs)
      var scale = c.scalesAttention ? 1 / Double(c.headSize).squareRoot() : 1
      if c.scalesAttentionByLayer { scale /= Double(layer + 1) }
      let attended = graph.attention(
        query: .init(tensor: parts), key: .init(tensor: parts, first: c.hiddenSize),
        value: .init(tensor: parts, first: 2 * c.hiddenSize), mask: graph.mask, heads: c.heads,
        headSize: c.headSize, scale: scale)
      x = graph.linear(
        attended, "\(name).attn.c_proj", outputs: c.hiddenSize, deviation: branch,
        layout: .inputsByOutputs, addingTo: x)
      let second = graph.normalization(x, "\(name).ln_2", epsilon: c.normEpsilon)
      let inner = graph.linear(
        second, "\(name).mlp.c_fc", outputs: c.innerSize, deviation: deviation,
        layout: .inputsByOutputs)
      x = graph.linear(
        graph.activation(c.activation, inner), "\(name).mlp.c_proj", outputs: c.hiddenSize,
        deviation: branch, layout: .inputsByOutputs, addingTo: x)
    }
    // Normalization is row by row, so only the rows with a label need it.
    let last = graph.normalization(
      graph.gather(x, graph.labelled), "transformer.ln_f", epsilon: c.normEpsilon)
    graph.vocabularyHead(
      last, words: words.table, untied: c.tiesHead ? nil : "lm_head.weight", deviation: deviation)
  }
}
