// SPDX-License-Identifier: Apache-2.0

/// The key of every stream of a run: the 64-bit seed, low word first.
public struct StreamKey: Sendable, Hashable {
  @usableFromInline let words: SIMD2<UInt32>

  /// A key from a seed. All 2⁶⁴ seeds give distinct streams.
  public init(seed: UInt64) {
    words = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
  }
}

/// All streams of one unit in one epoch: the factory from which frames take theirs.
///
/// The four counter words of Philox, from the first:
///
/// | word | bits | content |
/// |---|---|---|
/// | 0 | 32 | block: runs from 0 inside a stream |
/// | 1 | 32 | ordinal of the frame in the unit; 0 for what is drawn for the unit as a whole |
/// | 2 | 32 | ordinal of the unit |
/// | 3 | 16 ‖ 8 ‖ 8 | epoch (high), component of a mixture, ``Purpose`` (low) |
///
/// Nothing is hashed, so streams never collide; nothing is shared, so neither the order of frames
/// nor the number of threads can change a draw.
public struct RandomStreams: Sendable, Hashable {
  @usableFromInline let key: SIMD2<UInt32>
  @usableFromInline let unit: UInt32
  @usableFromInline let epochAndComponent: UInt32

  /// The streams of a unit.
  ///
  /// - Throws: ``RandomnessError`` if a number does not fit its field.
  public init(
    key: StreamKey, unit: Int, epoch: Int = 0, component: Int = 0
  ) throws(RandomnessError) {
    guard let unit32 = UInt32(exactly: unit) else {
      throw RandomnessError(code: .unitOutOfRange, value: unit, limit: Int(UInt32.max))
    }
    guard let epoch16 = UInt16(exactly: epoch) else {
      throw RandomnessError(code: .epochOutOfRange, value: epoch, limit: Int(UInt16.max))
    }
    guard let component8 = UInt8(exactly: component) else {
      throw RandomnessError(code: .componentOutOfRange, value: component, limit: Int(UInt8.max))
    }
    self.key = key.words
    self.unit = unit32
    epochAndComponent = UInt32(epoch16) << 16 | UInt32(component8) << 8
  }

  @usableFromInline
  init(key: SIMD2<UInt32>, unit: UInt32, epochAndComponent: UInt32) {
    self.key = key
    self.unit = unit
    self.epochAndComponent = epochAndComponent
  }

  /// The epoch that they were made for.
  @inlinable
  public var epoch: Int { Int(epochAndComponent >> 16) }

  /// The streams of one component of a mixture in the same unit and epoch.
  @inlinable
  public func component(_ component: UInt8) -> RandomStreams {
    RandomStreams(
      key: key, unit: unit, epochAndComponent: epochAndComponent & ~0xFF00 | UInt32(component) << 8)
  }

  /// The stream of one purpose in one frame, at its beginning.
  @inlinable
  public func stream(_ purpose: Purpose, frame: UInt32 = 0) -> RandomStream {
    RandomStream(
      counter: SIMD4(0, frame, unit, epochAndComponent | UInt32(purpose.rawValue)), key: key)
  }
}
