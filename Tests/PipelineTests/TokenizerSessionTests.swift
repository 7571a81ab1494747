// SPDX-License-Identifier: Apache-2.0

import Testing
import Tokenization

@testable import Pipeline

@Suite struct TokenizerSessionTests {
  private let tokenizer: Tokenizer

  init() throws { tokenizer = try Workshop.trained(size: 600) }

  private func session(ends: Bool = false) -> TokenizerSession {
    TokenizerSession(tokenizer, addedTokens: .never, givesEnds: ends)
  }

  @Test func textsComeBack() throws {
    let session = session()
    for text in [#""the fox""#, #""""#, #""é😀\n<s>""#] {
      let ids = try session.encode(line: Array(text.utf8), number: 1)
      let line = try session.decode(
        line: Array(ids.dropLast()), number: 1, raw: false, skippingSpecial: false)
      #expect(String(decoding: line, as: UTF8.self) == text + "\n")
    }
  }

  @Test func endsAreBytesOfTheOriginal() throws {
    // NFC makes two bytes of the three; the mark that goes into the letter ends no token.
    let line = try session(ends: true).encode(bytes: Array("e\u{301}".utf8))
    let text = String(decoding: line, as: UTF8.self)
    #expect(text.hasPrefix(#"{"ids":["#))
    #expect(text.hasSuffix("1]}\n"))
  }

  @Test(arguments: ["7", "{", "", "[]", "null"])
  func linesThatAreNoStringsAreNumbered(_ line: String) throws {
    let error = try #require(throws: PipelineError.self) {
      _ = try session().encode(line: Array(line.utf8), number: 12)
    }
    #expect(error.code == .malformed)
    #expect(error.message.contains("line 12"))
  }

  @Test(arguments: ["\"a\"", "[1.5]", "[-1]", "[600]", "[4294967296]", "[\"1\"]", "[1"])
  func linesThatAreNoIDsAreNumbered(_ line: String) throws {
    let error = try #require(throws: PipelineError.self) {
      _ = try session().decode(
        line: Array(line.utf8), number: 3, raw: true, skippingSpecial: false)
    }
    #expect(error.code == .malformed)
    #expect(error.message.contains("line 3"))
  }
}
