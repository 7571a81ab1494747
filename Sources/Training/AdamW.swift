// SPDX-License-Identifier: Apache-2.0

/// How weights move: AdamW (Loshchilov and Hutter 2019) with bias correction and decoupled decay,
/// as `torch.optim.AdamW` computes it.
public struct AdamW: Sendable, Hashable {
  /// Which weights decay.
  public enum Decay: String, Sendable, Hashable, CaseIterable {
    /// All, as with `AdamW(model.parameters())`.
    case all
    /// All but biases and the weights of normalizations, as in the `Trainer` of `transformers`.
    case matrices
  }

  /// The step size; the caller sets it before each step where it follows a schedule.
  public var learningRate: Double
  /// Decay of the mean of gradients.
  public var beta1: Double
  /// Decay of the mean of squared gradients.
  public var beta2: Double
  /// What is added to the root of the mean of squares.
  public var epsilon: Double
  /// Decoupled weight decay.
  public var weightDecay: Double
  /// Which weights decay.
  public var decay: Decay
  /// The largest norm of the whole gradient; larger ones are scaled down. Nil for no limit.
  public var maximumGradientNorm: Double?

  /// An optimizer; the defaults are those of PyTorch.
  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0.01, decay: Decay = .matrices,
    maximumGradientNorm: Double? = nil
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.decay = decay
    self.maximumGradientNorm = maximumGradientNorm
  }
}

/// A learning rate that rises linearly over `warmup` steps and falls along half a cosine
/// (Loshchilov and Hutter 2017) to `floor` × peak at the last of `steps`.
public struct LearningRateSchedule: Sendable, Hashable {
  /// The shapes after warm-up.
  public enum Shape: String, Sendable, Hashable, CaseIterable {
    /// No change.
    case constant
    /// Half a cosine.
    case cosine
    /// A straight line.
    case linear
  }

  /// The highest rate.
  public var peak: Double
  /// Steps of linear rise.
  public var warmup: Int
  /// All steps.
  public var steps: Int
  /// The shape after warm-up.
  public var shape: Shape
  /// The lowest rate as a share of the peak.
  public var floor: Double

  /// A schedule.
  public init(
    peak: Double, warmup: Int = 0, steps: Int, shape: Shape = .cosine, floor: Double = 0
  ) {
    self.peak = peak
    self.warmup = warmup
    self.steps = steps
    self.shape = shape
    self.floor = floor
  }

  /// The rate of a step, counted from 0, as the schedules of `transformers` give it.
  public func rate(at step: Int) -> Double {
    if step < warmup { return peak * Double(step) / Double(max(1, warmup)) }
    guard shape != .constant else { return peak }
    let progress = min(1, Double(step - warmup) / Double(max(1, steps - warmup)))
    let share = shape == .linear ? 1 - progress : 0.5 * (1 + Cosine.ofHalfTurns(progress))
    return peak * (floor + (1 - floor) * share)
  }
}

/// cos(πx) without the system's mathematics library, whose results differ between versions.
enum Cosine {
  /// cos(πx) for x in 0…1.
  static func ofHalfTurns(_ x: Double) -> Double {
    // Folded to |y| ≤ π/4, where 9 terms of either series are exact to the last place or two.
    func cosine(_ y: Double) -> Double {
      var term = 1.0
      var sum = 1.0
      for n in 1...9 {
        term *= -y * y / Double((2 * n - 1) * 2 * n)
        sum += term
      }
      return sum
    }
    func sine(_ y: Double) -> Double {
      var term = y
      var sum = y
      for n in 1...9 {
        term *= -y * y / Double(2 * n * (2 * n + 1))
        sum += term
      }
      return sum
    }
    if x <= 0.25 { return cosine(.pi * x) }
    if x < 0.75 { return sine(.pi * (0.5 - x)) }
    return -cosine(.pi * (1 - x))
  }
}
