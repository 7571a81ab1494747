// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Pipeline

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Options that every command takes.
struct GlobalOptions: ParsableArguments {
  @Option(help: "Threads to work on; the output is the same for any number.")
  var threads: Int = GlobalOptions.processors

  @Flag(name: .shortAndLong, help: "No progress and no summary on standard error.")
  var quiet = false

  @Option(help: "How progress is shown on standard error: auto, plain, json or none.")
  var progress: ProgressStyle = .auto

  static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  func validate() throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads takes 1 to 1024, not \(threads)")
    }
  }

  /// Where progress goes.
  func display() -> ProgressDisplay {
    ProgressDisplay(style: quiet ? .none : progress)
  }

  /// A line of the summary.
  func note(_ text: String) {
    if !quiet { StandardError.write(text + "\n") }
  }
}

extension ProgressStyle: ExpressibleByArgument {}

/// `--limit` of commands that read a corpus.
struct LimitOption: ParsableArguments {
  @Option(help: ArgumentHelp("Read only the first N records.", valueName: "n"))
  var limit: Int?

  func validate() throws {
    if let limit, limit < 0 { throw ValidationError("--limit takes a number from 0, not \(limit)") }
  }
}

/// `-o` with what to do when something is there.
struct OutputOptions: ParsableArguments {
  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The dataset's directory, or - for an Arrow stream.", valueName: "output"))
  var output: String

  @Flag(help: "Continue an unfinished run; leave a finished one of the same parameters alone.")
  var resume = false

  @Flag(help: "Replace the dataset that is there.")
  var overwrite = false

  func destination() throws -> Destination {
    try Destination(output, resume: resume, overwrite: overwrite)
  }
}
