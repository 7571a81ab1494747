// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

/// A small vocabulary: specials first, ordinary ids from 10, sentinels last and descending.
func smallVocabulary(
  size: Int = 1000, sentinels: Int = 60, template: Vocabulary.Template = Vocabulary.Template(),
  roles: [String: TokenID] = [
    "pad": 0, "eos": 1, "unk": 2, "bos": 3, "cls": 4, "sep": 5, "mask": 6,
  ]
) throws -> Vocabulary {
  try Vocabulary(
    size: size, roles: roles,
    sentinels: (0..<sentinels).map { TokenID(size - 1 - $0) }, template: template)
}

func streams(
  seed: UInt64 = 1, unit: Int = 0, epoch: Int = 0
) throws -> RandomStreams {
  try RandomStreams(key: StreamKey(seed: seed), unit: unit, epoch: epoch)
}

/// A unit whose every token tells where it came from: distinct ids from `firstID` on, repeating
/// after `ids`.
func syntheticUnit(
  documents lengths: [[Int]], firstID: Int = 10, ids: Int = 900, wordLength: Int = 3
) throws -> TokenizedUnit {
  var tokens: [TokenID] = []
  var words: [Bool] = []
  var offsets = [0]
  var starts: [UInt32] = []
  var startOffsets = [0]
  for sentences in lengths {
    var position = 0
    for sentence in sentences where sentence > 0 {
      starts.append(UInt32(position))
      for index in 0..<sentence {
        tokens.append(TokenID(firstID + tokens.count % ids))
        words.append(index % wordLength == 0)
      }
      position += sentence
    }
    offsets.append(tokens.count)
    startOffsets.append(starts.count)
  }
  return try TokenizedUnit(
    ordinal: 0, documentIDs: lengths.indices.map { "d\($0)" }, tokens: tokens,
    documentOffsets: offsets, wordStarts: words,
    sentenceStarts: TokenizedUnit.SentenceStarts(starts: starts, offsets: startOffsets))
}

/// Documents of 1 to `sentences` sentences of 1 to `longest` tokens.
func randomLengths(
  documents: Int, sentences: Int = 20, longest: Int = 40, seed: UInt64
) throws -> [[Int]] {
  var stream = try streams(seed: seed).stream(.frame)
  return (0..<documents).map { _ in
    (0..<(1 + stream.uniform(below: sentences))).map { _ in 1 + stream.uniform(below: longest) }
  }
}

/// Everything that one build gives.
struct Built {
  /// The unit whose frames these are: rewritten if the objective rewrites documents.
  var unit: TokenizedUnit
  var frames: [Frame] = []
  var rows: [ExampleRow] = []
  var tally = Tally()
  var report: FramingReport
}

func build(
  _ objective: any Objective, _ unit: TokenizedUnit, seed: UInt64 = 1, epoch: Int = 0,
  reversed: Bool = false
) throws -> Built {
  let random = try streams(seed: seed, unit: Int(unit.ordinal), epoch: epoch)
  let services = try testServices(objective, unit)
  let unit = try objective.rewrite(unit, random, services) ?? unit
  let framed = try objective.framing.frames(of: unit, random: random)
  var built = Built(unit: unit, report: framed.report)
  var builder = ExampleBuilder(columns: objective.columns)
  for index in 0..<framed.count {
    var frame = Frame()
    framed.load(reversed ? framed.count - 1 - index : index, into: &frame)
    try objective.build(frame, random, services, into: &builder)
    built.frames.append(frame)
  }
  let batch = builder.takeBatch()
  #expect(batch.rowCount == framed.count)
  built.rows = rows(of: batch)
  built.tally = batch.tally
  if reversed {
    built.rows.reverse()
    built.frames.reverse()
  }
  return built
}

func make(
  _ name: String, _ settings: [String: String] = [:], _ vocabulary: Vocabulary? = nil
) throws -> any Objective {
  try ObjectiveRegistry.standard.make(
    name, settings: settings.sorted { $0.key < $1.key }.map { Setting($0.key, $0.value) },
    vocabulary: try vocabulary ?? smallVocabulary(for: name))
}

/// The small vocabulary with the roles that only one objective needs.
func smallVocabulary(for objective: String, sentinels: Int = 60) throws -> Vocabulary {
  let further: [String: [String: TokenID]] = [
    "fim": ["fim-prefix": 7, "fim-suffix": 8, "fim-middle": 9],
    "mbart": ["lang": 7],
    "ul2": ["nlu": 7, "nlg": 8, "s2s": 9],
    "mixture": ["nlu": 7, "nlg": 8, "s2s": 9],
  ]
  let roles: [String: TokenID] = [
    "pad": 0, "eos": 1, "unk": 2, "bos": 3, "cls": 4, "sep": 5, "mask": 6,
  ]
  return try smallVocabulary(
    size: 940 + sentinels, sentinels: sentinels,
    roles: roles.merging(further[objective] ?? [:]) { $1 })
}

func rows(of batch: ExampleBatch) -> [ExampleRow] {
  var rows = [ExampleRow](repeating: ExampleRow(), count: batch.rowCount)
  for buffer in batch.buffers {
    if case .float32(let reals) = buffer.values {
      for index in rows.indices { rows[index][reals: buffer.column.name] = [reals[index]] }
      continue
    }
    let values: [Int64] =
      switch buffer.values {
      case .tokenIDs(let values): values.map { Int64($0) }
      case .uint8(let values): values.map { Int64($0) }
      case .int32(let values): values.map { Int64($0) }
      case .float32: []
      }
    for index in rows.indices {
      let range =
        switch buffer.column.shape {
        case .scalar: index..<index + 1
        case .fixed(let count): index * count..<(index + 1) * count
        case .list: Int(buffer.offsets[index])..<Int(buffer.offsets[index + 1])
        }
      rows[index][buffer.column.name] = Array(values[range])
    }
  }
  return rows
}

/// How often each source token stands in the pieces of the frames; checks ids on the way.
func coverage(of unit: TokenizedUnit, in frames: [Frame]) -> [Int] {
  var served = [Int](repeating: 0, count: unit.tokens.count)
  for frame in frames {
    for piece in frame.pieces {
      let source = unit.documentOffsets[piece.document] + piece.offset
      #expect(
        Array(frame.tokens[piece.start..<piece.end])
          == Array(unit.tokens[source..<source + piece.length]))
      for index in source..<source + piece.length { served[index] += 1 }
    }
  }
  return served
}

/// |x/N − p| < 4.5·√(p(1 − p)/N): missed by chance less than once in 10⁵.
func expectShare(
  _ count: Int, of total: Int, _ share: Double, sourceLocation: SourceLocation = #_sourceLocation
) {
  let bound = 4.5 * (share * (1 - share) / Double(total)).squareRoot()
  let observed = Double(count) / Double(total)
  #expect(abs(observed - share) <= bound, sourceLocation: sourceLocation)
}
