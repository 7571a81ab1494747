// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

/// Objectives that share a dataset.
@Suite struct MixtureTests {
  private func vocabulary() throws -> Vocabulary {
    try Vocabulary(
      size: 1000,
      roles: [
        "pad": 0, "eos": 1, "unk": 2, "bos": 3, "cls": 4, "sep": 5, "mask": 6, "nlu": 7, "nlg": 8,
        "s2s": 9,
      ],
      sentinels: (0..<80).map { TokenID(999 - $0) },
      lookup: { $0 == "summarize" ? 15 : nil })
  }

  private func mixture(_ settings: [String: String]) throws -> any Objective {
    try make("mixture", settings, try vocabulary())
  }

  private func message(_ settings: [String: String]) -> String {
    let error = #expect(throws: ObjectiveError.self) { try mixture(settings) }
    return error?.message ?? ""
  }

  private func unit(documents: Int = 400, seed: UInt64 = 91) throws -> TokenizedUnit {
    try syntheticUnit(documents: try randomLengths(documents: documents, longest: 30, seed: seed))
  }

  static let mixtures: [[String: String]] = [
    ["members": "t5-span:3,ul2:1,prefix-lm:2", "length": "48"],
    ["members": "a=ul2,b=ul2:2", "b.mode_tokens": "false", "length": "40"],
    ["members": "t5-span,prefix-lm", "layout": "decoder", "t5-span.separator": "eos"],
    ["members": "t5-span,prefix-lm", "t5-span.prefix": "nlu summarize", "length": "64"],
    [
      "members": "t5-span,clm", "layout": "decoder", "length": "64", "clm.labels": "column",
      "clm.separator": "none", "clm.prefix": "nlg",
    ],
    [
      "members": "mlm:2,mntp", "length": "32", "mlm.packing": "full-sentences",
      "mntp.separator": "sep",
    ],
    ["members": "a=mlm,b=mlm", "a.rate": "0.4", "b.packing": "document", "length": "32"],
    ["members": "bart,text-infilling,token-deletion", "length": "64"],
    ["members": "t5-span,prefix-lm", "tail": "drop", "length": "32", "pad": "none"],
    ["members": "t5-span,prefix-lm", "t5-span.separator": "sep", "prefix-lm.windows": "stream"],
  ]

  @Test(arguments: mixtures)
  func rowsAreGoodRestorableAndServeEveryTokenOnce(_ settings: [String: String]) throws {
    let objective = try mixture(settings)
    let unit = try unit(documents: 60)
    let built = try build(objective, unit)
    #expect(built.rows.count > 10)
    var restored = 0
    for (row, frame) in zip(built.rows, built.frames) {
      #expect(objective.faults(in: row).map(\.description) == [])
      guard let tokens = objective.restore(row) else { continue }
      restored += 1
      #expect(tokens == frame.tokens.map { Int64($0) })
    }
    if settings["members"]?.contains("deletion") != true { #expect(restored == built.rows.count) }
    let served = coverage(of: unit, in: built.frames)
    #expect(served.allSatisfy { $0 <= 1 })
    #expect(served.count { $0 == 0 } == built.report.drops.reduce(0) { $0 + $1.tokens })
    let backward = try build(objective, unit, reversed: true)
    let columns = objective.columns.map(\.name)
    #expect(
      built.rows.map { row in columns.map { row[$0] } }
        == backward.rows.map { row in columns.map { row[$0] } })
    #expect(built.tally == backward.tally)
  }

  /// Each row's member is an independent draw: a share is off by 4.5 standard deviations less than
  /// once in 10⁵ tests.
  @Test func rowsAreSharedOutByWeight() throws {
    let objective = try mixture([
      "members": "t5-span:0.5,prefix-lm:0.3,last=ul2:0.2", "length": "24",
    ])
    let rows = try build(objective, try unit()).rows
    let tasks = rows.compactMap { $0["task"]?.first }
    #expect(tasks.count > 2500)
    expectShare(tasks.count { $0 == 0 }, of: tasks.count, 0.5)
    expectShare(tasks.count { $0 == 1 }, of: tasks.count, 0.3)
    expectShare(tasks.count { $0 >= 2 }, of: tasks.count, 0.2)
    for task in 2..<9 { expectShare(tasks.count { $0 == task }, of: tasks.count, 0.2 / 7) }
    #expect(objective.tasks.count == 9)
    #expect(objective.tasks[2] == "last.r1")
    #expect(objective.facts.contains { $0.name == "task.last.s" && $0.value == 8 })
    var observations = Observations(objective.examination.statistics)
    for row in rows { objective.observe(row, into: &observations) }
    #expect(observations.series[0].draws == rows.count)
    #expect(objective.examination.statistics[0].name == "member-shares")
    #expect(objective.examination.statistics[1].name == "t5-span.span-lengths")
    #expect(observations.series[1].rows > 1000)
  }

