// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Datasets
internal import Pipeline
internal import Validation

/// `prep run`
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make everything that a pipeline file names.",
    discussion: """
      The file (YAML) names sources, a tokenizer, datasets and checks; see
      Pipelines/quickstart.yaml. What is there already and was made from the same
      input with the same parameters is kept; an unfinished dataset is continued.
      """)

  @Argument(help: ArgumentHelp("The pipeline file.", valueName: "pipeline.yaml"))
  var file: String

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Write here instead of where the file says.", valueName: "directory"))
  var output: String?

  @Flag(help: "Replace outputs that were made from other input or with other parameters.")
  var overwrite = false

  @Option(
    help: ArgumentHelp(
      "Make only the share of task I of N, counted from 0; prep merge joins them.",
      valueName: "i/n"))
  var task: String?

  @OptionGroup var limit: LimitOption
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let pipeline = try PipelineFile(path: file, output: output)
    let work = try task.map { PipelineRun.Work.task(try Part($0, option: "--task")) }
    if work != nil, overwrite {
      throw ValidationError("--task and --overwrite exclude each other; remove what is there.")
    }
    let run = PipelineRun(
      pipeline, threads: global.threads, limit: limit.limit, overwrites: overwrite,
      work: work ?? .everything)
    try Self.carryOut(run, pipeline, global)
  }

  /// Runs, and tells what was made.
  ///
  /// - Throws: `ExitCode` 1 if a dataset fails its check.
  static func carryOut(_ run: PipelineRun, _ pipeline: PipelineFile, _ global: GlobalOptions) throws
  {
    let display = global.display()
    var isGood = true
    var isWhole = true
    var output = StandardOutput()
    try run.run(
      progress: { display.show($0) },
      report: { event in
        display.end()
        switch event {
        case .validation(_, let report): isGood = isGood && report.isGood
        case .share, .tasksAreNext: isWhole = false
        case .tokenizer, .dataset: break
        }
        for line in Self.lines(event) { try output.line(line) }
        try output.flush()
      })
    for line in isWhole ? Self.account(pipeline) : [] { try output.line(line) }
    try output.flush()
    if !isGood { throw ExitCode(ExitStatus.checkFailed.rawValue) }
  }

  /// What to do with what was made.
  private static func account(_ pipeline: PipelineFile) -> [String] {
    guard let dataset = pipeline.datasets.first else { return [] }
    let path = "\(pipeline.output)/\(dataset.name)"
    return [
      "", "Look at rows:        prep inspect \(path)",
      "Check a dataset:     prep validate \(path)",
      "Load it in Python:   from datasets import load_dataset",
      "                     from transformers import AutoTokenizer",
      "                     rows = load_dataset(\"\(path)\")[\"train\"]",
      "                     tokenizer = AutoTokenizer.from_pretrained(\"\(path)\")",
    ]
  }

  private static func lines(_ event: PipelineRun.Event) -> [String] {
    switch event {
    case .tokenizer(let path, let size, let outcome):
      ["\(word(outcome))  \(path): a tokenizer of \(Quantity.grouped(size)) entries"]
    case .dataset(let path, let manifest, let outcome):
      ["\(word(outcome))  \(path): \(content(manifest))"]
    case .validation(let path, let report):
      report.isGood
        ? ["good  \(path): all \(Quantity.grouped(report.rows)) rows pass"]
        : report.findings.map { "FAULT \(path): \($0)" }
    case .share(let path, let units, let part):
      ["share \(path): \(Quantity.counted(units, "unit")) of task \(part)"]
    case .tasksAreNext(let paths):
      ["next  prep run with --task for \(paths.joined(separator: ", ")), then prep merge"]
    }
  }

  private static func word(_ outcome: PipelineRun.Outcome) -> String {
    outcome == .made ? "made" : "kept"
  }

  private static func content(_ manifest: Manifest) -> String {
    let rows = manifest.shards.reduce(0) { $0 + $1.rows }
    let tokens = manifest.shards.reduce(0) { $0 + $1.tokens }
    let what = manifest.objective.map { "examples for \($0.name)" } ?? "tokenized documents"
    let splits = manifest.splits.joined(separator: ", ")
    return "\(Quantity.grouped(rows)) \(what), \(Quantity.grouped(tokens)) tokens (\(splits))"
  }
}
