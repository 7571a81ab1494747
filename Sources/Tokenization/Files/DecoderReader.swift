// SPDX-License-Identifier: Apache-2.0

import JSON

/// Reads the `decoder` of a `tokenizer.json`.
enum DecoderReader {
  private static let supported =
    "ByteLevel, WordPiece, BPEDecoder, Metaspace, ByteFallback, Fuse, Replace, Strip and sequences "
    + "of them are"

  static func decoder(_ part: JSONPart?) throws(TokenizerError) -> TokenDecoder {
    guard let part else { return TokenDecoder(steps: [], value: .null) }
    return TokenDecoder(steps: try steps(part), value: part.value)
  }

  private static func steps(_ part: JSONPart) throws(TokenizerError) -> [TokenDecoderStep] {
    switch try part.type() {
    case "ByteLevel": return [.byteLevel]
    case "WordPiece":
      return [
        .wordPiece(
          WordPieceDecoding(
            prefix: Array(try part["prefix"]?.string().utf8 ?? "##".utf8),
            cleansUp: try part.bool("cleanup", default: true)))
      ]
    case "BPEDecoder":
      return [.endOfWord(Array(try part["suffix"]?.string().utf8 ?? "</w>".utf8))]
    case "Sequence":
      var result: [TokenDecoderStep] = []
      for element in try part.required("decoders").elements() { result += try steps(element) }
      return result
    case let type:
      if let step = try PieceDecoderReader.step(part) { return [.pieces(step)] }
      throw part.unsupported("the decoder \"\(type)\"", supported)
    }
  }
}
