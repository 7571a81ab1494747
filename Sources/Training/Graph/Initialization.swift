// SPDX-License-Identifier: Apache-2.0
internal import Randomness

/// How fresh weights are drawn.
///
/// Encoders begin with positions that lie side by side on circles, and with first heads that look at
/// the neighbours of each position (mimetic initialization, Trockman and Kolter 2023). Drawn at
/// random, positions are soon drowned by words, and a small model takes millions of tokens before it
/// heeds any order.
enum Initialization: Hashable {
  case zeros
  case constant(Double)
  case normal(deviation: Double)
  /// Row p has sin and cos of p times frequencies, as many as there are pairs of columns, spread
  /// evenly over half a turn: different rows are at right angles.
  case circles(deviation: Double)
  /// The keys and queries of heads that look at neighbours: a query is the key of the position that
  /// many places behind it.
  case neighbours(isQuery: Bool, headSize: Int)
  /// The same draws for all matrices that share a name; transposed for one whose extents are.
  case shared(String, deviation: Double, isTransposed: Bool = false)
  /// T5's biases of heads that look at neighbours: high in the bucket of its place for each of the
  /// first heads.
  case looking(buckets: [Int], deviation: Double)

  /// Where the first heads look; further ones are drawn at random.
  static let places = [-1, 1, -2, 2]
  /// How much higher the score of the place is than that of others, were there positions alone.
  static let sharpness = 6.0
}

extension Parameter {
  /// Sets the values as the initialization says, from a stream of their own.
  func draw(key: StreamKey, ordinal: Int) {
    isSet = true
    switch initialization {
    case .zeros: value.clear(count)
    case .constant(let start): value.update(repeating: Float(start), count: count)
    case .normal(let deviation):
      drawNormal(0..<count, deviation, key: key, frame: UInt32(truncatingIfNeeded: ordinal))
    case .shared(let name, let deviation, let isTransposed):
      // Frames from the middle on are no ordinals of parameters.
      let number = name.utf8.reduce(0) { ($0 &* 31 &+ UInt32($1)) }
      drawNormal(0..<count, deviation, key: key, frame: number | 1 << 31)
      if isTransposed { transpose() }
    case .looking(let buckets, let deviation):
      drawNormal(0..<count, deviation, key: key, frame: UInt32(truncatingIfNeeded: ordinal))
      for (head, bucket) in buckets.prefix(shape[1]).enumerated() {
        value[bucket * shape[1] + head] = Float(Initialization.sharpness)
      }
    case .circles(let deviation): drawCircles(deviation)
    case .neighbours(let isQuery, let headSize):
      // Keys and queries come from the same draws.
      let deviation = (Initialization.sharpness / Double(headSize).squareRoot() / Double(shape[1]))
        .squareRoot()
      drawNormal(0..<count, deviation, key: key, frame: .max)
      guard isQuery else { return }
      for (head, place) in Initialization.places.prefix(shape[0] / headSize).enumerated() {
        for row in head * headSize..<(head + 1) * headSize { turn(row: row, by: place) }
      }
      let near = min(count, Initialization.places.count * headSize * shape[1])
      drawNormal(near..<count, deviation, key: key, frame: UInt32(truncatingIfNeeded: ordinal))
    }
  }

  private func drawNormal(
    _ range: Range<Int>, _ deviation: Double, key: StreamKey, frame: UInt32
  ) {
    guard let streams = try? RandomStreams(key: key, unit: 0) else { return }
    var stream = streams.stream(.weights, frame: frame)
    // The sum of twelve uniform draws has variance 1, and is normal as far as weights care.
    for index in range {
      var sum: UInt32 = 0
      for _ in 0..<6 {
        let word = stream.next32()
        sum &+= word & 0xFFFF
        sum &+= word >> 16
      }
      let normal = (Double(sum) - 6 * 65_535) / 65_536
      value[index] = Float(normal * deviation)
    }
  }

  /// Values that were drawn for the other order of extents.
  private func transpose() {
    let drawn = Array(UnsafeBufferPointer(start: value, count: count))
    for row in 0..<shape[0] {
      for column in 0..<shape[1] { value[row * shape[1] + column] = drawn[column * shape[0] + row] }
    }
  }

  private func drawCircles(_ deviation: Double) {
    let columns = shape[1]
    for row in 0..<shape[0] {
      for pair in 0..<columns / 2 {
        let point = Circle.point(row * (2 * pair + 1), of: columns)
        value[row * columns + 2 * pair] = Float(deviation * 2.0.squareRoot() * point.sine)
        value[row * columns + 2 * pair + 1] = Float(deviation * 2.0.squareRoot() * point.cosine)
      }
      if columns % 2 == 1 { value[row * columns + columns - 1] = 0 }
    }
  }

  /// Turns each pair of columns as far as it turns from one position to that `place` behind it.
  private func turn(row: Int, by place: Int) {
    let columns = shape[1]
    for pair in 0..<columns / 2 {
      let point = Circle.point(place * (2 * pair + 1), of: columns)
      let index = row * columns + 2 * pair
      let (first, second) = (Double(value[index]), Double(value[index + 1]))
      value[index] = Float(first * point.cosine - second * point.sine)
      value[index + 1] = Float(first * point.sine + second * point.cosine)
    }
  }
}

/// Points of the unit circle without the system's mathematics library.
private enum Circle {
  /// The point at `steps` of `half` steps of half a turn.
  static func point(_ steps: Int, of half: Int) -> (sine: Double, cosine: Double) {
    let whole = 2 * half
    let step = (steps % whole + whole) % whole
    // sin x = cos (x − a quarter), and a quarter is half of `half`: in halves of steps all are whole.
    return (cosine(2 * step - half, of: 2 * half), cosine(2 * step, of: 2 * half))
  }

  private static func cosine(_ steps: Int, of half: Int) -> Double {
    let whole = 2 * half
    let step = (steps % whole + whole) % whole
    return Cosine.ofHalfTurns(Double(min(step, whole - step)) / Double(half))
  }
}
