// SPDX-License-Identifier: Apache-2.0

/// A sequence of random words, from one counter position on.
///
/// Words are taken from each block in the order 0, 1, 2, 3; a 64-bit word is two of them, the low
/// half first. A stream holds 2³⁴ words, far more than a unit can ask for.
///
///     var stream = try RandomStreams(key: StreamKey(seed: 1), unit: 0).stream(.mask, frame: 7)
///     let position = stream.uniform(below: 512)
public struct RandomStream: Sendable {
  @usableFromInline var counter: SIMD4<UInt32>
  @usableFromInline let key: SIMD2<UInt32>
  @usableFromInline var words: Words
  /// The first of `words` that was not taken.
  @usableFromInline var used: Int
  private var isShort = true

  /// Eight blocks.
  @usableFromInline typealias Words = (
    SIMD4<UInt32>, SIMD4<UInt32>, SIMD4<UInt32>, SIMD4<UInt32>,
    SIMD4<UInt32>, SIMD4<UInt32>, SIMD4<UInt32>, SIMD4<UInt32>
  )
  @usableFromInline static let wordCount = 32

  @usableFromInline
  init(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) {
    self.counter = counter
    self.key = key
    words = (.zero, .zero, .zero, .zero, .zero, .zero, .zero, .zero)
    used = Self.wordCount
  }

  /// The next 32 random bits.
  @inlinable
  public mutating func next32() -> UInt32 {
    if used == Self.wordCount { refill() }
    let offset = used &* 4
    used &+= 1
    return withUnsafeBytes(of: &words) { $0.load(fromByteOffset: offset, as: UInt32.self) }
  }

  /// Most streams are short: one block at first, which stands last, then eight at a time.
  @usableFromInline
  mutating func refill() {
    if isShort {
      isShort = false
      words.7 = Philox.block(counter: counter, key: key)
      counter[0] &+= 1
      used = Self.wordCount &- 4
      return
    }
    withUnsafeMutableBytes(of: &words) { bytes in
      guard let words = bytes.baseAddress?.assumingMemoryBound(to: UInt32.self) else { return }
      Philox.eightBlocks(counter: counter, key: key, into: words)
    }
    counter[0] &+= 8
    used = 0
  }

  /// The next 64 random bits: two words, the low half first.
  @inlinable
  public mutating func next64() -> UInt64 {
    let low = UInt64(next32())
    return UInt64(next32()) << 32 | low
  }

  /// An integer in `0..<bound`, every one exactly equally likely.
  ///
  /// Multiply and shift with rejection (Lemire 2019, arXiv 1805.10941): with a word x, the result is
  /// the high half of x·bound; x is drawn again while the low half is below 2³² mod bound.
  ///
  /// - Precondition: `bound > 0`.
  @inlinable
  public mutating func uniform(below bound: UInt32) -> UInt32 {
    precondition(bound > 0, "uniform(below:) needs a positive bound")
    var product = UInt64(next32()) &* UInt64(bound)
    var low = UInt32(truncatingIfNeeded: product)
    if low < bound {
      let threshold = (0 &- bound) % bound
      while low < threshold {
        product = UInt64(next32()) &* UInt64(bound)
        low = UInt32(truncatingIfNeeded: product)
      }
    }
    return UInt32(truncatingIfNeeded: product >> 32)
  }

  /// An integer in `0..<bound`, by the same rule with 64-bit words.
  ///
  /// - Precondition: `bound > 0`.
  @inlinable
  public mutating func uniform(below bound: UInt64) -> UInt64 {
    precondition(bound > 0, "uniform(below:) needs a positive bound")
    var product = next64().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold {
        product = next64().multipliedFullWidth(by: bound)
      }
    }
    return product.high
  }

  /// An integer in `0..<bound`: 32-bit words when the bound fits them, 64-bit words otherwise.
  ///
  /// - Precondition: `bound > 0`.
  @inlinable
  public mutating func uniform(below bound: Int) -> Int {
    precondition(bound > 0, "uniform(below:) needs a positive bound")
    if let small = UInt32(exactly: bound) {
      return Int(uniform(below: small))
    }
    return Int(uniform(below: UInt64(bound)))
  }

  /// 53 random bits: the high bits of the next 64.
  @inlinable
  public mutating func next53() -> UInt64 {
    next64() >> 11
  }

  /// A fraction in [0, 1): a multiple of 2⁻⁵³, all equally likely.
  @inlinable
  public mutating func fraction() -> Double {
    Double(next53()) * 0x1p-53
  }

  /// True with exactly the given probability. One 64-bit word is drawn, whatever the probability.
  @inlinable
  public mutating func bernoulli(_ probability: Probability) -> Bool {
    next53() < probability.threshold
  }

  /// A fair coin: the top bit of the next word.
  @inlinable
  public mutating func coin() -> Bool {
    next32() >> 31 == 1
  }
}
