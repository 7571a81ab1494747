// SPDX-License-Identifier: Apache-2.0

/// A model laid out for batches of one shape: the operations in order, with their memory.
///
/// The methods named after operations add one and return what it computes; a model is written down
/// by calling them. Gradients flow through the operations in reverse order (reverse-mode
/// differentiation, Linnainmaa 1970; Griewank and Walther 2008).
final class Graph {
  /// What the memory is laid out for.
  struct Shape: Hashable {
    /// The most rows.
    var rows: Int
    var length: Int
    /// 0 without a decoder.
    var decoderLength: Int
  }

  let shape: Shape
  let machine: Machine
  let parameters: ParameterStore
  let tokens: TokenInput
  /// Of a decoder.
  let target: TokenInput
  let mask: AttentionMask
  let targetMask: AttentionMask
  let crossMask: AttentionMask
  /// Positions with a label.
  let labelled: Selection
  /// First positions of rows with a labelled pair.
  let pairs: Selection
  private var operations: [any Operation] = []
  private let pool = GradientPool()

  /// The ids of one stack.
  final class TokenInput {
    let ids: IntegerBuffer
    let positions: IntegerBuffer
    let types: IntegerBuffer

    init(capacity: Int) {
      ids = IntegerBuffer(capacity: capacity)
      positions = IntegerBuffer(capacity: capacity)
      types = IntegerBuffer(capacity: capacity)
    }
  }

  init(_ shape: Shape, parameters: ParameterStore, machine: Machine) {
    self.shape = shape
    self.parameters = parameters
    self.machine = machine
    let (rows, length, decoderLength) = (shape.rows, shape.length, shape.decoderLength)
    tokens = TokenInput(capacity: rows * length)
    target = TokenInput(capacity: rows * decoderLength)
    mask = AttentionMask(capacity: rows, queries: length, keys: length)
    targetMask = AttentionMask(capacity: rows, queries: decoderLength, keys: decoderLength)
    crossMask = AttentionMask(capacity: rows, queries: decoderLength, keys: length)
    labelled = Selection(capacity: rows * (decoderLength > 0 ? decoderLength : length))
    pairs = Selection(capacity: rows)
  }

  private func add(_ operation: some Operation) -> Tensor {
    operations.append(operation)
    return operation.output ?? Tensor(rows: 0, columns: 0)
  }

  /// Computes everything from the inputs.
  func forward() {
    for operation in operations { operation.forward(machine) }
  }

  /// Adds to the gradients of all parameters.
  func backward() {
    for operation in operations.reversed() {
      for tensor in operation.inputs { tensor.borrowGradient(from: pool) }
      operation.backward(machine)
      operation.output?.returnGradient(to: pool)
    }
  }
}

extension Graph {
  func embedding(_ lookups: [Embedding.Lookup], columns: Int) -> Tensor {
    add(
      Embedding(lookups, capacity: lookups.map(\.ids.capacity).min() ?? 0, columns: columns))
  }

  /// The table of that name, looked up by `ids`.
  func lookup(
    _ name: String, entries: Int, columns: Int, initialization: Initialization,
    _ ids: IntegerBuffer, frozenID: Int? = nil
  ) -> Embedding.Lookup {
    Embedding.Lookup(
      table: parameters.parameter(name, [entries, columns], initialization),
      ids: ids, frozenID: frozenID.flatMap { Int32(exactly: $0) })
  }

  func lookup(
    _ name: String, entries: Int, columns: Int, deviation: Double, _ ids: IntegerBuffer,
    frozenID: Int? = nil
  ) -> Embedding.Lookup {
    lookup(
      name, entries: entries, columns: columns, initialization: .normal(deviation: deviation), ids,
      frozenID: frozenID)
  }

  /// `NAME.weight` and, unless `hasBias` is false, `NAME.bias`.
  func linear(
    _ x: Tensor, _ name: String, outputs: Int, deviation: Double, hasBias: Bool = true,
    layout: Linear.Layout = .outputsByInputs, addingTo residual: Tensor? = nil
  ) -> Tensor {
    linear(
      x, name, outputs: outputs, initialization: .normal(deviation: deviation), hasBias: hasBias,
      layout: layout, addingTo: residual)
  }

  func linear(
    _ x: Tensor, _ name: String, outputs: Int, initialization: Initialization,
    hasBias: Bool = true, layout: Linear.Layout = .outputsByInputs,
    addingTo residual: Tensor? = nil
  ) -> Tensor {
    let shape = layout == .outputsByInputs ? [outputs, x.columns] : [x.columns, outputs]
    return add(
      Linear(
        x, parameters.parameter("\(name).weight", shape, initialization),
        bias: hasBias ? parameters.parameter("\(name).bias", [outputs], .zeros) : nil,
        layout: layout, outputs: outputs, residual: residual))
  }

  /// Layer normalization; without a bias by the root mean square.
  func normalization(
    _ x: Tensor, _ name: String, epsilon: Double, hasBias: Bool = true, start: Double = 1
  ) -> Tensor {
    add(
      Normalization(
        x, parameters.parameter("\(name).weight", [x.columns], .constant(start)),
        bias: hasBias ? parameters.parameter("\(name).bias", [x.columns], .zeros) : nil,
        epsilon: epsilon))
  }

  func activation(_ activation: Activation, _ x: Tensor, gating gated: Tensor? = nil) -> Tensor {
    switch activation {
    case .gelu: add(Pointwise<ExactGELU>(x, gating: gated))
    case .geluNew: add(Pointwise<TanhGELU>(x, gating: gated))
    case .relu: add(Pointwise<Rectifier>(x, gating: gated))
    }
  }

  func tanh(_ x: Tensor) -> Tensor { add(Pointwise<Tangent>(x)) }

  func attention(
    query: Attention.Part, key: Attention.Part, value: Attention.Part, mask: AttentionMask,
    bias: Tensor? = nil, heads: Int, headSize: Int, scale: Double
  ) -> Tensor {
    add(
      Attention(
        query: query, key: key, value: value, mask: mask, bias: bias, heads: heads,
        headSize: headSize, scale: Float(scale), machine: machine))
  }

  func relativeBias(
    _ name: String, heads: Int, mask: AttentionMask, isBidirectional: Bool, buckets: Int,
    maximumDistance: Int, initialization: Initialization
  ) -> Tensor {
    add(
      RelativeBias(
        parameters.parameter(name, [buckets, heads], initialization), heads: heads,
        queries: mask.queries, keys: mask.keys, isBidirectional: isBidirectional,
        bucketCount: buckets, maximumDistance: maximumDistance))
  }

  /// The rows of a selection, multiplied by a constant.
  func gather(_ x: Tensor, _ selection: Selection, scale: Double = 1) -> Tensor {
    add(Gather(x, selection.rows, scale: Float(scale)))
  }

  /// Logits over the entries of a table (`name`, unless it is tied to that of the inputs), and
  /// their loss.
  func vocabularyHead(
    _ x: Tensor, words: Parameter, untied name: String?, biasName: String? = nil,
    factor: Double = 1, deviation: Double
  ) {
    let table = name.map {
      parameters.parameter($0, words.shape, .normal(deviation: deviation))
    }
    let bias = biasName.map { parameters.parameter($0, [words.shape[0]], .zeros) }
    operations.append(
      VocabularyHead(
        x, table: table ?? words, bias: bias, factor: Float(factor), labelled))
  }

  /// The loss of a few classes.
  func classHead(_ x: Tensor, _ selection: Selection) {
    operations.append(ClassHead(x, selection))
  }
}
