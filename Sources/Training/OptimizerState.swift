// SPDX-License-Identifier: Apache-2.0

/// The moving averages of AdamW, and what is done with all gradients at once.
///
/// Parameters are cut into pieces of a fixed size, which are shared out: what is summed is summed a
/// piece at a time and then in their order, the same for any number of threads.
final class OptimizerState {
  /// A stretch of one parameter.
  private struct Piece {
    let parameter: Int
    let start: Int
    let count: Int
  }

  private static let pieceSize = 1 << 14
  private let pieces: [Piece]
  private let sizes: [Int]
  /// Means of gradients and of their squares, a buffer a parameter; none before the first step.
  private(set) var means: [FloatBuffer] = []
  private(set) var squares: [FloatBuffer] = []
  private var partialSums: [Double]

  init(_ parameters: ParameterStore) {
    sizes = parameters.all.map(\.count)
    pieces = sizes.enumerated().flatMap { index, size in
      stride(from: 0, to: size, by: Self.pieceSize).map {
        Piece(parameter: index, start: $0, count: min(Self.pieceSize, size - $0))
      }
    }
    partialSums = [Double](repeating: 0, count: pieces.count)
  }

  /// Makes room for the averages, zero at first.
  func prepare() {
    guard means.isEmpty else { return }
    means = sizes.map { FloatBuffer(count: $0) }
    squares = sizes.map { FloatBuffer(count: $0) }
  }

  func clearGradients(_ parameters: ParameterStore, _ machine: Machine) {
    let all = parameters.all
    machine.parallel(pieces.count) { index, _ in
      let piece = pieces[index]
      (all[piece.parameter].gradient + piece.start).clear(piece.count)
    }
  }

  /// The Euclidean norm of the whole gradient.
  func gradientNorm(_ parameters: ParameterStore, _ machine: Machine) -> Double {
    let all = parameters.all
    partialSums.withUnsafeMutableBufferPointer { sums in
      nonisolated(unsafe) let sums = sums
      machine.parallel(pieces.count) { index, _ in
        let piece = pieces[index]
        let gradient = all[piece.parameter].gradient + piece.start
        sums[index] = Double(Rows.squares(gradient, piece.count, mean: 0))
      }
    }
    return partialSums.reduce(0, +).squareRoot()
  }

  /// Moves all weights.
  ///
  /// - Parameters:
  ///   - step: The number of the step, from 1.
  ///   - norm: That of the gradient.
  func update(
    _ parameters: ParameterStore, _ optimizer: AdamW, step: Int, norm: Double, _ machine: Machine
  ) {
    prepare()
    var update = Update(optimizer, step: step)
    if let limit = optimizer.maximumGradientNorm {  // as clip_grad_norm_ of PyTorch
      update.gradientFactor = Float(min(1, limit / (norm + 1e-6)))
    }
    let all = parameters.all
    machine.parallel(pieces.count) { index, _ in
      let piece = pieces[index]
      let parameter = all[piece.parameter]
      update.apply(
        parameter.value + piece.start, parameter.gradient + piece.start,
        means[piece.parameter].base + piece.start, squares[piece.parameter].base + piece.start,
        piece.count, decays: optimizer.decay == .all || parameter.isMatrix)
    }
  }

  /// The constants of one step, and its arithmetic in single precision.
  private struct Update {
    let meanShare: Float
    let squareKept: Float
    let squareShare: Float
    let rootCorrection: Float
    let stepSize: Float
    let epsilon: Float
    let kept: Float
    var gradientFactor: Float = 1

    init(_ optimizer: AdamW, step: Int) {
      meanShare = Float(1 - optimizer.beta1)
      squareKept = Float(optimizer.beta2)
      squareShare = Float(1 - optimizer.beta2)
      rootCorrection = Float((1 - Self.power(optimizer.beta2, step)).squareRoot())
      stepSize = Float(optimizer.learningRate / (1 - Self.power(optimizer.beta1, step)))
      epsilon = Float(optimizer.epsilon)
      kept = Float(1 - optimizer.learningRate * optimizer.weightDecay)
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
      var (result, factor, exponent) = (1.0, base, exponent)
      while exponent > 0 {
        if exponent & 1 == 1 { result *= factor }
        factor *= factor
        exponent >>= 1
      }
      return result
    }

    @inline(__always)
    private func moved(
      _ w: SIMD4<Float>, _ g: SIMD4<Float>, _ m: inout SIMD4<Float>, _ v: inout SIMD4<Float>,
      _ kept: Float
    ) -> SIMD4<Float> {
      let g: SIMD4<Float> = g * gradientFactor
      m = m + (g - m) * meanShare
      v = v * squareKept + g * g * squareShare
      let root: SIMD4<Float> = v.squareRoot() / rootCorrection + epsilon
      return w * kept - m / root * stepSize
    }

    func apply(
      _ w: Floats, _ g: Floats, _ m: Floats, _ v: Floats, _ count: Int, decays: Bool
    ) {
      let kept = decays ? kept : 1
      var index = 0
      while index &+ 4 <= count {
        var mean = m[four: index]
        var square = v[four: index]
        w[four: index] = moved(w[four: index], g[four: index], &mean, &square, kept)
        m[four: index] = mean
        v[four: index] = square
        index &+= 4
      }
      guard index < count else { return }
      let left = count &- index
      var mean = m.last(index, left)
      var square = v.last(index, left)
      w.storeLast(
        moved(w.last(index, left), g.last(index, left), &mean, &square, kept), index, left)
      m.storeLast(mean, index, left)
      v.storeLast(square, index, left)
    }
  }
}
