// SPDX-License-Identifier: Apache-2.0

/// What computes matrix products.
public enum MatrixKernel: String, Sendable, Hashable, CaseIterable {
  /// OpenBLAS: fast; the last bits depend on the processor and on the number of threads.
  case openBLAS = "openblas"
  /// The kernel of this module: the same bits everywhere.
  case portable
}

/// A small transformer with its weights, their gradients, and the state of its optimizer.
///
/// Not to be used by several threads at once; it runs `threads` of its own.
public final class Model {
  /// The sizes.
  public let configuration: ModelConfiguration

  /// A model with fresh weights.
  ///
  /// - Throws: ``TrainingError`` (`usage`) if the sizes do not fit together.
  public init(
    _ configuration: ModelConfiguration, seed: UInt64, threads: Int = 1,
    kernel: MatrixKernel = .openBLAS
  ) throws(TrainingError) {
    self.configuration = configuration
  }

  /// Takes one step of the optimizer on the mean loss over all batches.
  ///
  /// - Returns: The losses before the step.
  /// - Throws: ``TrainingError``: `usage` for a batch that does not fit the model, `diverged` when
  ///   the loss is not a number any more.
  public func step(
    _ batches: [TrainingBatch], optimizer: AdamW
  ) throws(TrainingError) -> StepLosses {
    throw TrainingError(.unsupported, "not trained yet")
  }

  /// The nats of every label.
  ///
  /// - Throws: ``TrainingError`` (`usage`) for a batch that does not fit the model.
  public func evaluate(_ batch: TrainingBatch) throws(TrainingError) -> Evaluation {
    throw TrainingError(.unsupported, "not trained yet")
  }

  /// The logits at some positions, whether labelled or not.
  ///
  /// - Parameter positions: row × label length + position, ascending.
  /// - Returns: positions × vocabulary; for ELECTRA one a position.
  /// - Throws: ``TrainingError`` (`usage`) for a batch that does not fit the model.
  public func logits(
    _ batch: TrainingBatch, at positions: [Int]
  ) throws(TrainingError) -> [Float] {
    throw TrainingError(.unsupported, "not trained yet")
  }
}
