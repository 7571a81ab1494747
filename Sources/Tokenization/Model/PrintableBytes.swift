// SPDX-License-Identifier: Apache-2.0

/// GPT-2's way to write any byte as a visible character.
///
/// Bytes that Latin-1 prints stand for themselves; the other 68 become U+0100, U+0101, … in order
/// (`bytes_to_unicode` in the code of Radford et al. 2019). So a blank is `Ġ` and a newline `Ċ`.
enum PrintableBytes {
  /// The scalar of each byte; none is above U+0143.
  static let scalars: [UInt16] = {
    var scalars = [UInt16](repeating: 0, count: 256)
    var next: UInt16 = 256
    for byte in 0..<256 {
      if printsItself(byte) {
        scalars[byte] = UInt16(byte)
      } else {
        scalars[byte] = next
        next += 1
      }
    }
    return scalars
  }()

  /// The bytes in the order of their scalars: the order of the alphabet in a vocabulary.
  static let alphabet: [UInt8] = (0..<256).map { UInt8($0) }
    .sorted { scalars[Int($0)] < scalars[Int($1)] }

  /// The byte of each scalar below U+0144, or -1.
  private static let bytes: [Int16] = {
    var bytes = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar)] = Int16(byte) }
    return bytes
  }()

  private static func printsItself(_ byte: Int) -> Bool {
    (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
  }

  /// The bytes that a token is written for, or nil if a character stands for no byte.
  static func bytes(of token: String) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(token.utf8.count)
    for scalar in token.unicodeScalars {
      guard scalar.value < 0x144, let byte = UInt8(exactly: bytes[Int(scalar.value)]) else {
        return nil
      }
      result.append(byte)
    }
    return result
  }

  /// The visible form of bytes.
  static func string(of bytes: some Sequence<UInt8>) -> String {
    var result = String.UnicodeScalarView()
    for byte in bytes {
      if let scalar = Unicode.Scalar(scalars[Int(byte)]) { result.append(scalar) }
    }
    return String(result)
  }
}
