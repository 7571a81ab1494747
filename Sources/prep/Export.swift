// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import ArrowIPC
internal import Pipeline

/// `prep export`
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a dataset in the format of another program.",
    discussion: """
      mds        MosaicML Streaming shards, a directory a split
      megatron   PREFIX.bin and PREFIX.idx a split; token datasets only
      jsonl      a JSON object a row, a file a split
      arrow      the same dataset with another compression (none for mapping)
      """)

  @Argument(help: ArgumentHelp("A dataset made by prep.", valueName: "dataset"))
  var dataset: String

  @Option(help: "mds, megatron, jsonl or arrow.")
  var format: ExportRun.Format

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The directory to write.", valueName: "directory"))
  var output: String

  @Option(help: "Compression of mds and arrow: none, or zstd:LEVEL.")
  var compression = "zstd:3"

  @Option(help: "What a Megatron sequence is: document or sentence.")
  var sequence: ExportRun.Sequence = .document

  @Flag(help: "Do not close Megatron documents with the eos token.")
  var noEod = false

  @Option(help: ArgumentHelp("Leave a column out; may be repeated.", valueName: "name"))
  var leaveOut: [String] = []

  @OptionGroup var global: GlobalOptions

  func run() throws {
    var export = try ExportRun(dataset, format: format)
    export.compression = try ArrowCompression(named: compression)
    export.sequence = sequence
    export.appendsEOD = !noEod
    export.leftOut = Set(leaveOut)
    let display = global.display()
    let written = try export.write(to: output) { display.show($0) }
    display.end()
    for path in written { global.note(path) }
  }
}
