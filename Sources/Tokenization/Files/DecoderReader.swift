// SPDX-License-Identifier: Apache-2.0

import JSON

/// Reads the `decoder` of a `tokenizer.json`.
enum DecoderReader {
  private static let supported = "ByteLevel is"

  static func decoder(_ part: JSONPart?) throws(TokenizerError) -> TokenDecoder {
    guard let part else { return TokenDecoder(steps: [], value: .null) }
    return TokenDecoder(steps: try steps(part), value: part.value)
  }

  private static func steps(_ part: JSONPart) throws(TokenizerError) -> [TokenDecoderStep] {
    switch try part.type() {
    case "ByteLevel": return [.byteLevel]
    case "Sequence":
      var result: [TokenDecoderStep] = []
      for element in try part.required("decoders").elements() { result += try steps(element) }
      return result
    case let type: throw part.unsupported("the decoder \"\(type)\"", supported)
    }
  }
}
