// SPDX-License-Identifier: Apache-2.0

extension Model {
  /// Takes one step of the optimizer on the mean loss over all batches: a mean over all labelled
  /// positions, however they are spread, plus one over all labelled pairs.
  ///
  /// - Returns: The losses before the step.
  /// - Throws: ``TrainingError``: `usage` for a batch that does not fit the model, `diverged` when
  ///   the loss or the gradient is not a number; the weights are then as they were.
  public func step(
    _ batches: [TrainingBatch], optimizer: AdamW
  ) throws(TrainingError) -> StepLosses {
    let losses = try gradients(of: batches)
    guard losses.total.isFinite, losses.gradientNorm.isFinite else {
      throw TrainingError(
        .diverged,
        "step \(steps + 1): the loss is not a number any more; take a lower learning rate, or clip "
          + "gradients")
    }
    steps += 1
    optimizerState.update(parameters, optimizer, step: steps, norm: losses.gradientNorm, machine)
    return losses
  }

  /// Computes losses and the gradients of all weights, and moves nothing.
  ///
  /// - Throws: ``TrainingError`` (`usage`) for a batch that does not fit the model.
  public func gradients(of batches: [TrainingBatch]) throws(TrainingError) -> StepLosses {
    optimizerState.clearGradients(parameters, machine)
    var losses = StepLosses()
    var pairs = 0
    for batch in batches {
      losses.labels += batch.labels.reduce(0) { $0 + ($1 >= 0 ? 1 : 0) }
      if configuration.hasPairHead {
        pairs += (batch.pairLabels ?? []).reduce(0) { $0 + ($1 >= 0 ? 1 : 0) }
      }
    }
    var tokenNats = 0.0
    var pairNats = 0.0
    for batch in batches {
      let sums = try differentiate(batch, labels: losses.labels, pairs: pairs)
      tokenNats += sums.tokens
      pairNats += sums.pairs
    }
    losses.tokenLoss = tokenNats / Double(max(1, losses.labels))
    losses.pairLoss = pairs > 0 ? pairNats / Double(pairs) : nil
    losses.gradientNorm = optimizerState.gradientNorm(parameters, machine)
    return losses
  }

  /// The nats of every label.
  ///
  /// - Throws: ``TrainingError`` (`usage`) for a batch that does not fit the model.
  public func evaluate(_ batch: TrainingBatch) throws(TrainingError) -> Evaluation {
    let graph = try prepare(batch)
    graph.labelled.task = .evaluate
    graph.pairs.task = .evaluate
    graph.forward()
    var tokenNats = [Float](repeating: 0, count: batch.rows * batch.labelLength)
    for index in 0..<graph.labelled.count {
      tokenNats[Int(graph.labelled.rows.base[index])] = graph.labelled.nats.base[index]
    }
    guard configuration.hasPairHead, batch.pairLabels != nil else {
      return Evaluation(tokenNats: tokenNats, pairNats: nil)
    }
    var pairNats = [Float](repeating: 0, count: batch.rows)
    for index in 0..<graph.pairs.count {
      pairNats[Int(graph.pairs.rows.base[index]) / batch.length] = graph.pairs.nats.base[index]
    }
    return Evaluation(tokenNats: tokenNats, pairNats: pairNats)
  }

  /// The logits at some positions, whether labelled or not.
  ///
  /// - Parameters:
  ///   - batch: What the model is fed.
  ///   - positions: row × label length + position.
  /// - Returns: positions × vocabulary; for ELECTRA one a position.
  /// - Throws: ``TrainingError`` (`usage`) for a batch that does not fit the model.
  public func logits(
    _ batch: TrainingBatch, at positions: [Int]
  ) throws(TrainingError) -> [Float] {
    let all = batch.rows * batch.labelLength
    guard positions.count <= all, positions.allSatisfy({ $0 >= 0 && $0 < all }) else {
      throw TrainingError(.usage, "logits are asked for at positions that the batch does not have")
    }
    let graph = try prepare(batch)
    graph.labelled.assign(rows: positions)
    graph.pairs.assign(rows: [])
    let columns = configuration.family == .electra ? 1 : configuration.vocabularySize
    return [Float](unsafeUninitializedCapacity: positions.count * columns) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      graph.labelled.task = .logits(base)
      graph.pairs.task = .evaluate
      graph.forward()
      count = positions.count * columns
    }
  }

  /// The two logits of every row's pair.
  ///
  /// - Returns: rows × 2; nil for a model without that head.
  /// - Throws: ``TrainingError`` (`usage`) for a batch that does not fit the model.
  public func pairLogits(_ batch: TrainingBatch) throws(TrainingError) -> [Float]? {
    guard configuration.hasPairHead else { return nil }
    let graph = try prepare(batch)
    graph.labelled.assign(rows: [])
    graph.pairs.assign(rows: (0..<batch.rows).map { $0 * batch.length })
    return [Float](unsafeUninitializedCapacity: batch.rows * 2) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      graph.labelled.task = .evaluate
      graph.pairs.task = .logits(base)
      graph.forward()
      count = batch.rows * 2
    }
  }
}
