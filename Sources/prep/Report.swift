// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Datasets
internal import Pipeline
internal import Validation

/// `prep report`
struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a page about datasets: counts, checks, lengths, rows.",
    discussion: """
      One HTML file that needs nothing besides, and is the same for the same
      datasets. The status is 1 if a check fails; the page is written all the same.
      """)

  @Argument(help: ArgumentHelp("Datasets.", valueName: "dataset"))
  var datasets: [String]

  @Option(
    name: [.customShort("o"), .long], help: ArgumentHelp("The page.", valueName: "report.html"))
  var output: String

  @Option(name: .customShort("n"), help: "How many rows of each dataset to show.")
  var count = 8

  @Flag(help: "Replace the page that is there.")
  var overwrite = false

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard (0...1_000).contains(count) else { throw ValidationError("-n takes 0 to 1,000.") }
  }

  func run() throws {
    if !overwrite, FileSystem.exists(output) {
      throw DatasetError(.outputRefused, path: output, "is there already; --overwrite replaces it")
    }
    let display = global.display()
    let run = ReportRun(directories: datasets, samples: count, threads: global.threads)
    let subjects = try run.run { display.show($0) }
    display.end()
    try FileSystem.replace(output, with: ReportPage(subjects).bytes)
    global.note("\(output): \(Quantity.counted(subjects.count, "dataset"))")
    if subjects.contains(where: { !$0.validation.isGood }) {
      throw ExitCode(ExitStatus.checkFailed.rawValue)
    }
  }
}
