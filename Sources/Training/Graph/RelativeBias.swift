// SPDX-License-Identifier: Apache-2.0
internal import Objectives

/// T5's bias on attention scores: one learned number for each head and bucket of distances
/// (Raffel et al. 2020, section 2.1).
final class RelativeBias: Operation {
  let inputs: [Tensor] = []
  let output: Tensor?
  private let table: Parameter
  private let result: Tensor
  private let queries: Int
  private let keys: Int
  /// Of key − query, from −(queries − 1) on.
  private let buckets: [Int]

  init(
    _ table: Parameter, heads: Int, queries: Int, keys: Int, isBidirectional: Bool,
    bucketCount: Int, maximumDistance: Int
  ) {
    self.table = table
    self.queries = queries
    self.keys = keys
    buckets = (1 - queries..<keys).map {
      Self.bucket(
        $0, isBidirectional: isBidirectional, count: bucketCount, maximumDistance: maximumDistance)
    }
    result = Tensor(rows: heads, columns: queries * keys)
    output = result
  }

  /// The bucket of a distance (key − query): exact up to half of the buckets, then logarithmic.
  static func bucket(
    _ distance: Int, isBidirectional: Bool, count: Int, maximumDistance: Int
  ) -> Int {
    let count = isBidirectional ? count / 2 : count
    let start = isBidirectional && distance > 0 ? count : 0
    let length = isBidirectional ? abs(distance) : max(0, -distance)
    let exact = count / 2
    if length < exact { return start + length }
    // Single precision, as the original computes it: it decides the bucket at the borders.
    let ratio = Float(length) / Float(exact)
    let range = ExactMath.logarithm(Double(maximumDistance) / Double(exact))
    let place = Float(ExactMath.logarithm(Double(ratio))) / Float(range) * Float(count - exact)
    return start + min(count - 1, exact + Int(place))
  }

  func forward(_ machine: Machine) {
    let heads = result.rows
    machine.parallel(heads) { head, _ in
      let target = result.value + head * queries * keys
      for query in 0..<queries {
        for key in 0..<keys {
          let bucket = buckets[key &- query &+ queries &- 1]
          target[query &* keys &+ key] = table.value[bucket &* heads &+ head]
        }
      }
    }
  }

  func backward(_ machine: Machine) {
    let heads = result.rows
    machine.parallel(heads) { head, _ in
      let gradient = result.gradient + head * queries * keys
      for query in 0..<queries {
        for key in 0..<keys {
          let bucket = buckets[key &- query &+ queries &- 1]
          table.gradient[bucket &* heads &+ head] += gradient[query &* keys &+ key]
        }
      }
    }
  }
}