  /// Windows of 16 and 64 tokens that both get half of the text.
  @Test func tokensAreSharedOutByWeightOnRequest() throws {
    let objective = try mixture([
      "members": "a=prefix-lm,b=prefix-lm", "by": "tokens", "pad": "none", "a.length": "17",
      "b.length": "65", "a.windows": "stream", "b.windows": "stream",
    ])
    let built = try build(objective, try unit())
    let rows = built.rows.compactMap { $0["task"]?.first }
    expectShare(rows.count { $0 == 0 }, of: rows.count, 0.8)
    #expect(
      built.frames.allSatisfy { $0.tokens.count == ($0.member == 0 ? 16 : 64) }
        || built.frames.dropLast().allSatisfy { $0.tokens.count == ($0.member == 0 ? 16 : 64) })
  }

  /// Rows of whole documents are shorter than their limit, and have a turn more often.
  @Test func tokensAreSharedOutWhereRowsEndWithTheirDocument() throws {
    let objective = try mixture([
      "members": "a=prefix-lm,b=prefix-lm", "by": "tokens", "length": "33",
      "b.windows": "stream",
    ])
    let built = try build(objective, try unit(documents: 4000))
    let tokens = built.frames.map { ($0.member, $0.tokens.count) }
    let all = tokens.reduce(0) { $0 + $1.1 }
    let own = tokens.reduce(0) { $0 + ($1.0 == 0 ? $1.1 : 0) }
    #expect(tokens.count { $0.0 == 0 } > tokens.count / 2)
    #expect(abs(Double(own) / Double(all) - 0.5) < 0.08)
  }

  /// A member draws from streams of its own: alone it makes the rows it would make as a member of
  /// one, but for the component in the counter.
  @Test func aMixtureOfOneCutsTheSameWindows() throws {
    let unit = try unit(documents: 30)
    for (name, settings) in [
      ("t5-span", ["length": "32", "tail": "pad"]), ("prefix-lm", ["length": "32"]),
      ("clm", ["length": "32", "separator": "eos", "tail": "pad"]),
      ("mlm", ["length": "32"]), ("mlm", ["length": "32", "packing": "full-sentences"]),
      ("mlm", ["length": "32", "packing": "document"]),
      ("mlm", ["length": "32", "packing": "concatenate"]),
    ] {
      let alone = try build(try make(name, settings, try vocabulary()), unit)
      var own = settings.filter { $0.key != "length" && $0.key != "tail" }
        .reduce(into: ["members": name]) { $0["\(name).\($1.key)"] = $1.value }
      own["length"] = "32"
      let mixed = try build(try mixture(own), unit)
      #expect(mixed.frames.map(\.tokens) == alone.frames.map(\.tokens), "\(name) \(settings)")
      #expect(mixed.frames.map(\.pieces) == alone.frames.map(\.pieces))
      #expect(mixed.report.drops == alone.report.drops)
    }
  }

  @Test func prefixesStandBeforeTheInputWithoutLoss() throws {
    let decoder = try mixture([
      "members": "t5-span,prefix-lm", "layout": "decoder", "length": "40",
      "prefix-lm.prefix": "nlg summarize",
    ])
    for row in try build(decoder, try unit(documents: 20)).rows where row["task"] == [1] {
      #expect(row["input_ids"]?.prefix(2) == [8, 15])
      #expect(row["labels"]?.prefix(2) == [-100, -100])
      #expect(row["input_ids"]?.count == 40 && row["labels"]?.count == 40)
      #expect(row["attention_mask"]?.prefix(2) == [1, 1])
      let prefix = Int(row["prefix_lengths"]?.first ?? 0)
      #expect(prefix > 2 && row["labels"]?[prefix] == row["input_ids"]?[prefix])
      var spoiled = row
      spoiled["input_ids"]?[1] = 16
      #expect(decoder.faults(in: spoiled).map(\.rule) == ["task-prefix"])
      spoiled = row
      spoiled["labels"]?[0] = 8
      #expect(decoder.faults(in: spoiled).map(\.rule) == ["task-prefix"])
      spoiled = row
      spoiled["task"] = [0]
      #expect(!decoder.faults(in: spoiled).isEmpty)
    }
  }

  @Test func whatIsMadeCanBeMadeAgainFromItsManifest() throws {
    let settings = [
      "members": "s=t5-span:2,bert=prefix-lm", "s.preset": "t5", "bert.prefix": "nlu",
      "length": "48", "s.noise_density": "0.2",
    ]
    let objective = try mixture(settings)
    let entries = objective.parameters.entries
    let again = try ObjectiveRegistry.standard.make(
      "mixture", settings: entries.map { Setting($0.name, $0.value.description) },
      vocabulary: try vocabulary())
    #expect(again.parameters.entries == entries)
    #expect(again.columns == objective.columns && again.facts == objective.facts)
    let texts = Dictionary(
      uniqueKeysWithValues: entries.map { ($0.name, $0.value.description) })
    #expect(texts["s.preset"] == "t5" && texts["s.arithmetic"] == "float32")
    #expect(texts["s.length"] == "48" && texts["bert.prefix"] == "nlu")
    let unit = try unit(documents: 10)
    let columns = objective.columns.map(\.name)
    func rows(_ objective: any Objective) throws -> [[[Int64]?]] {
      try build(objective, unit).rows.map { row in columns.map { row[$0] } }
    }
    #expect(try rows(objective) == rows(again))
  }

  @Test func targetRowsAreAsLongAsAnyMemberNeeds() throws {
    let objective = try mixture(["members": "t5-span,prefix-lm", "length": "48"])
    let labels = try #require(objective.columns.first { $0.name == "labels" })
    #expect(labels.shape == .fixed(47))
    #expect(objective.facts.contains { $0.name == "targets_length" && $0.value == 47 })
    #expect(objective.facts.contains { $0.name == "t5-span.tokens_length" })
  }

  @Test func membersThatDoNotFitAreRefusedWithTheDifference() {
    #expect(
      message(["members": "t5-span,mlm"]).contains(
        "labels is int32 × 114 in t5-span, int32 × 512 in mlm"))
    #expect(
      message(["members": "t5-span,mlm", "t5-span.targets_length": "512"]).contains(
        "t5-span has target rows that start from 0, mlm has no target rows"))
    #expect(
      message(["members": "t5-span,prefix-lm", "t5-span.length": "256"]).contains(
        "input_ids is tokenID × 256 in t5-span, tokenID × 512 in prefix-lm"))
    #expect(
      message(["members": "mlm,mntp", "mlm.pairs": "nsp"]).contains(
        "mlm has token_type_ids, mntp has none"))
    #expect(
      message([
        "members": "t5-span,prefix-lm", "t5-span.separator": "eos", "prefix-lm.separator": "sep",
      ])
      .contains("different separators (1 and 5)"))
    #expect(
      message(["members": "clm", "clm.packing": "best-fit"]).contains(
        "clm cannot take turns with others: it packs the documents of a whole unit"))
    #expect(
      message(["members": "clm", "clm.prefix": "nlu"]).contains("set clm.labels=column"))
  }

  @Test(arguments: [
    ("", "is not OBJECTIVE:WEIGHT"), ("t5-span:0", "is not a number above 0"),
    ("t5-span:x", "is not a number above 0"), ("t5-span,t5-span", "two members are named"),
    ("t5-spam", "did you mean \"t5-span\"?"), ("mixture", "cannot be a mixture itself"),
    ("a.b=clm", "is not OBJECTIVE:WEIGHT"), ("a=b=clm", "is not OBJECTIVE:WEIGHT"),
    ("t5-span,", "is not OBJECTIVE:WEIGHT"),
  ])
  func wrongMembersAreRefused(members: String, message: String) {
    #expect(self.message(["members": members]).contains(message))
  }

  @Test func wrongSettingsOfMembersAreRefused() {
    #expect(message(["t5-spam.length": "4"]).contains("did you mean \"t5-span\"?"))
    #expect(message(["t5-span.lenght": "4"]).contains("did you mean \"length\"?"))
    #expect(
      message(["t5-span.prefix": "nowhere"]).contains("neither a role nor a token \"nowhere\""))
    #expect(message(["lenght": "4"]).contains("did you mean \"length\"?"))
  }
}
