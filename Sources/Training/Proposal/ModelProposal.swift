// SPDX-License-Identifier: Apache-2.0
public import Digests
public import Objectives
public import Randomness
internal import Synchronization

/// Proposes replacements by a masked language model, ELECTRA's generator (Clark et al. 2020): all
/// positions of a row are masked at once, and each is drawn from the model's distribution over
/// ordinary tokens.
///
/// The portable kernel on one thread a call computes the same bits for the same row on every machine,
/// whatever else is computed beside it. Weights are shared, the memory of a computation is lent to
/// one call at a time.
public final class ModelProposal: ReplacementProposal {
  /// SHA-256 of the weights.
  public let digest: SHA256Digest
  private let network: Network
  private let vocabulary: Vocabulary
  private let prefix: [TokenID]
  private let suffix: [TokenID]
  private let maskID: TokenID
  private let inverseTemperature: Float
  private let pool = Mutex<[Layout]>([])

  /// The weights, which nothing changes after they were read.
  private final class Network: @unchecked Sendable {
    let model: Model
    init(_ model: Model) { self.model = model }
  }

  /// A graph for rows of one length.
  private struct Layout: @unchecked Sendable {
    let graph: Graph
  }

  /// A proposal from a checkpoint.
  ///
  /// - Parameters:
  ///   - directory: A BERT with its head over masked tokens.
  ///   - vocabulary: Of the tokenizer that the model was trained with; its framing goes around texts.
  ///   - temperature: Flattens (above 1) or sharpens (below 1) the distributions.
  /// - Throws: ``TrainingError``: what reading throws, `unsupported` for other models, `usage` if
  ///   model and tokenizer do not fit together.
  public init(
    checkpoint directory: String, vocabulary: Vocabulary, temperature: Double = 1
  ) throws(TrainingError) {
    let (model, report) = try Model.load(directory, kernel: .portable)
    guard model.configuration.family == .bert else {
      throw TrainingError(
        .unsupported, path: directory,
        "replacements are proposed by masked language models (bert), not by \(model.configuration.family.rawValue)"
      )
    }
    guard !report.fresh.contains(where: { $0.hasPrefix("cls.predictions.") }) else {
      throw TrainingError(
        .usage, path: directory,
        "the checkpoint has no head over masked tokens; train one with prep train on mlm")
    }
    guard vocabulary.size <= model.configuration.vocabularySize else {
      throw TrainingError(
        .usage, path: directory,
        "the model has \(model.configuration.vocabularySize) entries, the tokenizer "
          + "\(vocabulary.size): it was trained with another one")
    }
    guard let maskID = vocabulary.roles["mask"] else {
      throw TrainingError(
        .usage, "a model proposes where there is a mask token, and the tokenizer has none")
    }
    self.maskID = maskID
    if vocabulary.template.isEmpty, let cls = vocabulary.roles["cls"],
      let sep = vocabulary.roles["sep"]
    {
      (prefix, suffix) = ([cls], [sep])
    } else {
      (prefix, suffix) = (vocabulary.template.prefix, vocabulary.template.suffix)
    }
    guard model.configuration.positions > prefix.count + suffix.count else {
      throw TrainingError(.usage, path: directory, "the model has no positions to spare")
    }
    var hash = SHA256()
    model.forEachWeight { _, bytes in hash.update(bytes) }
    digest = hash.finalize()
    network = Network(model)
    self.vocabulary = vocabulary
    inverseTemperature = Float(1 / min(4, max(0.25, temperature)))
  }

  /// Draws a replacement for each position.
  ///
  /// Rows longer than the model are taken in consecutive pieces.
  public func propose(
    for positions: UnsafeBufferPointer<UInt32>, in tokens: UnsafeBufferPointer<TokenID>,
    random: inout RandomStream, into replacements: UnsafeMutableBufferPointer<TokenID>
  ) {
    let most = network.model.configuration.positions - prefix.count - suffix.count
    var index = 0
    for start in stride(from: 0, to: tokens.count, by: most) {
      let end = min(tokens.count, start + most)
      let first = index
      while index < positions.count, Int(positions[index]) < end { index += 1 }
      guard index > first else { continue }
      let places = positions[first..<index].map { Int($0) - start }
      propose(
        places, UnsafeBufferPointer(rebasing: tokens[start..<end]), &random,
        UnsafeMutableBufferPointer(rebasing: replacements[first..<index]))
    }
  }

