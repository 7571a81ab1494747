// SPDX-License-Identifier: Apache-2.0
internal import Objectives
internal import Randomness

/// What computes matrix products.
public enum MatrixKernel: String, Sendable, Hashable, CaseIterable {
  /// OpenBLAS: fast; the last bits depend on the processor and on the number of threads.
  case openBLAS = "openblas"
  /// The kernel of this module: the same bits everywhere.
  case portable
}

/// A small transformer with its weights, their gradients, and the state of its optimizer.
///
///     let model = try Model(.small(.bert, vocabularySize: 8192, positions: 128), seed: 1)
///     let losses = try model.step([batch], optimizer: AdamW(learningRate: 1e-3))
///
/// There is no dropout. Not to be used by several threads at once; it runs threads of its own.
public final class Model {
  /// The sizes.
  public let configuration: ModelConfiguration
  /// Optimizer steps that were taken.
  public internal(set) var steps = 0
  let machine: Machine
  let parameters: ParameterStore
  let optimizerState: OptimizerState
  private var graphs: [Graph] = []

  /// A model with fresh weights.
  ///
  /// - Parameters:
  ///   - configuration: The sizes.
  ///   - seed: The key of the weights.
  ///   - threads: Threads that compute.
  ///   - kernel: What computes matrix products.
  /// - Throws: ``TrainingError`` (`usage`) if the sizes do not fit together.
  public convenience init(
    _ configuration: ModelConfiguration, seed: UInt64, threads: Int = 1,
    kernel: MatrixKernel = .openBLAS
  ) throws(TrainingError) {
    try self.init(declaring: configuration, threads: threads, kernel: kernel)
    drawMissing(seed: seed)
  }

  /// A model whose weights are zero and not set.
  init(
    declaring configuration: ModelConfiguration, threads: Int, kernel: MatrixKernel
  ) throws(TrainingError) {
    try configuration.check()
    self.configuration = configuration
    machine = try Machine(threads: threads, kernel: kernel)
    parameters = ParameterStore()
    // The smallest graph asks for all weights.
    let shape = Graph.Shape(rows: 1, length: 1, decoderLength: configuration.family == .t5 ? 1 : 0)
    Self.build(configuration, Graph(shape, parameters: parameters, machine: machine))
    optimizerState = OptimizerState(parameters)
  }

  static func build(_ configuration: ModelConfiguration, _ graph: Graph) {
    switch configuration.family {
    case .bert: BertModel.build(configuration, graph)
    case .electra: ElectraModel.build(configuration, graph)
    case .t5: T5Model.build(configuration, graph)
    case .gpt2: GPT2Model.build(configuration, graph)
    }
  }

  /// The graph for a batch: one that is there, if it is of the same lengths and large enough.
  private func graph(for batch: TrainingBatch) -> Graph {
    let shape = Graph.Shape(
      rows: batch.rows, length: batch.length, decoderLength: batch.decoder?.length ?? 0)
    let known = graphs.firstIndex {
      $0.shape.length == shape.length && $0.shape.decoderLength == shape.decoderLength
        && $0.shape.rows >= shape.rows
    }
    if let known {
      // The latest used stands last.
      graphs.append(graphs.remove(at: known))
    } else {
      graphs.removeAll {
        $0.shape.length == shape.length && $0.shape.decoderLength == shape.decoderLength
      }
      if graphs.count >= Self.keptGraphs { graphs.removeFirst() }
      let graph = Graph(shape, parameters: parameters, machine: machine)
      Self.build(configuration, graph)
      graphs.append(graph)
    }
    return graphs[graphs.count - 1]
  }

  private static let keptGraphs = 3

  /// A graph with the batch loaded.
  func prepare(_ batch: TrainingBatch) throws(TrainingError) -> Graph {
    try batch.check(against: configuration)
    let graph = graph(for: batch)
    graph.load(batch)
    return graph
  }

  /// Adds a batch's gradients to those of all parameters.
  ///
  /// - Returns: the sums of the nats of tokens and of pairs.
  func differentiate(
    _ batch: TrainingBatch, labels: Int, pairs: Int
  ) throws(TrainingError) -> (tokens: Double, pairs: Double) {
    let graph = try prepare(batch)
    graph.labelled.task = .train(scale: 1 / Float(max(1, labels)))
    graph.pairs.task = .train(scale: 1 / Float(max(1, pairs)))
    graph.forward()
    graph.backward()
    return (graph.labelled.totalNats, graph.pairs.totalNats)
  }

  /// Draws all weights that were not read.
  func drawMissing(seed: UInt64) {
    for (index, parameter) in parameters.all.enumerated() where !parameter.isSet {
      parameter.draw(key: StreamKey(seed: seed), ordinal: index)
    }
  }
}

extension Model {
  /// How many weights there are.
  public var weightCount: Int { parameters.all.reduce(0) { $0 + $1.count } }

  /// Lets a head with a bias begin with how often each label occurs, so that nothing else has to
  /// learn that. Heads without one stay as they are.
  ///
  /// - Parameter counts: for each entry of the vocabulary.
  public func begin(withFrequencies counts: [Int]) {
    guard configuration.family == .bert, let bias = parameters["cls.predictions.bias"],
      bias.count == counts.count
    else { return }
    let total = Double(counts.reduce(0, +)) + 0.5 * Double(counts.count)
    for (id, count) in counts.enumerated() {
      bias.value[id] = Float(ExactMath.logarithm((Double(count) + 0.5) / total))
    }
  }

  /// The bytes of all weights, parameter by parameter in the order of the graph.
  public func forEachWeight(_ body: (_ name: String, _ bytes: UnsafeRawBufferPointer) -> Void) {
    for parameter in parameters.all {
      body(
        parameter.name,
        UnsafeRawBufferPointer(UnsafeBufferPointer(start: parameter.value, count: parameter.count)))
    }
  }
}
