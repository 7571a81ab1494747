// SPDX-License-Identifier: Apache-2.0

internal import UnicodeText

extension Tokenizer {
  /// The ordinary tokens that no text can become: those that merging does not arrive at, and those
  /// that normalization changes or splitting cuts. Nil where this is not known of the model.
  public func unreachableTokens() throws(TokenizerError) -> [UInt32]? {
    let added = Set(addedTokens.map(\.id))
    let ordinary = (0..<UInt32(vocabularySize)).filter {
      vocabulary.contains($0) && !added.contains($0)
    }
    switch model {
    case .bytePairs(let model):
      guard model.affixes.isEmpty else { return nil }
      var merger = BPEMerger()
      return ordinary.filter { id in
        !Self.merges(to: id, vocabulary.spelled[Int(id)], model, &merger)
      }
    case .characterPairs, .unigram: return nil
    case .wordPiece(let model):
      var encoder = encoder()
      var result: [UInt32] = []
      for id in ordinary {
        var word = Array(vocabulary.written[Int(id)])
        if word.count > model.prefix.count, word.starts(with: model.prefix) {
          word.removeFirst(model.prefix.count)
        }
        if try !encoder.leavesWhole(word) { result.append(id) }
      }
      return result
    }
  }

  private static func merges(
    to id: UInt32, _ bytes: ArraySlice<UInt8>, _ model: BPEModel, _ merger: inout BPEMerger
  ) -> Bool {
    if model.wholePieces != nil { return true }
    guard !bytes.isEmpty, !bytes.contains(where: { model.byteIDs[Int($0)] == BPEModel.noToken })
    else { return false }
    let count = bytes.withUnsafeBufferPointer { merger.merge($0, model.byteIDs, model.table) }
    return count == 1 && merger.ids[0] == id
  }
}

extension Encoder {
  /// Whether normalization leaves a text as it is and splitting makes one piece of it.
  mutating func leavesWhole(_ text: [UInt8]) throws(TokenizerError) -> Bool {
    var normalized: [UInt8] = []
    try text.withUnsafeBufferPointer { text throws(TokenizerError) in
      try normalize(text, into: &normalized)
    }
    guard normalized == text else { return false }
    return try pieces(of: text).map(\.range) == [0..<text.count]
  }
}
