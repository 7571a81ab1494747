// SPDX-License-Identifier: Apache-2.0
internal import CCrypto

/// SHA-1, for formats that ask for it; it protects against accidents, not against attackers.
public enum SHA1 {
  /// The digest of one message in 40 lowercase hexadecimal digits.
  public static func hexadecimalDigest(of bytes: [UInt8]) -> String {
    var digest = [UInt8](repeating: 0, count: 20)
    var length: UInt32 = 0
    bytes.withUnsafeBytes { message in
      digest.withUnsafeMutableBufferPointer { target in
        _ = EVP_Digest(
          message.baseAddress, message.count, target.baseAddress, &length, EVP_sha1(), nil)
      }
    }
    let digits = Array("0123456789abcdef".utf8)
    let text = digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }
}
