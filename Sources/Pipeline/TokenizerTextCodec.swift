// SPDX-License-Identifier: Apache-2.0
internal import Objectives
internal import Tokenization
internal import UnicodeText

/// What cutting text between characters needs of a tokenizer: the bytes of tokens, looked up in
/// one table, and an encoder with its own cache. One for each worker.
final class TokenizerTextCodec: TextCodec {
  /// The bytes of all tokens, end to end: shared by the codecs of a run.
  struct TokenBytes: Sendable {
    fileprivate let bytes: [UInt8]
    fileprivate let offsets: [Int]

    init(_ tokenizer: Tokenizer) {
      var bytes: [UInt8] = []
      var offsets = [0]
      for id in 0..<UInt32(truncatingIfNeeded: tokenizer.vocabularySize) {
        bytes += tokenizer.bytes(of: id) ?? []
        offsets.append(bytes.count)
      }
      self.bytes = bytes
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

  func decode(_ tokens: UnsafeBufferPointer<TokenID>, into bytes: inout [UInt8]) {
    table.bytes.withUnsafeBufferPointer { all in
      table.offsets.withUnsafeBufferPointer { offsets in
        for token in tokens where token < offsets.count - 1 {
          let id = Int(token)
          bytes.append(
            contentsOf: UnsafeBufferPointer(rebasing: all[offsets[id]..<offsets[id + 1]]))
        }
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
