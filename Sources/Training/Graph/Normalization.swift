// SPDX-License-Identifier: Apache-2.0

/// Layer normalization (Ba, Kiros and Hinton 2016), or, without a mean and a bias, by the root mean
/// square (Zhang and Sennrich 2019).
final class Normalization: Operation {
  let inputs: [Tensor]
  let output: Tensor?
  private let x: Tensor
  private let result: Tensor
  private let weight: Parameter
  private let bias: Parameter?
  private let epsilon: Float
  /// Of each row: its mean and 1 / √(variance + ε).
  private let means: FloatBuffer
  private let scales: FloatBuffer

  /// Without `bias` no mean is taken away either.
  init(_ x: Tensor, _ weight: Parameter, bias: Parameter?, epsilon: Double) {
    self.x = x
    self.weight = weight
    self.bias = bias
    self.epsilon = Float(epsilon)
    result = Tensor(rows: x.capacity, columns: x.columns)
    output = result
    inputs = [x]
    means = FloatBuffer(count: x.capacity)
    scales = FloatBuffer(count: x.capacity)
  }

  func forward(_ machine: Machine) {
    result.rows = x.rows
    let width = x.columns
    let (w, centres) = (weight.value, bias != nil)
    machine.parallel(over: x.rows, minimum: 64) { range, _ in
      for row in range {
        let source = x.value + row * width
        let target = result.value + row * width
        let mean = centres ? Rows.sum(source, width) / Float(width) : 0
        let scale =
          1
          / (Rows.squares(source, width, mean: mean) / Float(width) + epsilon)
          .squareRoot()
        means.base[row] = mean
        scales.base[row] = scale
        if let b = bias?.value {
          target.fill(width) {
            (source[four: $0] - mean) * scale * w[four: $0] + b[four: $0]
          } last: {
            (source.last($0, $1) - mean) * scale * w.last($0, $1) + b.last($0, $1)
          }
        } else {
          target.fill(width) {
            source[four: $0] * scale * w[four: $0]
          } last: {
            source.last($0, $1) * scale * w.last($0, $1)
          }
        }
      }
    }
  }

  func backward(_ machine: Machine) {
    let adds = x.contributes()
    let (width, w, centres) = (x.columns, weight.value, bias != nil)
    machine.parallel(over: x.rows, minimum: 64) { range, _ in
      for row in range {
        let source = x.value + row * width
        let gradient = result.gradient + row * width
        let target = x.gradient + row * width
        let (mean, scale) = (means.base[row], scales.base[row])
        // With x̂ = (x − mean) · scale and g = gradient · w:
        // dx = scale · (g − mean(g) − x̂ · mean(g x̂)); without centring, no mean(g).
        var (plain, along) = Rows.products(gradient, w, source, width, mean: mean, scale: scale)
        plain = centres ? plain / Float(width) : 0
        along /= Float(width)
        @inline(__always)
        func derivative(
          _ g: SIMD4<Float>, _ w: SIMD4<Float>, _ x: SIMD4<Float>
        ) -> SIMD4<Float> {
          let normal: SIMD4<Float> = (x - mean) * scale
          let rest: SIMD4<Float> = g * w - plain - normal * along
          return rest * scale
        }
        if adds {
          target.fill(width) {
            target[four: $0] + derivative(gradient[four: $0], w[four: $0], source[four: $0])
          } last: {
            target.last($0, $1)
              + derivative(gradient.last($0, $1), w.last($0, $1), source.last($0, $1))
          }
        } else {
          target.fill(width) {
            derivative(gradient[four: $0], w[four: $0], source[four: $0])
          } last: {
            derivative(gradient.last($0, $1), w.last($0, $1), source.last($0, $1))
          }
        }
      }
    }
    addWeightGradients(machine)
  }

  private func addWeightGradients(_ machine: Machine) {
    let (width, rows) = (x.columns, x.rows)
    let columns = 64
    machine.parallel((width + columns - 1) / columns) { task, _ in
      let first = task * columns
      let count = min(columns, width - first)
      let target = weight.gradient + first
      for row in 0..<rows {
        let source = x.value + row * width + first
        let gradient = result.gradient + row * width + first
        let (mean, scale) = (means.base[row], scales.base[row])
        target.fill(count) {
          target[four: $0] + gradient[four: $0] * ((source[four: $0] - mean) * scale)
        } last: {
          target.last($0, $1) + gradient.last($0, $1) * ((source.last($0, $1) - mean) * scale)
        }
      }
    }
    if let bias {
      machine.addColumnSums(of: result.gradient, rows: rows, columns: width, to: bias.gradient)
    }
  }
}

/// Sums over one row, always in the same order: four lanes, then the lanes.
enum Rows {
  @inline(__always)
  static func sum(_ x: Floats, _ count: Int) -> Float {
    var sum = SIMD4<Float>.zero
    var index = 0
    while index &+ 4 <= count {
      sum = sum + x[four: index]
      index &+= 4
    }
    if index < count { sum = sum + x.last(index, count &- index) }
    return sum.sum()
  }

  /// Σ (x − mean)²
  @inline(__always)
  static func squares(_ x: Floats, _ count: Int, mean: Float) -> Float {
    var sum = SIMD4<Float>.zero
    var index = 0
    while index &+ 4 <= count {
      let d: SIMD4<Float> = x[four: index] - mean
      sum = sum + d * d
      index &+= 4
    }
    if index < count {
      let d: SIMD4<Float> = x.last(index, count &- index, filling: mean) - mean
      sum = sum + d * d
    }
    return sum.sum()
  }

  /// Σ g w and Σ g w (x − mean) scale
  @inline(__always)
  static func products(
    _ g: Floats, _ w: Floats, _ x: Floats, _ count: Int, mean: Float, scale: Float
  ) -> (Float, Float) {
    var plain = SIMD4<Float>.zero
    var along = SIMD4<Float>.zero
    var index = 0
    while index &+ 4 <= count {
      let product: SIMD4<Float> = g[four: index] * w[four: index]
      plain = plain + product
      along = along + product * ((x[four: index] - mean) * scale)
      index &+= 4
    }
    if index < count {
      let left = count &- index
      let product: SIMD4<Float> = g.last(index, left) * w.last(index, left)
      plain = plain + product
      along = along + product * ((x.last(index, left) - mean) * scale)
    }
    return (plain.sum(), along.sum())
  }
}
