// SPDX-License-Identifier: Apache-2.0
internal import Objectives
internal import Tokenization
internal import UnicodeText

/// What cutting text between characters needs of a tokenizer: the bytes of tokens, looked up in
/// one table, and an encoder with its own cache. One for each worker.
final class TokenizerTextCodec: TextCodec {
  /// The bytes of all tokens, end to end: shared by the codecs of a run.
  struct TokenBytes: Sendable {
    /// Bytes behind the last token.
    fileprivate static let margin = 16
    fileprivate let bytes: [UInt8]
    fileprivate let offsets: [Int]

    init(_ tokenizer: Tokenizer) {
      var bytes: [UInt8] = []
      var offsets = [0]
      for id in 0..<UInt32(truncatingIfNeeded: tokenizer.vocabularySize) {
        bytes += tokenizer.bytes(of: id) ?? []
        offsets.append(bytes.count)
      }
      self.bytes = bytes + [UInt8](repeating: 0, count: Self.margin)
      self.offsets = offsets
    }

    /// The bytes of tokens of the vocabulary.
    func text(of tokens: [Int64]) -> [UInt8] {
      var text: [UInt8] = []
      for token in tokens {
        guard let id = Int(exactly: token), id >= 0, id < offsets.count - 1 else { continue }
        text += bytes[offsets[id]..<offsets[id + 1]]
      }
      return text
    }
  }

  private let table: TokenBytes
  private let normalizes: Bool
  private var encoder: Encoder
  private var encoding = Encoding(parts: [])

  init(_ tokenizer: Tokenizer, _ table: TokenBytes) {
    self.table = table
    normalizes = !tokenizer.normalizer.isIdentity
    encoder = tokenizer.encoder()
  }

  /// Tokens of up to 16 bytes are copied as 16: what is too much is written over.
  func decode(_ tokens: UnsafeBufferPointer<TokenID>, into bytes: inout [UInt8]) {
    table.bytes.withUnsafeBufferPointer { all in
      table.offsets.withUnsafeBufferPointer { offsets in
        var end = bytes.count
        var total = 0
        for token in tokens where token < offsets.count - 1 {
          total &+= offsets[Int(token) &+ 1] &- offsets[Int(token)]
        }
        bytes.append(contentsOf: repeatElement(0, count: total + TokenBytes.margin))
        bytes.withUnsafeMutableBytes { text in
          guard let source = all.baseAddress, let target = text.baseAddress else { return }
          for token in tokens where token < offsets.count - 1 {
            let start = offsets[Int(token)]
            let length = offsets[Int(token) &+ 1] &- start
            (target + end).copyMemory(from: source + start, byteCount: TokenBytes.margin)
            if length > TokenBytes.margin {
              (target + end).copyMemory(from: source + start, byteCount: length)
            }
            end &+= length
          }
        }
        bytes.removeLast(TokenBytes.margin)
      }
    }
  }

  func encode(
    _ bytes: UnsafeBufferPointer<UInt8>, into tokens: inout [TokenID]
  ) throws(ObjectiveError) {
    // Normalization wants whole characters.
    if normalizes, let place = UTF8Repair.firstInvalid(bytes) {
      throw ObjectiveError(
        .inconsistentInput, subject: "text", "byte \(place) of a fragment is not UTF-8")
    }
    do {
      try encoder.encode(bytes, into: &encoding)
    } catch {
      throw ObjectiveError(.inconsistentInput, subject: "text", error.description)
    }
    tokens.append(contentsOf: encoding.ids)
  }
}
