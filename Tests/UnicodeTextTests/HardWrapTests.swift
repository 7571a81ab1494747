// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import UnicodeText

@Suite("Hard-wrapped text")
struct HardWrapTests {
  static func isLikely(_ text: String) -> Bool {
    Array(text.utf8).withUnsafeBufferPointer(HardWrap.isLikely)
  }

  /// The words of every line filled into lines of a width.
  static func wrap(_ text: String, width: Int) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { paragraph in
      var lines: [String] = []
      for word in paragraph.split(separator: " ") {
        if let last = lines.last, last.unicodeScalars.count + 1 + word.unicodeScalars.count <= width
        {
          lines[lines.count - 1] = last + " " + word
        } else {
          lines.append(String(word))
        }
      }
      return lines.joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  static let prose = """
    It was late in the year when the two of them came down to the harbour, and the boats had already \
    been drawn up on the stones. Nobody spoke. The older man counted the nets, found that one was \
    missing, and counted them again; the younger looked at the water as if it might give it back.
    By the time the lamp was lit they had agreed to leave it until the morning. The wind went round \
    to the north, a door banged somewhere above the street, and a dog that neither of them had seen \
    before lay down between their feet and slept without so much as a glance at either.
    """

  @Test("Lines of ASCII are measured like others", arguments: [30, 45, 72, 140])
  func ascii(width: Int) {
    for text in [Self.prose, Self.prose.lowercased(), " a\tb \n c\n\n" + Self.prose] {
      let wrapped = Self.wrap(text, width: width)
      let accented = String(wrapped.map { $0 == "e" ? "é" : $0 })
      #expect(Self.isLikely(wrapped) == Self.isLikely(accented))
    }
  }

  @Test("Prose filled to a width is hard-wrapped", arguments: [45, 60, 72, 80, 100])
  func wrapped(width: Int) {
    #expect(Self.isLikely(Self.wrap(Self.prose, width: width)))
    #expect(Self.isLikely(Self.wrap(Self.prose, width: width).replacing("\n", with: "\r\n")))
  }

  @Test("One paragraph a line, verse, lists and code are not")
  func notWrapped() {
    #expect(!Self.isLikely(""))
    #expect(!Self.isLikely("\n\n\n\n\n\n\n"))
    #expect(!Self.isLikely(String(repeating: Self.prose + "\n", count: 10)))
    let verse = """
      Shall I compare thee to a summer's day?
      Thou art more lovely and more temperate:
      Rough winds do shake the darling buds of May,
      And summer's lease hath all too short a date;
      Sometime too hot the eye of heaven shines,
      And often is his gold complexion dimm'd;
      And every fair from fair sometime declines,
      By chance or nature's changing course untrimm'd;
      """
    #expect(!Self.isLikely(verse))
    #expect(
      !Self.isLikely((1...40).map { "- item number \($0) of a list" }.joined(separator: "\n")))
    let code = """
      func wrap(_ text: String, width: Int) -> String {
        var lines: [String] = []
        for word in text.split(separator: " ") {
          if let last = lines.last, last.count + 1 + word.count <= width {
            lines[lines.count - 1] = last + " " + word
          } else {
            lines.append(String(word))
          }
        }
        return lines.joined(separator: "\\n")
      }
      """
    #expect(!Self.isLikely(code))
  }

  @Test("Filled text in a script without spaces is hard-wrapped")
  func japanese() {
    let line = "吾輩は猫である名前はまだ無いどこで生れたかとんと見当がつかぬ何でも薄暗い"
    #expect(Self.isLikely(Array(repeating: line, count: 8).joined(separator: "\n")))
  }
}
