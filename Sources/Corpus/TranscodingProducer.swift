// SPDX-License-Identifier: Apache-2.0
internal import UnicodeText

/// Converts text in another encoding to UTF-8 as it streams by.
final class TranscodingProducer: ByteProducer {
  private let source: any ByteProducer
  private let file: InputFile
  private let transcoder: Transcoder
  private let refusesMalformed: Bool
  private let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)
  private var converted: [UInt8] = []
  private var given = 0
  private var rawOffset = 0
  private var isAtEnd = false
  /// How many stretches were not valid in that encoding and became U+FFFD.
  private(set) var malformed = 0

  init(
    _ source: any ByteProducer, _ file: InputFile, encoding: String, refusesMalformed: Bool
  ) throws(CorpusError) {
    self.source = source
    self.file = file
    self.refusesMalformed = refusesMalformed
    self.transcoder = try Self.transcoder(encoding)
  }

  deinit { raw.deallocate() }

  /// Throws `usage` if no such encoding is known.
  static func check(_ encoding: String) throws(CorpusError) { _ = try transcoder(encoding) }

  private static func transcoder(_ encoding: String) throws(CorpusError) -> Transcoder {
    do throws(TextError) {
      return try Transcoder(encoding: encoding)
    } catch {
      throw CorpusError(.usage, error.description)
    }
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    while given == converted.count {
      if isAtEnd { return 0 }
      try convertSome()
    }
    let count = min(target.count, converted.count - given)
    converted.withUnsafeBytes {
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[given..<given + count]))
    }
    given += count
    return count
  }

  private func convertSome() throws(CorpusError) {
    let count = try source.read(into: raw)
    isAtEnd = count == 0
    converted.removeAll(keepingCapacity: true)
    given = 0
    do throws(TextError) {
      let faults = try transcoder.convert(
        UnsafeRawBufferPointer(rebasing: raw[..<count]), isLast: isAtEnd, into: &converted)
      malformed += faults
      if faults > 0, refusesMalformed {
        throw TextError(.library, "bytes that are not valid in this encoding")
      }
    } catch {
      throw CorpusError(.malformed, file: file.path, byteOffset: rawOffset, error.description)
    }
    rawOffset += count
  }
}
