// SPDX-License-Identifier: Apache-2.0

/// A value that one operation computes and others use: rows × columns, with room for a gradient
/// while the gradients flow back.
final class Tensor {
  /// The most rows.
  let capacity: Int
  let columns: Int
  /// The rows in use.
  var rows: Int
  private let values: FloatBuffer
  private var gradients: FloatBuffer?
  private var isGradientSet = false

  init(rows: Int, columns: Int) {
    capacity = rows
    self.rows = rows
    self.columns = columns
    values = FloatBuffer(count: rows * columns)
  }

  var value: Floats { values.base }

  /// Memory of the gradient; to be used in `backward` only.
  var gradient: Floats {
    guard let gradients else { preconditionFailure("no gradient outside of the backward pass") }
    return gradients.base
  }

  var count: Int { rows * columns }

  /// Says that the caller is about to contribute to the gradient.
  ///
  /// - Returns: whether it must add to what is there; otherwise it must write every value.
  func contributes() -> Bool {
    defer { isGradientSet = true }
    return isGradientSet
  }

  /// Borrows memory for the gradient, unless it has some already.
  func borrowGradient(from pool: GradientPool) {
    guard gradients == nil else { return }
    gradients = pool.take(capacity * columns)
    isGradientSet = false
  }

  /// Gives the memory back.
  func returnGradient(to pool: GradientPool) {
    if let gradients { pool.giveBack(gradients) }
    gradients = nil
  }
}

/// Memory for gradients of activations: few of them live at the same time.
final class GradientPool {
  private var free: [FloatBuffer] = []

  /// The smallest free buffer that is large enough, or a new one.
  func take(_ count: Int) -> FloatBuffer {
    let fitting = free.indices.filter { free[$0].count >= count }
    guard let best = fitting.min(by: { free[$0].count < free[$1].count }),
      free[best].count <= 2 * count
    else { return FloatBuffer(count: count) }
    return free.remove(at: best)
  }

  func giveBack(_ buffer: FloatBuffer) { free.append(buffer) }
}