  private func propose(
    _ places: [Int], _ tokens: UnsafeBufferPointer<TokenID>, _ random: inout RandomStream,
    _ replacements: UnsafeMutableBufferPointer<TokenID>
  ) {
    let used = prefix.count + tokens.count + suffix.count
    let length = min(network.model.configuration.positions, (used + 15) / 16 * 16)
    let graph = takeGraph(length: length)
    defer { pool.withLock { $0.append(Layout(graph: graph)) } }
    graph.load(batch(places, tokens, used: used, length: length))
    graph.labelled.assign(rows: places.map { $0 + prefix.count })
    let size = network.model.configuration.vocabularySize
    withUnsafeTemporaryAllocation(of: Float.self, capacity: places.count * size) { logits in
      guard let base = logits.baseAddress else { return }
      graph.labelled.task = .logits(base)
      graph.forward()
      for index in places.indices {
        replacements[index] = draw(base + index * size, random.fraction())
      }
    }
  }

  private func batch(
    _ places: [Int], _ tokens: UnsafeBufferPointer<TokenID>, used: Int, length: Int
  ) -> TrainingBatch {
    var ids = [Int32](repeating: 0, count: length)
    for (index, id) in (prefix + tokens + suffix).enumerated() {
      // A token that is not the tokenizer's is nothing that the model knows.
      ids[index] = id < vocabulary.size ? Int32(id) : Int32(maskID)
    }
    for place in places { ids[place + prefix.count] = Int32(maskID) }
    let visible = (0..<length * length).map { UInt8($0 % length < used ? 1 : 0) }
    return TrainingBatch(
      rows: 1, length: length, inputIDs: ids, visible: visible,
      labels: [Int32](repeating: -100, count: length))
  }

  /// A graph of that length that no other call uses.
  private func takeGraph(length: Int) -> Graph {
    let free = pool.withLock { layouts -> Layout? in
      layouts.lastIndex { $0.graph.shape.length == length }.map { layouts.remove(at: $0) }
    }
    return free?.graph ?? network.model.standaloneGraph(length: length)
  }

  /// The first ordinary token at which the sum of the shares exceeds a fraction of the whole.
  private func draw(_ logits: Floats, _ fraction: Double) -> TokenID {
    let ordinary = vocabulary.ordinary
    var maximum = -Float.infinity
    for id in ordinary { maximum = max(maximum, logits[Int(id)]) }
    logits.fill(vocabulary.size) {
      Elementary.exponential(shifted(logits[four: $0], maximum))
    } last: {
      Elementary.exponential(shifted(logits.last($0, $1), maximum))
    }
    var total = 0.0
    for id in ordinary { total += Double(logits[Int(id)]) }
    let limit = fraction * total
    var sum = 0.0
    for id in ordinary {
      sum += Double(logits[Int(id)])
      if sum > limit { return id }
    }
    return ordinary.last ?? 0
  }

  /// Special tokens may lie above the largest ordinary one; they are not drawn.
  @inline(__always)
  private func shifted(_ logits: SIMD4<Float>, _ maximum: Float) -> SIMD4<Float> {
    let x: SIMD4<Float> = (logits - maximum) * inverseTemperature
    return x.replacing(with: 0, where: x .> SIMD4<Float>.zero)
  }
}

extension Model {
  /// A graph with memory and a thread of its own, for one row.
  func standaloneGraph(length: Int) -> Graph {
    let graph = Graph(
      Graph.Shape(rows: 1, length: length, decoderLength: 0), parameters: parameters,
      machine: Machine(besides: machine))
    Self.build(configuration, graph)
    return graph
  }
}
