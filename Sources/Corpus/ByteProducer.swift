// SPDX-License-Identifier: Apache-2.0

/// A source of decoded bytes, asked once a buffer.
protocol ByteProducer: AnyObject {
  /// Writes up to `target.count` bytes (which is not 0); 0 at the end.
  func read(into target: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int
}

extension StoredInput: ByteProducer {}
