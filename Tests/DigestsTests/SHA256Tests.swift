// SPDX-License-Identifier: Apache-2.0
import Digests
import Testing

@Suite("SHA-256")
struct SHA256Tests {
  @Test(
    "the examples of FIPS 180-4 and the empty message",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func published(message: String, expected: String) {
    #expect(SHA256.digest(of: Array(message.utf8)).description == expected)
  }

  @Test("pieces give the digest of the whole, and a digest so far disturbs nothing")
  func pieces() {
    let message = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var hash = SHA256()
    hash.update(Array(message[..<1]))
    let early = hash.digestSoFar()
    hash.update(Array(message[1..<70_000]))
    hash.update(Array(message[70_000...]))
    let whole = hash.finalize()
    #expect(early == SHA256.digest(of: [message[0]]))
    #expect(whole == SHA256.digest(of: message))
  }

  @Test("hexadecimal digits are read back; anything else is refused")
  func hexadecimal() {
    let digest = SHA256.digest(of: [1, 2, 3])
    #expect(SHA256Digest(hexadecimal: digest.description) == digest)
    #expect(SHA256Digest(hexadecimal: String(digest.description.dropLast())) == nil)
    #expect(SHA256Digest(hexadecimal: String(repeating: "g", count: 64)) == nil)
  }
}
