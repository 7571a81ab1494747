// SPDX-License-Identifier: Apache-2.0

internal import CProcessor
import UnicodeText

/// Finds the pieces of a text, about two thousand bytes at a time.
///
///     var scanner = PieceScanner(.gpt2)
///     var at = 0
///     while at < text.count {
///       let count = scanner.scan(text, from: at)
///       // Piece i is from at + bounds[i] to at + bounds[i + 1].
///       at += Int(scanner.bounds[count])
///     }
///
/// Bytes are classified 64 at a time into masks, boundaries come out of the masks by the algebra of
/// the rule (`BlockRule`), and where that does not suffice by the rule itself (`PieceRule`), which is
/// also what the tests compare with. A piece begins anew, whatever is before it; so each stretch is
/// scanned by itself, up to the last beginning that nothing after it could change.
struct PieceScanner: ~Copyable {
  /// 64-byte blocks that are looked at together.
  static let blockCount = 32
  static let byteCount = 64 * blockCount

  /// Where the pieces of the last stretch begin, from its beginning, and then its end.
  let bounds: UnsafeMutablePointer<UInt32>
  /// Whether a character of which each starts a word may be in the last stretch.
  private(set) var hasWide = false

  private let rule: PreTokenizerRule?
  private let way: Int32
  private let blocks: UnsafeMutablePointer<cprocessor_block>
  /// Marks where pieces begin, after one mask that stands for what is before the stretch.
  private let starts: UnsafeMutablePointer<UInt64>
  /// Characters about which the masks say too little.
  private var hard = RawStack<UInt32>(capacity: PieceScanner.byteCount)

  /// A scanner by a rule; without one each text is one piece.
  init(_ rule: PreTokenizerRule?, way: Int32 = cprocessor_best()) {
    self.rule = rule
    self.way = way
    bounds = .allocate(capacity: Self.byteCount + 66)
    blocks = .allocate(capacity: Self.blockCount)
    blocks.initialize(repeating: cprocessor_block(), count: Self.blockCount)
    starts = .allocate(capacity: Self.blockCount + 1)
    starts.initialize(repeating: 0, count: Self.blockCount + 1)
  }

  deinit {
    bounds.deallocate()
    blocks.deallocate()
    starts.deallocate()
  }

  /// Finds pieces from a position on, where one begins, below the end of the text. Returns how many:
  /// at least one.
  mutating func scan(_ text: TextBytes, from start: Int) -> Int {
    switch rule {
    case .gpt2: scanBlocks(text, start, GPT2Blocks.self)
    case .cl100k, .llama3: scanBlocks(text, start, CL100KBlocks<GroupedNumbers>.self)
    case .qwen2: scanBlocks(text, start, CL100KBlocks<SingleNumbers>.self)
    case .whitespace: scanBlocks(text, start, WhitespaceBlocks.self)
    case .o200k: scanPieces(text, start, O200KPieces.self)
    case .deepseek: scanPieces(text, start, DeepSeekPieces.self)
    case nil: scanPieces(text, start, WholePieces.self)
    }
  }

  /// Piece by piece, without masks.
  private mutating func scanPieces<Rule: PieceRule>(
    _ text: TextBytes, _ start: Int, _ rule: Rule.Type
  ) -> Int {
    hasWide = true
    var count = 0
    var at = start
    bounds[0] = 0
    while at < text.count, count < 256, at &- start < Self.byteCount {
      at = Rule.end(text, at)
      count &+= 1
      bounds[count] = UInt32(truncatingIfNeeded: at &- start)
    }
    return count
  }

  private mutating func scanBlocks<Rule: BlockRule>(
    _ text: TextBytes, _ start: Int, _ rule: Rule.Type
  ) -> Int {
    let left = text.count &- start
    let count = min(left, Self.byteCount)
    let isLast = left == count
    let stretch = BlockStretch(
      blocks: blocks, starts: starts + 1,
      text: TextBytes(base: text.base + start, count: left), count: count)
    let hasHigh = cprocessor_classify(way, text.base + start, count, blocks) != 0
    hasWide = false
    if hasHigh {
      hard.removeAll()
      hasWide = stretch.addWideCharacters(hard: &hard)
    }
    Rule.mark(stretch)
    if hasHigh, hard.count > 0 { repair(stretch, rule) }
    let certain = isLast ? count : lastCertainStart(stretch)
    if certain == 0 {
      bounds[0] = 0
      bounds[1] = UInt32(truncatingIfNeeded: Rule.Pieces.end(stretch.text, 0))
      hasWide = true
      return 1
    }
    let last = certain &- 1
    let lastBlock = last &>> 6
    let mask = UInt64.max &>> UInt64(truncatingIfNeeded: 63 &- (last & 63))
    stretch.starts[lastBlock] &= mask
    let pieces = cprocessor_positions(way, starts + 1, lastBlock &+ 1, bounds)
    bounds[pieces] = UInt32(truncatingIfNeeded: certain)
    return pieces
  }

  /// The last beginning of a piece with something other than white space, or with one character of
  /// white space before that: nothing after it has a say in it.
  private func lastCertainStart(_ stretch: BlockStretch) -> Int {
    var block = stretch.blockCount &- 1
    while block >= 0 {
      let white = stretch.blocks[block].white
      let solid = ~white & stretch.valid(block)
      let mask = stretch.starts[block] & (solid | solid &>> 1)
      if mask != 0 { return block &* 64 &+ (63 &- mask.leadingZeroBitCount) }
      block &-= 1
    }
    return 0
  }

  /// Marks anew the pieces around hard characters, by the rule itself.
  @inline(never)
  private func repair<Rule: BlockRule>(_ stretch: BlockStretch, _ rule: Rule.Type) {
    var repaired = 0
    for index in 0..<hard.count {
      let position = Int(hard.base[index])
      if position < repaired { continue }
      var at = max(stretch.lastSolidStart(before: position), repaired)
      while at < stretch.count {
        let end = Rule.Pieces.end(stretch.text, at)
        let isSure = end > position &+ 4 && stretch.isSureStart(end)
        stretch.unmark(at &+ 1, end)
        if end < stretch.count { stretch.mark(end) }
        at = end
        if isSure { break }
      }
      repaired = at
    }
  }
}

/// The numbers of a rule like that of `cl100k_base`.
protocol NumberPieces: PieceRule {
  static var isSingle: Bool { get }
}

/// Numbers in groups of up to three.
enum GroupedNumbers: NumberPieces {
  static var isSingle: Bool { false }

  static func end(_ text: TextBytes, _ start: Int) -> Int { CL100KPieces.end(text, start) }
}

/// Each number on its own.
enum SingleNumbers: NumberPieces {
  static var isSingle: Bool { true }

  static func end(_ text: TextBytes, _ start: Int) -> Int { Qwen2Pieces.end(text, start) }
}
