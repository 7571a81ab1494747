// SPDX-License-Identifier: Apache-2.0
internal import Objectives

/// The softmax of one row, and its derivatives.
enum Softmax {
  /// Turns scores into shares that sum to one.
  @inline(__always)
  static func normalize(_ x: Floats, _ count: Int) {
    let sum = exponentiate(x, count, maximum: maximum(x, count))
    let factor = 1 / sum
    x.fill(count) {
      x[four: $0] * factor
    } last: {
      x.last($0, $1) * factor
    }
  }

  /// Turns shares into the gradient of their scores: p (g − Σ p g).
  @inline(__always)
  static func differentiate(_ p: Floats, _ g: Floats, _ count: Int) {
    var sum = SIMD4<Float>.zero
    var index = 0
    while index &+ 4 <= count {
      sum = sum + p[four: index] * g[four: index]
      index &+= 4
    }
    if index < count { sum = sum + p.last(index, count &- index) * g.last(index, count &- index) }
    let dot = sum.sum()
    p.fill(count) {
      p[four: $0] * (g[four: $0] - dot)
    } last: {
      p.last($0, $1) * (g.last($0, $1) - dot)
    }
  }

  /// −ln of the share of one entry, in nats.
  static func nats(_ x: Floats, _ count: Int, of label: Int) -> Float {
    let maximum = maximum(x, count)
    let own = x[label]
    return nats(sum: exponentiate(x, count, maximum: maximum), maximum: maximum, own: own)
  }

  /// The same; turns the scores into `scale` times their gradient.
  static func crossEntropy(_ x: Floats, _ count: Int, label: Int, scale: Float) -> Float {
    let maximum = maximum(x, count)
    let own = x[label]
    let sum = exponentiate(x, count, maximum: maximum)
    let factor = scale / sum
    x.fill(count) {
      x[four: $0] * factor
    } last: {
      x.last($0, $1) * factor
    }
    x[label] -= scale
    return nats(sum: sum, maximum: maximum, own: own)
  }

  private static func nats(sum: Float, maximum: Float, own: Float) -> Float {
    guard sum > 0, sum.isFinite else { return .nan }
    return Float(ExactMath.logarithm(Double(sum))) + (maximum - own)
  }

  @inline(__always)
  static func maximum(_ x: Floats, _ count: Int) -> Float {
    var first = SIMD4<Float>(repeating: -.infinity)
    var second = first
    var index = 0
    while index &+ 8 <= count {
      let a = x[four: index]
      let b = x[four: index &+ 4]
      first = a.replacing(with: first, where: first .> a)
      second = b.replacing(with: second, where: second .> b)
      index &+= 8
    }
    var result = max(first.max(), second.max())
    while index < count {
      result = max(result, x[index])
      index &+= 1
    }
    return result
  }

  /// exp(x − maximum) in place.
  ///
  /// - Returns: the sum, from eight lanes.
  @inline(__always)
  private static func exponentiate(_ x: Floats, _ count: Int, maximum: Float) -> Float {
    var first = SIMD4<Float>.zero
    var second = SIMD4<Float>.zero
    var index = 0
    while index &+ 8 <= count {
      let a = Elementary.exponential(x[four: index] - maximum)
      let b = Elementary.exponential(x[four: index &+ 4] - maximum)
      x[four: index] = a
      x[four: index &+ 4] = b
      first = first + a
      second = second + b
      index &+= 8
    }
    while index < count {
      let left = min(4, count &- index)
      let a = Elementary.exponential(x.last(index, left, filling: -.infinity) - maximum)
      x.storeLast(a, index, left)
      first = first + a
      index &+= left
    }
    return (first + second).sum()
  }
}
