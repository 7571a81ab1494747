// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import CProcessor
internal import Pipeline

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The command line: one type a command, no logic of its own.
struct Prep: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prep",
    abstract: "Turns raw text into training examples, and proves that they are good.",
    discussion: """
      corpus ─▶ documents ─▶ token shards ─▶ example shards ─▶ any trainer

      prep tokenizer train corpus.jsonl --vocab-size 32000 -o tokenizer.json
      prep tokenize corpus.jsonl --tokenizer tokenizer.json --sentences -o tokens
      prep build tokens --objective t5-span -o shards
      prep validate shards
      prep train shards --check

      Exit status:
        0    good
        1    the data failed a check
        64   wrong usage
        65   input malformed or corrupt
        66   input missing or unreadable
        70   a bug of ours
        73   output cannot be created
        74   read or write failed
        130  interrupted
        141  the reader of our pipe went away
      """,
    version: Version.text,
    groupedSubcommands: [
      CommandGroup(name: "Text", subcommands: [TokenizerCommand.self, Normalize.self]),
      CommandGroup(
        name: "Datasets",
        subcommands: [
          Tokenize.self, Build.self, Run.self, Merge.self, Validate.self, Inspect.self, Report.self,
          Train.self, Export.self,
        ]),
      CommandGroup(name: "Reference", subcommands: [ObjectivesCommand.self, Bench.self]),
    ])
}

@main
enum Main {
  static func main() {
    // A reader that goes away is an error of the write, with a status of its own.
    signal(SIGPIPE, SIG_IGN)
    // Buffers of some megabytes come and go with every batch.
    cprocessor_keep_freed_pages()
    signal(SIGINT) { _ in _exit(ExitStatus.interrupted.rawValue) }
    do {
      var command = try Prep.parseAsRoot()
      try command.run()
    } catch {
      finish(error)
    }
  }

  private static func finish(_ error: any Error) -> Never {
    if ErrorKind.isOfTheParser(error) { Prep.exit(withError: error) }
    let status = ExitStatus(error)
    let prefix = status == .software ? "prep: internal error" : "prep: error"
    if status != .brokenPipe { StandardError.write("\(prefix): \(error)\n") }
    exit(status.rawValue)
  }
}
