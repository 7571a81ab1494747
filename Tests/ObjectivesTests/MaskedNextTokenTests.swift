// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Objectives

@Suite struct MaskedNextTokenTests {
  private func unit() throws -> TokenizedUnit {
    try syntheticUnit(documents: try randomLengths(documents: 60, sentences: 5, seed: 64))
  }

  @Test func windowsOfDocumentsWithEOSBetween() throws {
    let small = try syntheticUnit(documents: [[3], [4]])
    let objective = try make("mntp", ["length": "5", "document_order": "corpus"])
    let rows = try build(objective, small).rows
    let restored = rows.map { objective.restore($0) }
    #expect(restored == [[10, 11, 12, 1, 13], [14, 15, 16, 1]])
    #expect(rows[1]["attention_mask"] == [1, 1, 1, 1, 0])
  }

  @Test(arguments: ["concatenate", "sentences", "document", "best-fit"])
  func theFirstTokenOfASegmentIsNeverSelected(packing: String) throws {
    let objective = try make("mntp", ["packing": packing, "length": "64", "rate": "1"])
    for (row, frame) in zip(try build(objective, unit()).rows, try build(objective, unit()).frames)
    {
      let labels = try #require(row["labels"])
      var expected = Set(frame.tokens.indices.filter { frame.tokens[$0] >= 10 })
      expected.remove(0)
      if packing == "best-fit" { for piece in frame.pieces { expected.remove(piece.start) } }
      #expect(Set(labels.indices.filter { labels[$0] != -100 }) == expected)
      #expect(objective.faults(in: row).isEmpty)
    }
  }

  @Test func behindBOSTheFirstTokenMayBeSelected() throws {
    let objective = try make("mntp", ["framing_tokens": "bos", "length": "32", "rate": "1"])
    let row = try build(objective, unit()).rows[0]
    #expect(row["input_ids"]?.first == 3 && row["labels"]?.first == -100)
    #expect(row["labels"]?[1] != -100)
  }

  @Test func anotherTokenHidesWhereThereIsNoMask() throws {
    let vocabulary = try smallVocabulary(roles: ["eos": 1, "unk": 2])
    #expect(throws: ObjectiveError.self) { try make("mntp", [:], vocabulary) }
    for (role, id) in [("unk", Int64(2)), ("eos", 1)] {
      let objective = try make(
        "mntp", ["mask_token": role, "mask_share": "1", "random_share": "0", "length": "32"],
        vocabulary)
      for row in try build(objective, unit()).rows {
        #expect(objective.faults(in: row).isEmpty)
        for (label, input) in zip(try #require(row["labels"]), try #require(row["input_ids"]))
        where label != -100 {
          #expect(input == id)
        }
      }
    }
  }
}
