// SPDX-License-Identifier: Apache-2.0
public import Training

/// What `prep train` is told.
public struct TrainingOptions: Sendable {
  /// The dataset of examples.
  public var dataset: String
  /// Steps; nil for as many as the objective takes.
  public var steps: Int?
  /// Whether ids are remapped and rows cropped, so that the same small model judges any dataset.
  public var isCheck = false
  /// A checkpoint to go on from.
  public var initial: String?
  /// Where the checkpoint goes; nil for nowhere.
  public var output: String?
  /// Whether a run that was interrupted goes on.
  public var resumes = false
  /// Whether what is there is replaced.
  public var overwrites = false
  /// Decides weights and the order of rows.
  public var seed: UInt64 = 0
  /// Threads to work on.
  public var threads = 1
  /// What computes matrix products.
  public var kernel = MatrixKernel.openBLAS
  /// Pieces of rows in a batch.
  public var rows = 32
  /// Batches in a step.
  public var accumulation = 1
  /// The most positions of a piece; nil for 128, in a check 64.
  public var length: Int?
  /// The highest learning rate; nil for one that suits the family.
  public var learningRate: Double?
  /// Whether rows come in random order; else in that of the dataset.
  public var shuffles = true
  /// The course of the learning rate after warm-up.
  public var schedule = LearningRateSchedule.Shape.cosine
  /// Steps of warm-up; nil for a tenth of the run, at most 100.
  public var warmup: Int?
  /// Everything of the optimizer but the learning rate.
  public var optimizer = AdamW(beta2: 0.98, decay: .matrices, maximumGradientNorm: 1)
  /// Where the arrays of all batches go, and logits and gradients of the first; nil for nowhere.
  public var dump: String?
  /// The width of the model; nil for that of the family.
  public var width: Int?
  /// Layers, of each stack; nil for that of the family.
  public var layers: Int?
  /// Steps between two checkpoints of a run that can be resumed; nil for a tenth of the run.
  public var saveEvery: Int?
  /// Examples to complete and show.
  public var samples = 3

  /// What is told of a dataset.
  public init(dataset: String) {
    self.dataset = dataset
  }
}
