// SPDX-License-Identifier: Apache-2.0

/// Memory that corruptions work in, kept from row to row so that no row allocates.
final class Scratch {
  let marks = ScratchBuffer<UInt8>()
  let gaps = ScratchBuffer<UInt8>()
  let positions = ScratchBuffer<UInt32>()
  let words = ScratchBuffer<UInt32>()
  let picked = ScratchBuffer<UInt32>()
  let originals = ScratchBuffer<TokenID>()
  let targets = ScratchBuffer<Int32>()
  let inputs = ScratchBuffer<TokenID>()
  let outputs = ScratchBuffer<TokenID>()
  let noise = ScratchBuffer<Int>()
  let clean = ScratchBuffer<Int>()
  var text: [UInt8] = []
  var recoded: [UInt8] = []
  var row: [TokenID] = []
  var split = FillInTheMiddle.Parts()
}

/// A growing piece of uninitialised memory.
final class ScratchBuffer<Element: BitwiseCopyable> {
  private var memory = UnsafeMutableBufferPointer<Element>(start: nil, count: 0)

  deinit { memory.deallocate() }

  /// The first `count` items. What they hold is unspecified; earlier results become invalid.
  func prefix(_ count: Int) -> UnsafeMutableBufferPointer<Element> {
    if memory.count < count {
      memory.deallocate()
      memory = .allocate(capacity: max(count, 1024, memory.count * 2))
    }
    return UnsafeMutableBufferPointer(rebasing: memory[0..<count])
  }
}
