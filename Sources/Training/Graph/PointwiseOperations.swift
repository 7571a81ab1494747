// SPDX-License-Identifier: Apache-2.0

/// An activation on every value, times a second input where it is a gate (Shazeer 2020).
final class Pointwise<Kernel: ActivationKernel>: Operation {
  let inputs: [Tensor]
  let output: Tensor?
  private let x: Tensor
  private let gated: Tensor?
  private let result: Tensor

  init(_ x: Tensor, gating gated: Tensor? = nil) {
    self.x = x
    self.gated = gated
    result = Tensor(rows: x.capacity, columns: x.columns)
    output = result
    inputs = gated.map { [x, $0] } ?? [x]
  }

  func forward(_ machine: Machine) {
    result.rows = x.rows
    let columns = x.columns
    machine.parallel(over: x.rows, minimum: 16) { range, _ in
      let start = range.lowerBound * columns
      let count = range.count * columns
      let source = x.value + start
      let target = result.value + start
      if let gated {
        let other = gated.value + start
        target.fill(count) {
          Kernel.value(source[four: $0]) * other[four: $0]
        } last: {
          Kernel.value(source.last($0, $1)) * other.last($0, $1)
        }
      } else {
        target.fill(count) {
          Kernel.value(source[four: $0])
        } last: {
          Kernel.value(source.last($0, $1))
        }
      }
    }
  }

  func backward(_ machine: Machine) {
    let columns = x.columns
    let adds = x.contributes()
    let addsGated = gated?.contributes() ?? false
    machine.parallel(over: x.rows, minimum: 16) { range, _ in
      let start = range.lowerBound * columns
      let count = range.count * columns
      let source = x.value + start
      let gradient = result.gradient + start
      let target = x.gradient + start
      guard let gated else {
        Self.store(adds, target, count) {
          Kernel.derivative(source[four: $0]) * gradient[four: $0]
        } last: {
          Kernel.derivative(source.last($0, $1)) * gradient.last($0, $1)
        }
        return
      }
      let other = gated.value + start
      Self.store(adds, target, count) {
        Kernel.derivative(source[four: $0]) * gradient[four: $0] * other[four: $0]
      } last: {
        Kernel.derivative(source.last($0, $1)) * gradient.last($0, $1) * other.last($0, $1)
      }
      Self.store(addsGated, gated.gradient + start, count) {
        Kernel.value(source[four: $0]) * gradient[four: $0]
      } last: {
        Kernel.value(source.last($0, $1)) * gradient.last($0, $1)
      }
    }
  }

  @inline(__always)
  private static func store(
    _ adds: Bool, _ target: Floats, _ count: Int, _ vector: (Int) -> SIMD4<Float>,
    last: (Int, Int) -> SIMD4<Float>
  ) {
    if adds {
      target.fill(count) {
        target[four: $0] + vector($0)
      } last: {
        target.last($0, $1) + last($0, $1)
      }
    } else {
      target.fill(count, vector, last: last)
    }
  }
}

/// Some rows of a tensor, multiplied by a constant: the positions that have a label.
final class Gather: Operation {
  let inputs: [Tensor]
  let output: Tensor?
  private let x: Tensor
  private let result: Tensor
  private let rows: IntegerBuffer
  private let scale: Float

  init(_ x: Tensor, _ rows: IntegerBuffer, scale: Float = 1) {
    self.x = x
    self.rows = rows
    self.scale = scale
    result = Tensor(rows: rows.capacity, columns: x.columns)
    output = result
    inputs = [x]
  }

  func forward(_ machine: Machine) {
    result.rows = rows.count
    let columns = x.columns
    for row in 0..<rows.count {
      let source = x.value + Int(rows.base[row]) * columns
      (result.value + row * columns).fill(columns) {
        source[four: $0] * scale
      } last: {
        source.last($0, $1) * scale
      }
    }
  }

  func backward(_ machine: Machine) {
    let columns = x.columns
    if !x.contributes() { x.gradient.clear(x.count) }
    for row in 0..<rows.count {
      let target = x.gradient + Int(rows.base[row]) * columns
      let gradient = result.gradient + row * columns
      target.fill(columns) {
        target[four: $0] + gradient[four: $0] * scale
      } last: {
        target.last($0, $1) + gradient.last($0, $1) * scale
      }
    }
  }
}
