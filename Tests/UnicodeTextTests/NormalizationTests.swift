// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import UnicodeText

@Suite("Normal forms")
struct NormalizationTests {
  static let conformance = "unicode-15.0/NormalizationTest.txt.zst"
  static let properties = "unicode-15.0/DerivedNormalizationProps.txt.zst"
  static let isUnicode15 = ICUVersion.unicode == "15.0"

  /// Normalizes texts all at once, joined by line feeds, which take part in nothing. Every line feed
  /// must be mapped to its own place.
  static func normalize(_ texts: [[UInt8]], _ form: NormalForm) throws -> [[UInt8]] {
    var joined: [UInt8] = []
    for text in texts {
      if !joined.isEmpty { joined.append(0x0A) }
      joined += text
    }
    let pipeline = try TextPipeline(steps: [.normalize(form)])
    var bytes: [UInt8] = []
    var alignment = TextAlignment()
    try joined.withUnsafeBufferPointer {
      try pipeline.apply($0, to: &bytes, alignment: &alignment)
    }
    var ends = bytes.indices.filter { bytes[$0] == 0x0A }.map { $0 + 1 }
    alignment.mapEnds(&ends)
    #expect(
      ends == joined.indices.filter { joined[$0] == 0x0A }.map { $0 + 1 },
      "a line feed lost its place in \(form)")
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
    #expect(lines.count == texts.count)
    return lines
  }

  static func bytes(_ codes: Substring) throws -> [UInt8] {
    try codes.split(separator: " ").flatMap {
      let scalar = try #require(UInt32($0, radix: 16).flatMap(Unicode.Scalar.init))
      return Array(String(scalar).utf8)
    }
  }

  static func expect(
    _ found: [[UInt8]], _ expected: [[UInt8]], _ sources: [[UInt8]], _ form: NormalForm
  ) {
    let wrong = found.indices.filter { found[$0] != expected[$0] }
    let examples = wrong.prefix(5).map { String(decoding: sources[$0], as: UTF8.self) }
    #expect(wrong.isEmpty, "\(wrong.count) texts are wrong in \(form): \(examples)")
  }

  @Test(
    "What is called normal without asking ICU, ICU leaves as it is",
    arguments: [NormalForm.nfc, .nfd, .nfkc, .nfkd])
  func quickCheck(form: NormalForm) throws {
    let scalars = (0x21..<UInt32(0x3_0000)).compactMap(Unicode.Scalar.init)
    var normal = 0
    var changed: [String] = []
    // Each character after a letter, and beside the next one and the one before it.
    for (index, scalar) in scalars.enumerated() {
      let neighbour = scalars[max(0, index - 1)]
      let text = Array("e\(scalar)\(neighbour)\(scalar)".utf8)
      try text.withUnsafeBufferPointer {
        guard NormalTextCheck.isNormal($0, in: form) else { return }
        normal += 1
        var output: [UInt8] = []
        var changes = ChangeList(isRecorded: false)
        try Normalization.normalize(
          $0, to: form, isUnicode9: false, into: &output, changes: &changes)
        if output != text { changed.append("\(scalar)") }
      }
    }
    #expect(changed.isEmpty, "\(changed.prefix(5))")
    #expect(normal > 50_000)
  }

  @Test("Ordinary text is called normal, decomposed text and unordered marks are not")
  func quickCheckOfTexts() {
    let isNormal = { (text: String) in
      Array(text.utf8).withUnsafeBufferPointer { NormalTextCheck.isNormal($0, in: .nfc) }
    }
    #expect(isNormal(""))
    #expect(isNormal("“Na\u{EF}ve” – 日本語, 한국어, жизнь, 5 €, 😀"))
    for text in ["e\u{301}", "\u{1100}\u{1161}", "\u{212B}", "a\u{345}\u{323}b", "\u{2F800}"] {
      #expect(!isNormal(text), "\(text)")
    }
  }

  @Test(
    "NormalizationTest of Unicode 15.0 passes whole, and all other scalars are unchanged",
    .enabled(if: isUnicode15, "ICU has another Unicode version"),
    .enabled(if: Repository.canUnpack(conformance), "the reference file is not there"))
  func conformanceTest() throws {
    var columns = [[[UInt8]]](repeating: [], count: 5)
    var isPart1 = false
    var listed: Set<[UInt8]> = []
    for line in try Repository.lines(Self.conformance) {
      if line.hasPrefix("@") { isPart1 = line.hasPrefix("@Part1") }
      if line.hasPrefix("#") || line.hasPrefix("@") || line.isEmpty { continue }
      let fields = line.split(separator: ";", maxSplits: 5)
      for i in 0..<5 { columns[i].append(try Self.bytes(fields[i])) }
      if isPart1, let source = columns[0].last { listed.insert(source) }
    }
    #expect(columns[0].count == 19074)

    // c2 == NFC(c1) == NFC(c2) == NFC(c3), c4 == NFC(c4) == NFC(c5), and so on: the column that each
    // column becomes.
    let laws: [(NormalForm, [Int])] = [
      (.nfc, [1, 1, 1, 3, 3]), (.nfd, [2, 2, 2, 4, 4]), (.nfkc, [3, 3, 3, 3, 3]),
      (.nfkd, [4, 4, 4, 4, 4]),
    ]
    for (form, targets) in laws {
      for (source, target) in targets.enumerated() {
        let found = try Self.normalize(columns[source], form)
        Self.expect(found, columns[target], columns[source], form)
      }
    }

    var others: [UInt8] = []
    var count = 0
    for scalar in (0..<UInt32(0x11_0000)).lazy.compactMap(Unicode.Scalar.init) {
      let bytes = Array(String(scalar).utf8)
      if listed.contains(bytes) || scalar == "\n" { continue }
      others += bytes
      others.append(0x0A)
      count += 1
    }
    #expect(count == 1_112_063 - listed.count)
    for (form, _) in laws {
      let pipeline = try TextPipeline(steps: [.normalize(form)])
      var found: [UInt8] = []
      try others.withUnsafeBufferPointer { try pipeline.apply($0, to: &found) }
      #expect(found == others, "a scalar changes in \(form)")
    }
  }

  @Test(
    "NFKC_Casefold maps every scalar as DerivedNormalizationProps says",
    .enabled(if: isUnicode15, "ICU has another Unicode version"),
    .enabled(if: Repository.canUnpack(properties), "the reference file is not there"))
  func casefold() throws {
    var mapping: [UInt32: [UInt8]] = [:]
    for line in try Repository.lines(Self.properties) where line.contains("; NFKC_CF;") {
      if line.hasPrefix("#") { continue }
      let fields = line.split(separator: "#")[0].split(separator: ";")
      let range = fields[0].filter { $0 != " " }.split(separator: ".").map { UInt32($0, radix: 16) }
      let first = try #require(range.first.flatMap { $0 })
      let last = try #require(range.last.flatMap { $0 })
      let target = fields.count > 2 ? try Self.bytes(fields[2]) : []
      for scalar in first...last { mapping[scalar] = target }
    }
    let scalars = (0..<UInt32(0x11_0000)).compactMap(Unicode.Scalar.init).filter { $0 != "\n" }
    let sources = scalars.map { Array(String($0).utf8) }
    let expected = zip(scalars, sources).map { mapping[$0.value] ?? $1 }
    let found = try Self.normalize(sources, .nfkcCasefold)
    Self.expect(found, expected, sources, .nfkcCasefold)
  }

  @Test("ASCII is its own normal form", arguments: NormalForm.allCases)
  func ascii(form: NormalForm) throws {
    let text = String(repeating: "The quick brown FOX\t~\u{7F}\u{0}\n", count: 9)
    let expected = form == .nfkcCasefold ? text.lowercased() : text
    for length in [0, 1, 15, 16, 17, 63, 64, 65, 200] {
      let prefix = String(text.prefix(length))
      #expect(try transform(prefix, [.normalize(form)]) == String(expected.prefix(length)))
    }
  }

  @Test("Long runs of marks are ordered as ICU orders short ones", arguments: NormalForm.allCases)
  func longMarkRuns(form: NormalForm) throws {
    // Marks of many classes, marks that decompose, compose, or start out as something else under
    // compatibility, and default ignorables, which NFKC_Casefold drops from a run.
    let marks: [Unicode.Scalar] = [
      "\u{300}", "\u{323}", "\u{345}", "\u{327}", "\u{5B0}", "\u{344}", "\u{F73}", "\u{3099}",
      "\u{FF9E}", "\u{1D165}", "\u{AD}", "\u{308}", "\u{301}", "\u{35C}", "\u{94D}", "\u{FE0F}",
    ]
    var generator = SplitMix(state: UInt64(form.rawValue.utf8.count))
    for length in [50, 130, 300, 500, 2000] {
      for lead in ["", "a", "ABC\u{FF76}", "한", "\u{F71}"] {
        var text = lead
        for _ in 0..<length {
          let count = lead == "ABC\u{FF76}" ? 16 : 10
          text.unicodeScalars.append(marks[Int(generator.next() % UInt64(count))])
        }
        text += lead + "\u{323}é"
        let bytes = Array(text.utf8)
        let found = try transform(bytes, [.normalize(form)])
        var expected: [UInt8] = bytes
        if form != .none {
          var changes = ChangeList(isRecorded: false)
          try bytes.withUnsafeBufferPointer {
            try Normalization.normalize(
              $0, to: form, isUnicode9: false, into: &expected, changes: &changes)
          }
        }
        #expect(found.bytes == expected, "\(length) marks after \(lead)")
        #expect(found.ends.last == bytes.count)
      }
    }
  }

  @Test(
    "A bomb of combining marks takes linear time", .timeLimit(.minutes(1)),
    arguments: NormalForm.allCases.dropFirst())
  func markBomb(form: NormalForm) throws {
    var bytes = Array("a".utf8)
    for _ in 0..<50_000 { bytes += Array("\u{301}\u{323}".utf8) }
    let pipeline = try TextPipeline(steps: [.normalize(form)])
    var output: [UInt8] = []
    var alignment = TextAlignment()
    try bytes.withUnsafeBufferPointer {
      try pipeline.apply($0, to: &output, alignment: &alignment)
    }
    let isComposed = form != .nfd && form != .nfkd
    let start = isComposed ? "\u{1EA1}\u{323}\u{323}" : "a\u{323}\u{323}"
    #expect(output.starts(with: start.utf8))
    #expect(output.suffix(4).elementsEqual("\u{301}\u{301}".utf8))
    #expect(alignment.originalEnd(ofOutput: output.count) == bytes.count)
  }
}
