// SPDX-License-Identifier: Apache-2.0

import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The program itself: pipes and exit statuses.
@Suite(.enabled(if: Program.exists, "the executable is not beside the tests"))
struct ExecutableTests {
  private let program: Program

  init() throws {
    program = try Program()
    let lines = (0..<60).map { number in
      #"{"id": "d\#(number)", "text": "A fox runs over hill \#(number). It sees \#(number * 7)."}"#
    }
    try program.write("corpus.jsonl", lines.joined(separator: "\n"))
    let status = program.run(
      "prep tokenizer train corpus.jsonl --vocab-size 600 -o tokenizer.json -q")
    #expect(status == 0, "\(program.errors)")
    try #require(
      program.run("prep tokenize corpus.jsonl --tokenizer tokenizer.json -o tokens -q") == 0)
  }

  @Test func aPipeGivesTheSameRows() throws {
    let options = "--objective clm --set length=32 --seed 5 -q"
    #expect(program.run("prep build tokens \(options) -o files") == 0)
    let piped = program.run(
      "prep tokenize corpus.jsonl --tokenizer tokenizer.json -o - -q"
        + " | prep build - --tokenizer tokenizer.json \(options) -o pipe")
    #expect(piped == 0, "\(program.errors)")
    #expect(program.run("cmp files/train-00000-000.arrow pipe/train-00000-000.arrow") == 0)
    #expect(program.run("prep validate files pipe") == 0)
  }

  @Test func aCutPipeIsNotAShortCorpus() {
    let build = "prep build - --objective clm --tokenizer tokenizer.json -q"
    #expect(
      program.run("prep tokenize corpus.jsonl --tokenizer tokenizer.json -o - -q > whole") == 0)
    #expect(program.run("head -c -1000 whole | \(build) -o cut") == 65)
    #expect(program.errors.contains("standard input"))
    // Nothing was finished, so nothing is left.
    #expect(program.run("test -e cut") == 1)
    // One byte is not what it was.
    #expect(
      program.run("(head -c 3000 whole; printf x; tail -c +3002 whole) | \(build) -o bad") == 65)
    #expect(program.run("echo hello | \(build) -o none") == 65)
    #expect(program.run("\(build) -o none < /dev/null") == 65)
    #expect(program.run("prep build - --objective clm -o none < whole") == 64)
    #expect(program.errors.contains("--tokenizer"))
    #expect(program.run("\(build) --epochs 2 -o none < whole") == 64)
  }

  @Test func everyStatusIsReached() {
    #expect(program.run("prep --help > /dev/null") == 0)
    #expect(program.run("prep --version > /dev/null") == 0)
    #expect(program.run("prep validate tokens > /dev/null") == 0)
    #expect(program.run("prep build tokens -o x") == 64)
    #expect(program.run("prep build tokens --objective nothing -o x") == 64)
    #expect(program.run("prep build nowhere --objective clm -o x") == 66)
    #expect(program.run("prep tokenize nowhere --tokenizer tokenizer.json -o x") == 66)
    #expect(program.run("prep tokenize corpus.jsonl --tokenizer corpus.jsonl -o x") == 65)
    #expect(program.run("prep tokenize corpus.jsonl --tokenizer tokenizer.json -o tokens") == 73)
    #expect(program.errors.contains("prep: error: tokens: "))
    #expect(program.run("prep validate tokens > /dev/full") == 74)
    #expect(
      program.run(
        "printf x | dd of=tokens/train-00000-000.arrow bs=1 seek=900 conv=notrunc 2> /dev/null; prep validate tokens > report"
      ) == 1)
    #expect(program.run("grep -q file-digest report") == 0)
  }

  @Test func aReaderThatGoesAwayIsNoError() {
    // The reader is gone before the first write.
    let status = program.run(
      "mkfifo gate; (prep inspect tokens -n 60 --json < gate; echo $? > status) | (exec <&-; : > gate)"
    )
    #expect(status == 0)
    #expect(program.run("test $(cat status) = 141") == 0)
    #expect(program.errors.isEmpty)
  }

  @Test func encodeAndDecodeAreInverse() {
    #expect(
      program.run(
        "prep tokenizer encode --raw --tokenizer tokenizer.json < corpus.jsonl"
          + " | prep tokenizer decode --raw --tokenizer tokenizer.json | cmp - corpus.jsonl") == 0)
  }
}

/// Runs shell commands in a scratch directory, where `prep` is the program under test.
final class Program {
  private let directory: String
  /// What the last command wrote to standard error.
  private(set) var errors = ""

  private static let binaries: String = {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let path = String(
      decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // Swift Testing may run in a process of its own; the bundle stands in the arguments.
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? path
    return bundle.lastIndex(of: "/").map { String(bundle[..<$0]) } ?? "."
  }()

  static var exists: Bool { access("\(binaries)/prep", X_OK) == 0 }

  init() throws {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((parent + "/prep-XXXXXX").utf8CString)
    directory = String(cString: try #require(mkdtemp(&template)))
  }

  deinit { system("rm -rf '\(directory)'") }

  func write(_ name: String, _ text: String) throws {
    let file = try #require(fopen("\(directory)/\(name)", "w"))
    fputs(text, file)
    fclose(file)
  }

  /// The exit status of a command line; of a pipe, that of its last command.
  func run(_ command: String) -> Int32 {
    let script = "cd '\(directory)' && PATH='\(Self.binaries)':$PATH && (\(command)) 2> errors"
    let status = system(script)
    errors = ""
    if let file = fopen("\(directory)/errors", "r") {
      var buffer = [UInt8](repeating: 0, count: 1 << 14)
      let count = fread(&buffer, 1, buffer.count, file)
      errors = String(decoding: buffer.prefix(count), as: UTF8.self)
      fclose(file)
    }
    return status & 0x7F == 0 ? status >> 8 & 0xFF : -1
  }
}
