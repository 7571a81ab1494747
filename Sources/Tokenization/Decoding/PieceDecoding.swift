// SPDX-License-Identifier: Apache-2.0

/// The steps that decoders of sentencepiece's kin are made of, each over the list of tokens.
enum PieceDecoding: Sendable, Hashable {
  /// `Replace`: every occurrence of a text in a token.
  case replace([UInt8], with: [UInt8])
  /// `ByteFallback`: a run of `<0xNN>` becomes those bytes, also where they are not UTF-8.
  case byteFallback
  /// `Fuse`: all tokens become one.
  case fuse
  /// `Strip`: up to so many characters at the ends of each token.
  case strip([UInt8], start: Int, stop: Int)
  /// `Metaspace`: marks become blanks; those of the first token go where one was put there.
  case metaspace(Metaspace)

  func apply(_ tokens: inout [[UInt8]]) {
    switch self {
    case .replace(let wanted, let content): Self.replace(wanted, content, &tokens)
    case .byteFallback: Self.byteFallback(&tokens)
    case .fuse: tokens = [Array(tokens.joined())]
    case .strip(let content, let start, let stop): Self.strip(content, start, stop, &tokens)
    case .metaspace(let space): Self.metaspace(space, &tokens)
    }
  }

  private static func replace(
    _ wanted: [UInt8], _ content: [UInt8], _ tokens: inout [[UInt8]]
  ) {
    for index in tokens.indices {
      tokens[index] = ByteReplacement.replacing(wanted, with: content, in: tokens[index])
    }
  }

  private static func byteFallback(_ tokens: inout [[UInt8]]) {
    var result: [[UInt8]] = []
    result.reserveCapacity(tokens.count)
    var isInRun = false
    for token in tokens {
      guard let byte = ByteTokens.byte(token) else {
        result.append(token)
        isInRun = false
        continue
      }
      if isInRun { result[result.count - 1].append(byte) } else { result.append([byte]) }
      isInRun = true
    }
    tokens = result
  }

  private static func strip(
    _ content: [UInt8], _ start: Int, _ stop: Int, _ tokens: inout [[UInt8]]
  ) {
    for index in tokens.indices {
      var token = tokens[index][...]
      for _ in 0..<start {
        guard token.starts(with: content) else { break }
        token = token.dropFirst(content.count)
      }
      for _ in 0..<stop {
        guard token.suffix(content.count).elementsEqual(content) else { break }
        token = token.dropLast(content.count)
      }
      if token.count < tokens[index].count { tokens[index] = Array(token) }
    }
  }

  private static func metaspace(_ space: Metaspace, _ tokens: inout [[UInt8]]) {
    guard var first = tokens.first.map({ [$0] }) else { return }
    if space.prependScheme != .never {
      replace(space.mark, [], &first)
      tokens[0] = first[0]
    }
    replace(space.mark, [0x20], &tokens)
  }
}
