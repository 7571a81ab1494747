// SPDX-License-Identifier: Apache-2.0

/// Sums of rows of one or more tables: words, positions, token types.
final class Embedding: Operation {
  /// A table and the rows to take of it.
  struct Lookup {
    let table: Parameter
    let ids: IntegerBuffer
    /// An id that is looked up without ever learning from it (`padding_idx` of PyTorch).
    var frozenID: Int32?
  }

  let inputs: [Tensor] = []
  let output: Tensor?
  private let lookups: [Lookup]
  private let result: Tensor

  init(_ lookups: [Lookup], capacity: Int, columns: Int) {
    self.lookups = lookups
    result = Tensor(rows: capacity, columns: columns)
    output = result
  }

  func forward(_ machine: Machine) {
    result.rows = lookups.first?.ids.count ?? 0
    let (value, columns) = (result.value, result.columns)
    machine.parallel(over: result.rows, minimum: 64) { range, _ in
      for row in range {
        let target = value + row * columns
        for (index, lookup) in lookups.enumerated() {
          let source = lookup.table.value + Int(lookup.ids.base[row]) * columns
          if index == 0 {
            target.update(from: source, count: columns)
          } else {
            target.add(source, columns)
          }
        }
      }
    }
  }

  func backward(_ machine: Machine) {
    let (gradient, columns, rows) = (result.gradient, result.columns, result.rows)
    let width = 32
    machine.parallel((columns + width - 1) / width) { task, _ in
      let first = task * width
      let count = min(width, columns - first)
      for lookup in lookups {
        let frozen = lookup.frozenID ?? -1
        for row in 0..<rows {
          let id = lookup.ids.base[row]
          guard id != frozen else { continue }
          (lookup.table.gradient + Int(id) * columns + first)
            .add(gradient + row * columns + first, count)
        }
      }
    }
  }
}
