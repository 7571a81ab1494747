// SPDX-License-Identifier: Apache-2.0

import Corpus
import Testing

/// A document that outlives the call.
struct Document: Hashable {
  var id: String
  var text: String
  var lang: String?
  var source: Int
  var kept: [KeptValue]
}

/// Everything that reading a group gives.
struct Reading {
  var documents: [Document] = []
  var counts = CorpusCounts()
  var batches: [RawBatch] = []
  var reader: GroupReader

  var texts: [String] { documents.map(\.text) }
  var ids: [String] { documents.map(\.id) }
}

func read(
  _ paths: [String], _ options: CorpusOptions = CorpusOptions(), startingAtCut: Int = 0,
  _ sizes: GroupReader.Sizes = GroupReader.Sizes()
) throws -> Reading {
  let group = InputGroup(index: 0, files: try InputListing.files(for: paths))
  let reader = try GroupReader(
    group: group, options: options, startingAtCut: startingAtCut, sizes: sizes)
  var parser = DocumentParser(options: options)
  var reading = Reading(reader: reader)
  while let batch = try reader.nextBatch() {
    reading.counts += try parser.forEachDocument(in: batch) { view in
      reading.documents.append(
        Document(
          id: view.id, text: String(decoding: view.text, as: UTF8.self), lang: view.lang,
          source: view.source, kept: view.kept))
    }
    reading.batches.append(batch)
  }
  return reading
}

/// The error that reading ends with, nil if it does not.
func failure(
  _ paths: [String], _ options: CorpusOptions = CorpusOptions(),
  _ sizes: GroupReader.Sizes = GroupReader.Sizes()
) -> CorpusError? {
  do {
    _ = try read(paths, options, sizes)
    return nil
  } catch {
    return error as? CorpusError
  }
}

func options(_ change: (inout CorpusOptions) -> Void) -> CorpusOptions {
  var options = CorpusOptions()
  change(&options)
  return options
}

/// Deterministic random numbers (splitmix64).
struct Dice {
  var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((word ^ (word >> 31)) % UInt64(bound))
  }
}
