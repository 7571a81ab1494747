// SPDX-License-Identifier: Apache-2.0

/// The rows of a tensor that a head looks at, and what it is to do there.
final class Selection {
  enum Task {
    /// Nothing in the forward pass; loss and gradients, times `scale`, in the backward pass.
    case train(scale: Float)
    /// The nats of the labels.
    case evaluate
    /// The logits, to be written one row after another.
    case logits(Floats)
  }

  /// Rows of the tensor that is gathered from.
  let rows: IntegerBuffer
  /// One label a row.
  let labels: IntegerBuffer
  /// What came out, one a row.
  let nats: FloatBuffer
  var task = Task.evaluate

  init(capacity: Int) {
    rows = IntegerBuffer(capacity: capacity)
    labels = IntegerBuffer(capacity: capacity)
    nats = FloatBuffer(count: capacity)
  }

  var count: Int { rows.count }

  /// Looks at every row with a label.
  func assign(labels values: [Int32]?, step: Int = 1) {
    rows.removeAll()
    labels.removeAll()
    for (index, label) in (values ?? []).enumerated() where label >= 0 {
      rows.append(Int32(truncatingIfNeeded: index * step))
      labels.append(label)
    }
  }

  /// Looks at some rows, without labels.
  func assign(rows values: [Int]) {
    rows.removeAll()
    labels.removeAll()
    for row in values { rows.append(Int32(truncatingIfNeeded: row)) }
  }

  /// The sum of the nats, in double precision and in order.
  var totalNats: Double { (0..<count).reduce(0) { $0 + Double(nats.base[$1]) } }
}
