// SPDX-License-Identifier: Apache-2.0

/// Scaled dot-product attention of several heads (Vaswani et al. 2017) under an explicit mask, with
/// a bias on the scores where there is one (Raffel et al. 2020).
///
/// A query that may see nothing attends to all keys alike, as the additive masks of `transformers`
/// have it.
final class Attention: Operation {
  /// Columns of a tensor: the heads lie side by side from `first` on.
  struct Part {
    let tensor: Tensor
    var first = 0
  }

  let inputs: [Tensor]
  let output: Tensor?
  private let query: Part
  private let key: Part
  private let value: Part
  private let mask: AttentionMask
  private let bias: Tensor?
  private let heads: Int
  private let headSize: Int
  private let scale: Float
  private let result: Tensor
  /// rows × heads × queries × keys; in the backward pass the gradients of the scores.
  private let weights: FloatBuffer

  init(
    query: Part, key: Part, value: Part, mask: AttentionMask, bias: Tensor?, heads: Int,
    headSize: Int, scale: Float, machine: Machine
  ) {
    self.query = query
    self.key = key
    self.value = value
    self.mask = mask
    self.bias = bias
    self.heads = heads
    self.headSize = headSize
    self.scale = scale
    result = Tensor(rows: query.tensor.capacity, columns: heads * headSize)
    output = result
    var inputs = [query.tensor]
    for part in [key, value] where !inputs.contains(where: { $0 === part.tensor }) {
      inputs.append(part.tensor)
    }
    if let bias { inputs.append(bias) }
    self.inputs = inputs
    let size = mask.queries * mask.keys
    weights = FloatBuffer(count: mask.capacity * heads * size)
    machine.reserveScratch(size)
  }

  /// A head of one row of a tensor's values or gradients.
  private func head(
    _ part: Part, _ memory: Floats, row: Int, length: Int, head: Int
  ) -> Operand {
    let stride = part.tensor.columns
    return Operand(
      base: memory + (row * length * stride + part.first + head * headSize), stride: stride)
  }

  func forward(_ machine: Machine) {
    result.rows = query.tensor.rows
    let (queries, keys) = (mask.queries, mask.keys)
    machine.parallel(mask.rows * heads) { task, worker in
      let (row, index) = (task / heads, task % heads)
      let q = head(query, query.tensor.value, row: row, length: queries, head: index)
      var k = head(key, key.tensor.value, row: row, length: keys, head: index)
      k.isTransposed = true
      let v = head(value, value.tensor.value, row: row, length: keys, head: index)
      let scores = weights.base + task * queries * keys
      machine.multiply(
        queries, keys, headSize, q, k, into: scores, stride: keys, scale: scale, worker: worker)
      for position in 0..<queries {
        let offset = position * keys
        let target = scores + offset
        target.add(mask.base + (row * queries * keys + offset), keys)
        if let bias { target.add(bias.value + (index * queries * keys + offset), keys) }
        Softmax.normalize(target, keys)
      }
      let o = head(Part(tensor: result), result.value, row: row, length: queries, head: index)
      machine.multiply(
        queries, headSize, keys, Operand(base: scores, stride: keys), v, into: o.base,
        stride: o.stride, worker: worker)
    }
  }

  func backward(_ machine: Machine) {
    let (queries, keys) = (mask.queries, mask.keys)
    // Parts of one tensor are disjoint and together the whole of it: only what other operations
    // wrote is added to.
    let addsQuery = query.tensor.contributes()
    let addsKey = key.tensor === query.tensor ? addsQuery : key.tensor.contributes()
    let addsValue =
      value.tensor === query.tensor
      ? addsQuery : value.tensor === key.tensor ? addsKey : value.tensor.contributes()
    machine.parallel(mask.rows * heads) { task, worker in
      let (row, index) = (task / heads, task % heads)
      let q = head(query, query.tensor.value, row: row, length: queries, head: index)
      let k = head(key, key.tensor.value, row: row, length: keys, head: index)
      var v = head(value, value.tensor.value, row: row, length: keys, head: index)
      let dq = head(query, query.tensor.gradient, row: row, length: queries, head: index)
      let dk = head(key, key.tensor.gradient, row: row, length: keys, head: index)
      let dv = head(value, value.tensor.gradient, row: row, length: keys, head: index)
      let dout = head(Part(tensor: result), result.gradient, row: row, length: queries, head: index)
      let weights = weights.base + task * queries * keys
      var shares = Operand(base: weights, stride: keys, isTransposed: true)
      machine.multiply(
        keys, headSize, queries, shares, dout, into: dv.base, stride: dv.stride,
        accumulates: addsValue, worker: worker)
      v.isTransposed = true
      let change = machine.scratch(of: worker)
      machine.multiply(
        queries, keys, headSize, dout, v, into: change, stride: keys, worker: worker)
      for position in 0..<queries {
        Softmax.differentiate(weights + position * keys, change + position * keys, keys)
      }
      machine.multiply(
        keys, headSize, queries, shares, q, into: dk.base, stride: dk.stride, scale: scale,
        accumulates: addsKey, worker: worker)
      shares.isTransposed = false
      machine.multiply(
        queries, headSize, keys, shares, k, into: dq.base, stride: dq.stride, scale: scale,
        accumulates: addsQuery, worker: worker)
    }
    if let bias { addBiasGradient(bias, machine) }
  }

  /// Sums the gradients of the scores over the rows, a head a task.
  private func addBiasGradient(_ bias: Tensor, _ machine: Machine) {
    let size = mask.queries * mask.keys
    let adds = bias.contributes()
    machine.parallel(heads) { index, _ in
      let target = bias.gradient + index * size
      if !adds { target.clear(size) }
      for row in 0..<mask.rows { target.add(weights.base + (row * heads + index) * size, size) }
    }
  }
}

/// Who may attend to whom, as what is added to the scores: 0 or −10³⁰.
final class AttentionMask {
  let capacity: Int
  let queries: Int
  let keys: Int
  /// The rows in use.
  private(set) var rows = 0
  private let values: FloatBuffer

  init(capacity: Int, queries: Int, keys: Int) {
    self.capacity = capacity
    self.queries = queries
    self.keys = keys
    values = FloatBuffer(count: capacity * queries * keys)
  }

  var base: Floats { values.base }

  /// Takes rows × queries × keys flags.
  func assign(_ visible: [UInt8]) {
    rows = visible.count / (queries * keys)
    let base = values.base
    visible.withUnsafeBufferPointer { flags in
      for index in 0..<flags.count { base[index] = flags[index] == 0 ? -1e30 : 0 }
    }
  }
}
