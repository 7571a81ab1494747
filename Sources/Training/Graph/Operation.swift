// SPDX-License-Identifier: Apache-2.0

/// A step of the computation that knows its own derivative.
///
/// Operations are made once for a shape of batches and run for every batch of that shape; their
/// memory is allocated when they are made.
protocol Operation: AnyObject {
  /// What it uses.
  var inputs: [Tensor] { get }
  /// What it computes; nil for a loss, where gradients begin.
  var output: Tensor? { get }
  /// Computes the output from the inputs.
  func forward(_ machine: Machine)
  /// Adds to the gradients of its inputs and parameters, given the gradient of its output and all
  /// values of the forward pass.
  func backward(_ machine: Machine)
}

extension Tensor {
  /// Adds a gradient of the same shape.
  func contribute(_ other: Floats, _ machine: Machine) {
    let adds = contributes()
    let (target, columns) = (gradient, columns)
    machine.parallel(over: rows, minimum: 64) { range, _ in
      let start = range.lowerBound * columns
      let count = range.count * columns
      if adds {
        (target + start).add(other + start, count)
      } else {
        (target + start).update(from: other + start, count: count)
      }
    }
  }
}

extension Machine {
  /// Adds the sums of all columns to `sums`; columns are shared out, so the order of additions is
  /// the same for any number of threads.
  func addColumnSums(of matrix: Floats, rows: Int, columns: Int, to sums: Floats) {
    let width = 64
    parallel((columns + width - 1) / width) { task, _ in
      let first = task * width
      let count = min(width, columns - first)
      for row in 0..<rows { (sums + first).add(matrix + row * columns + first, count) }
    }
  }
}
