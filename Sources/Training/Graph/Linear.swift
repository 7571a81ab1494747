// SPDX-License-Identifier: Apache-2.0

/// x W + b, and what else is to be added to it (the residual stream).
final class Linear: Operation {
  /// How the weights lie in memory.
  enum Layout {
    /// As `nn.Linear` has them.
    case outputsByInputs
    /// As GPT-2's `Conv1D` has them.
    case inputsByOutputs
  }

  let inputs: [Tensor]
  let output: Tensor?
  private let x: Tensor
  private let result: Tensor
  private let residual: Tensor?
  private let weight: Parameter
  private let bias: Parameter?
  private let layout: Layout

  init(
    _ x: Tensor, _ weight: Parameter, bias: Parameter?, layout: Layout, outputs: Int,
    residual: Tensor?
  ) {
    self.x = x
    self.weight = weight
    self.bias = bias
    self.layout = layout
    self.residual = residual
    result = Tensor(rows: x.capacity, columns: outputs)
    output = result
    inputs = residual.map { [x, $0] } ?? [x]
  }

  /// Inputs × outputs, whatever the layout.
  private func matrix(_ base: Floats) -> Operand {
    switch layout {
    case .outputsByInputs: Operand(base: base, stride: x.columns, isTransposed: true)
    case .inputsByOutputs: Operand(base: base, stride: result.columns)
    }
  }

  func forward(_ machine: Machine) {
    result.rows = x.rows
    let (outputs, width) = (result.columns, x.columns)
    let hasStart = bias != nil || residual != nil
    machine.parallel(over: x.rows) { range, worker in
      let target = result.value + range.lowerBound * outputs
      if hasStart { start(target, range) }
      machine.multiply(
        range.count, outputs, width,
        Operand(base: x.value + range.lowerBound * width, stride: width), matrix(weight.value),
        into: target, stride: outputs, accumulates: hasStart, worker: worker)
    }
  }

  /// Writes bias and residual where the product is added.
  private func start(_ target: Floats, _ range: Range<Int>) {
    let outputs = result.columns
    if let residual {
      target.update(
        from: residual.value + range.lowerBound * outputs, count: range.count * outputs)
    }
    guard let bias else { return }
    for row in 0..<range.count {
      if residual == nil {
        (target + row * outputs).update(from: bias.value, count: outputs)
      } else {
        (target + row * outputs).add(bias.value, outputs)
      }
    }
  }

  func backward(_ machine: Machine) {
    let (rows, outputs, width) = (x.rows, result.columns, x.columns)
    let gradient = Operand(base: result.gradient, stride: outputs)
    var transposed = matrix(weight.value)
    transposed.isTransposed.toggle()
    machine.product(
      rows, width, outputs, gradient, transposed, into: x.gradient, stride: width,
      accumulates: x.contributes())
    var gradientByRows = gradient
    gradientByRows.isTransposed = true
    let input = Operand(base: x.value, stride: width)
    var inputByRows = input
    inputByRows.isTransposed = true
    switch layout {
    case .outputsByInputs:
      machine.product(
        outputs, width, rows, gradientByRows, input, into: weight.gradient, stride: width,
        accumulates: true)
    case .inputsByOutputs:
      machine.product(
        width, outputs, rows, inputByRows, gradient, into: weight.gradient, stride: outputs,
        accumulates: true)
    }
    if let bias {
      machine.addColumnSums(
        of: result.gradient, rows: rows, columns: outputs, to: bias.gradient)
    }
    residual?.contribute(result.gradient, machine)
  }
}
