// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Corpus
import Datasets
import JSON
import Objectives
import Randomness
import TestSupport
import Testing
import Tokenization
import UnicodeText

@testable import Pipeline

@Suite struct ExitStatusTests {
  @Test func everyErrorHasItsStatus() {
    struct Unknown: Error {}
    let cases: [(any Error, Int32)] = [
      (PipelineError(.usage, ""), 64), (PipelineError(.malformed, ""), 65),
      (PipelineError(.missing, ""), 66), (PipelineError(.outputRefused, ""), 73),
      (PipelineError(.inputOutput, ""), 74), (PipelineError(.brokenPipe, ""), 141),
      (DatasetError(.usage, path: "", ""), 64), (DatasetError(.notADataset, path: "", ""), 65),
      (DatasetError(.corrupt, path: "", ""), 65), (DatasetError(.missing, path: "", ""), 66),
      (DatasetError(.outputRefused, path: "", ""), 73),
      (DatasetError(.inputOutput, path: "", ""), 74),
      (DatasetError(.brokenPipe, path: "", ""), 141),
      (TokenizerError(.invalidOption, ""), 64), (TokenizerError(.unknownRole, ""), 64),
      (TokenizerError(.unknownToken, ""), 64), (TokenizerError(.malformed, ""), 65),
      (TokenizerError(.unsupported, ""), 65), (TokenizerError(.inconsistent, ""), 65),
      (ObjectiveError(.inconsistentInput, subject: "", ""), 65),
      (ObjectiveError(.missingInput, subject: "", ""), 65),
      (JSONError(.unexpectedEnd, offset: 0, message: ""), 65),
      (Unknown(), 70),
    ]
    for (error, status) in cases { #expect(Status(error).rawValue == status, "\(error)") }
  }

  @Test func errorsOfTheLibrariesArriveWithTheirStatus() throws {
    let scratch = try ScratchDirectory()
    let missing = try #require(throws: (any Error).self) {
      try InputListing.files(for: [scratch("nowhere")])
    }
    #expect(Status(missing) == .missing)
    let step = try #require(throws: (any Error).self) { _ = try SentenceBreaker(locale: "!!") }
    #expect(Status(step) == .usage)
    let notArrow = try #require(throws: (any Error).self) {
      _ = try ArrowFileReader(bytes: [1, 2, 3])
    }
    #expect(Status(notArrow) == .malformed)
    let epoch = try #require(throws: (any Error).self) {
      _ = try RandomStreams(key: StreamKey(seed: 0), unit: 0, epoch: 1 << 40)
    }
    #expect(Status(epoch) == .usage)
  }

  @Test func statusesAreThoseOfSysexits() {
    #expect(
      Status.allCases.map(\.rawValue) == [0, 1, 64, 65, 66, 70, 73, 74, 130, 141])
  }
}
