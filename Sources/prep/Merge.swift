// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Pipeline

/// `prep merge`
struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Seal the datasets that tasks of prep run have made.",
    discussion: """
      Examples are made from whole tokens, so there are two rounds:

      prep run pipeline.yaml --task I/N    for each I from 0 to N - 1: tokens
      prep merge pipeline.yaml
      prep run pipeline.yaml --task I/N    the same again: datasets of examples
      prep merge pipeline.yaml

      The result is what prep run pipeline.yaml makes, byte for byte. If a task has
      not finished its share, nothing is sealed, and its number is named.
      """)

  @Argument(help: ArgumentHelp("The pipeline file.", valueName: "pipeline.yaml"))
  var file: String

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "The output of the tasks, if not where the file says.", valueName: "directory"))
  var output: String?

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let pipeline = try PipelineFile(path: file, output: output)
    let run = PipelineRun(
      pipeline, threads: global.threads, limit: nil, overwrites: false, work: .merge)
    try Run.carryOut(run, pipeline, global)
  }
}
