// SPDX-License-Identifier: Apache-2.0

/// The decoded bytes of a file that are not handed out yet; filled from the front of the file on.
final class DecodedBuffer {
  private let producer: any ByteProducer
  private let usualSize: Int
  private var memory: UnsafeMutableRawBufferPointer
  private(set) var count = 0
  private(set) var isAtEnd = false
  /// The offset of the first byte in the decoded file.
  private(set) var offset = 0

  init(_ producer: any ByteProducer, size: Int) {
    self.producer = producer
    usualSize = max(size, 64)
    memory = .allocate(byteCount: usualSize, alignment: 64)
  }

  deinit { memory.deallocate() }

  /// What is in the buffer; valid until it changes.
  var bytes: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(
      start: memory.baseAddress?.assumingMemoryBound(to: UInt8.self), count: count)
  }

  /// Reads until the buffer has its usual size, or `size` if that is more, or the file ends.
  func fill(to size: Int = 0) throws(CorpusError) {
    let wanted = max(size, usualSize)
    if memory.count < wanted || (memory.count > wanted && count <= usualSize && size == 0) {
      resize(max(wanted, count))
    }
    while count < memory.count, !isAtEnd {
      let free = UnsafeMutableRawBufferPointer(rebasing: memory[count...])
      let read = try producer.read(into: free)
      isAtEnd = read == 0
      count += read
    }
  }

  /// Takes bytes off the front.
  func take(_ length: Int) -> [UInt8] {
    let taken = [UInt8](unsafeUninitializedCapacity: length) { target, initialized in
      UnsafeMutableRawBufferPointer(target).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: memory[..<length]))
      initialized = length
    }
    memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[length..<count]))
    count -= length
    offset += length
    return taken
  }

  private func resize(_ size: Int) {
    let resized = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
    resized.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
    memory.deallocate()
    memory = resized
  }
}
