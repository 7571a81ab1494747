// SPDX-License-Identifier: Apache-2.0

import Corpus
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

private func code(_ arguments: String...) -> CorpusError.Code? {
  do {
    _ = try InputListing.files(for: arguments)
    return nil
  } catch {
    return error.code
  }
}

@Suite struct InputListingTests {
  @Test func listsDirectoriesInByteOrderOfTheirPathsWithoutHiddenNames() throws {
    let scratch = try ScratchDirectory()
    for name in ["b.txt", "a/z.txt", "a.txt", "a/b/c.txt", "é.txt", "B.txt", ".x", ".d/y.txt"] {
      try scratch.write(name, "x")
    }
    let expected = ["B.txt", "a.txt", "a/b/c.txt", "a/z.txt", "b.txt", "é.txt"]
    #expect(try scratch.names(scratch.path) == expected)
    #expect(try scratch.names(scratch.path + "/") == expected)
  }

  @Test func keepsTheOrderOfArgumentsAndAllowsTheSameFileTwice() throws {
    let scratch = try ScratchDirectory()
    let b = try scratch.write("b.txt", "bb")
    let a = try scratch.write("a.txt", "a")
    let files = try InputListing.files(for: [b, a, "-", b])
    #expect(files.map(\.name) == ["b.txt", "a.txt", "stdin", "b.txt"])
    #expect(files.map(\.argument) == [0, 1, 2, 3])
    #expect(files.map(\.storedSize) == [2, 1, 0, 2])
  }

  @Test func expandsPatterns() throws {
    let scratch = try ScratchDirectory()
    for name in ["a1.txt", "a2.txt", "b1.md", "d/a3.txt", "d/e/a4.txt", ".h.txt", "x[1].txt"] {
      try scratch.write(name, "x")
    }
    func names(_ pattern: String) throws -> [String] { try scratch.names(scratch.path + pattern) }
    #expect(try names("/*.txt") == ["a1.txt", "a2.txt", "x[1].txt"])
    #expect(try names("/a?.txt") == ["a1.txt", "a2.txt"])
    #expect(try names("/[!a]*") == ["b1.md", "d/a3.txt", "d/e/a4.txt", "x[1].txt"])
    #expect(try names("/**/*.txt") == ["a1.txt", "a2.txt", "d/a3.txt", "d/e/a4.txt", "x[1].txt"])
    #expect(try names("/d/**") == ["a3.txt", "e/a4.txt"])
    #expect(try names("/*/a[0-9].txt") == ["d/a3.txt"])
    #expect(try names("/.h*") == [".h.txt"])
    // A file of that very name is preferred.
    #expect(try names("/x[1].txt") == ["x[1].txt"])
    #expect(code(scratch.path + "/*.nothing") == .missing)
    #expect(code(scratch.path + "/no/*.txt") == .missing)
  }

  @Test func aPatternOfManyStarsIsNotExponential() throws {
    let scratch = try ScratchDirectory()
    try scratch.write(String(repeating: "a", count: 200), "x")
    #expect(code(scratch.path + "/" + String(repeating: "a*", count: 60) + "b") == .missing)
  }

  @Test func saysWhatIsMissing() throws {
    let scratch = try ScratchDirectory()
    let file = try scratch.write("a.txt", "x")
    #expect(code(scratch.path + "/b.txt") == .missing)
    #expect(code(file + "/b") == .missing)
    #expect(code("") == .usage)
    #expect(code("-", "-") == .usage)
    try scratch.makeDirectories(["empty"])
    #expect(code(scratch.path + "/empty") == .missing)
  }

  @Test func followsLinksButNotInCircles() throws {
    let scratch = try ScratchDirectory()
    try scratch.write("real/a.txt", "x")
    try scratch.link("real/up", to: "..")
    try scratch.link("real/self", to: ".")
    try scratch.link("other", to: "real")
    #expect(try scratch.names(scratch.path) == ["other/a.txt", "real/a.txt"])
    #expect(try scratch.names(scratch.path + "/real") == ["a.txt"])
    try scratch.link("dangling", to: "nowhere")
    #expect(code(scratch.path) == .missing)
  }

  @Test func refusesNamesThatAreNotUTF8() throws {
    let scratch = try ScratchDirectory()
    try scratch.write("a.txt", "x")
    let bytes = Array(scratch.path.utf8CString.dropLast()) + [0x2F, -1, 0x61, 0]
    let handle = try #require(fopen(bytes, "w"))
    fclose(handle)
    #expect(code(scratch.path) == .malformed)
    unlink(bytes)
    #expect(code(scratch.path) == nil)
  }

  @Test func groupsFilesUntilTheLimitIsReached() {
    func groups(_ sizes: [Int]) -> [[Int]] {
      let files = sizes.enumerated().map {
        InputFile(
          path: $1 < 0 ? "-" : "f\($0)", name: "f", argument: 0, storedSize: max(0, $1))
      }
      let groups = InputUnits.groups(files, groupBytes: 10)
      #expect(groups.map(\.index) == Array(0..<groups.count))
      return groups.map { $0.files.map(\.storedSize) }
    }
    #expect(groups([]) == [])
    #expect(groups([1, 2, 3]) == [[1, 2, 3]])
    #expect(groups([4, 4, 4, 4]) == [[4, 4, 4], [4]])
    #expect(groups([1, 10, 1, 99, 1]) == [[1], [10], [1], [99], [1]])
    #expect(groups([5, 5, 5]) == [[5, 5], [5]])
    #expect(groups([1, -1, 1]) == [[1], [0], [1]])
    #expect(groups([0, 0, 0]) == [[0, 0, 0]])
  }
}

extension ScratchDirectory {
  /// The files of one argument, as names.
  func names(_ argument: String) throws -> [String] {
    try InputListing.files(for: [argument]).map(\.name)
  }
}
