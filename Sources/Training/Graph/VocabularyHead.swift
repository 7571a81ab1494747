// SPDX-License-Identifier: Apache-2.0

/// The product with the (tied) embedding table, the softmax and the cross-entropy in one: logits
/// exist for a block of rows at a time, and turn into their own gradient where they lie.
final class VocabularyHead: Operation {
  let inputs: [Tensor]
  let output: Tensor? = nil
  private let x: Tensor
  private let table: Parameter
  private let bias: Parameter?
  private let factor: Float
  private let selection: Selection
  private let vocabularySize: Int
  private let blockRows: Int
  private let scratch: FloatBuffer

  /// Logits are `factor` times the products with the table, plus the bias.
  init(
    _ x: Tensor, table: Parameter, bias: Parameter?, factor: Float, _ selection: Selection
  ) {
    self.x = x
    self.factor = factor
    self.table = table
    self.bias = bias
    self.selection = selection
    inputs = [x]
    vocabularySize = table.count / x.columns
    // 16 MB of logits: large enough for the products, small enough for the last cache.
    blockRows = min(x.capacity, max(16, min(512, (1 << 22) / vocabularySize)))
    scratch = FloatBuffer(count: blockRows * vocabularySize)
  }

  private func forEachBlock(_ body: (Range<Int>) -> Void) {
    for first in stride(from: 0, to: x.rows, by: blockRows) {
      body(first..<min(x.rows, first + blockRows))
    }
  }

  private func input(_ block: Range<Int>) -> Operand {
    Operand(base: x.value + block.lowerBound * x.columns, stride: x.columns)
  }

  private func computeLogits(_ block: Range<Int>, into target: Floats, _ machine: Machine) {
    machine.product(
      block.count, vocabularySize, x.columns, input(block),
      Operand(base: table.value, stride: x.columns, isTransposed: true), into: target,
      stride: vocabularySize, scale: factor)
    guard let bias else { return }
    machine.parallel(over: block.count, minimum: 8) { rows, _ in
      for row in rows { (target + row * vocabularySize).add(bias.value, vocabularySize) }
    }
  }

  func forward(_ machine: Machine) {
    switch selection.task {
    case .train: return
    case .logits(let target):
      forEachBlock { block in
        computeLogits(block, into: target + block.lowerBound * vocabularySize, machine)
      }
    case .evaluate:
      forEachBlock { block in
        computeLogits(block, into: scratch.base, machine)
        machine.parallel(over: block.count, minimum: 8) { rows, _ in
          for row in rows {
            let index = block.lowerBound + row
            selection.nats.base[index] = Softmax.nats(
              scratch.base + row * vocabularySize, vocabularySize,
              of: Int(selection.labels.base[index]))
          }
        }
      }
    }
  }

  func backward(_ machine: Machine) {
    guard case .train(let scale) = selection.task else { return }
    let width = x.columns
    let adds = x.contributes()
    forEachBlock { block in
      computeLogits(block, into: scratch.base, machine)
      machine.parallel(over: block.count, minimum: 8) { rows, _ in
        for row in rows {
          let index = block.lowerBound + row
          selection.nats.base[index] = Softmax.crossEntropy(
            scratch.base + row * vocabularySize, vocabularySize,
            label: Int(selection.labels.base[index]), scale: scale)
        }
      }
      let change = Operand(base: scratch.base, stride: vocabularySize)
      machine.product(
        block.count, width, vocabularySize, change, Operand(base: table.value, stride: width),
        into: x.gradient + block.lowerBound * width, stride: width, scale: factor,
        accumulates: adds)
      var changeByRows = change
      changeByRows.isTransposed = true
      machine.product(
        vocabularySize, width, block.count, changeByRows, input(block), into: table.gradient,
        stride: width, scale: factor, accumulates: true)
      if let bias {
        machine.addColumnSums(
          of: scratch.base, rows: block.count, columns: vocabularySize, to: bias.gradient)
      }
    }
  }
}

/// The cross-entropy of a few classes whose logits are the columns of a tensor; of a single column,
/// the binary one of its sigmoid.
final class ClassHead: Operation {
  let inputs: [Tensor]
  let output: Tensor? = nil
  private let x: Tensor
  private let selection: Selection

  init(_ x: Tensor, _ selection: Selection) {
    self.x = x
    self.selection = selection
    inputs = [x]
  }

  func forward(_ machine: Machine) {
    switch selection.task {
    case .train: return
    case .logits(let target): target.update(from: x.value, count: x.count)
    case .evaluate: score { _, _, _ in }
    }
  }

  func backward(_ machine: Machine) {
    guard case .train(let scale) = selection.task else { return }
    let (gradient, columns) = (x.gradient, x.columns)
    if !x.contributes() { gradient.clear(x.count) }
    score { row, column, change in gradient[row * columns + column] += scale * change }
  }

  /// Computes the nats of all rows, and hands out the derivatives by the logits.
  private func score(_ receive: (_ row: Int, _ column: Int, _ derivative: Float) -> Void) {
    let columns = x.columns
    for row in 0..<x.rows {
      let label = Int(selection.labels.base[row])
      let logits = x.value + row * columns
      // One logit z stands for the two logits 0 and z.
      var shares = columns == 1 ? [0, logits[0]] : (0..<columns).map { logits[$0] }
      let count = shares.count
      shares.withUnsafeMutableBufferPointer {
        guard let base = $0.baseAddress else { return }
        selection.nats.base[row] = Softmax.crossEntropy(base, count, label: label, scale: 1)
      }
      if columns == 1 {
        receive(row, 0, shares[1])
      } else {
        for column in 0..<columns { receive(row, column, shares[column]) }
      }
    }
  }
}
