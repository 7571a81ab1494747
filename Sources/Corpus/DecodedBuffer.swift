// SPDX-License-Identifier: Apache-2.0

/// The decoded bytes of a file that are not handed out yet; filled from the front of the file on.
final class DecodedBuffer {
  private let producer: any ByteProducer
  /// How much it holds unless a record is longer.
  let usualSize: Int
  private var memory: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0
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
    UnsafeRawBufferPointer(rebasing: memory[start..<end]).bindMemory(to: UInt8.self)
  }

  /// Reads until there are `size` bytes, at least the usual ones, or the file ends.
  func fill(to size: Int = 0) throws(CorpusError) {
    let wanted = max(size, usualSize)
    guard end - start < wanted, !isAtEnd else { return }
    if memory.count != wanted { resize(wanted) } else if start > 0 { moveToFront(of: memory) }
    while end < memory.count, !isAtEnd {
      let read = try producer.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[end...]))
      isAtEnd = read == 0
      end += read
    }
  }

  /// Takes bytes off the front.
  func take(_ length: Int) -> [UInt8] {
    let source = UnsafeRawBufferPointer(rebasing: memory[start..<start + length])
    start += length
    offset += length
    return [UInt8](unsafeUninitializedCapacity: length) { target, initialized in
      UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
      initialized = length
    }
  }

  private func moveToFront(of target: UnsafeMutableRawBufferPointer) {
    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<end]))
    end -= start
    start = 0
  }

  private func resize(_ size: Int) {
    let resized = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
    moveToFront(of: resized)
    memory.deallocate()
    memory = resized
  }
}
