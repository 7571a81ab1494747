// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Pipeline

/// `prep bench scan`
struct BenchScan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scan",
    abstract: "How fast a dataset is read, against zstd alone, and what each column costs on disk.")

  @Argument(help: ArgumentHelp("A dataset made by prep.", valueName: "dataset"))
  var dataset: String

  @Option(help: "Timed passes, of which the median is given.")
  var rounds = 5

  @Flag(help: "Print a JSON object.")
  var json = false

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let benchmark = try ScanBenchmark(directory: dataset, threads: global.threads, rounds: rounds)
    try Bench.show(benchmark.measure(), json: json)
  }
}
