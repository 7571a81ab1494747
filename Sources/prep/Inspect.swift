// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON
internal import Pipeline

/// `prep inspect`
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show rows, decoded, with masks and targets told apart.",
    discussion: """
      Takes a dataset or any Arrow file, or an Arrow stream in a file. A masked position shows its target behind
      it in braces, [MASK]{ fox}; a position that is predicted although its input
      was kept shows {=}. With --json each row is a line with every column, and
      with "shard" and "row" for its place.
      """)

  @Argument(help: ArgumentHelp("A dataset, or an Arrow file.", valueName: "dataset"))
  var path: String

  @Option(name: .customShort("n"), help: "How many rows to show.")
  var count = 3

  @Option(help: "The first row to show, counted from 0 over all shards.")
  var row = 0

  @Option(help: "Only rows of this split.")
  var split: String?

  @Option(help: "Decode with this tokenizer instead of the dataset's own.")
  var tokenizer: String?

  @Flag(help: "Print a JSON object a row.")
  var json = false

  @Option(help: "Colours: auto, always or never.")
  var color: ColorChoice = .auto

  func validate() throws {
    guard row >= 0, count >= 0 else { throw ValidationError("-n and --row take numbers from 0.") }
  }

  func run() throws {
    let inspection = try Inspection(path: path, split: split, tokenizerPath: tokenizer)
    var output = StandardOutput()
    if json {
      try inspection.forEachRow(from: row, count: count) { row in
        var object = row.values
        if object["shard"] == nil { object["shard"] = .string(row.file) }
        if object["row"] == nil { object["row"] = .init(row.number) }
        let line = JSONValue.object(object).serialized(sortedKeys: false)
        try output.line(String(decoding: line, as: UTF8.self))
      }
    } else {
      let display = RowDisplay(tokenizer: inspection.tokenizer)
      let usesColor = color == .always || color == .auto && StandardOutput.isTerminal
      try output.line(inspection.summary)
      for column in inspection.columns {
        try output.line(RowDisplay.visible("  \(column.name): \(column.type)"))
      }
      try inspection.forEachRow(from: row, count: count) { row in
        try output.line("\n\(row.file), row \(row.number)")
        for line in display.lines(row) {
          let text = line.stretches.map { Self.paint($0, usesColor) }.joined()
          try output.line("  \(line.name): \(text)")
        }
      }
    }
    try output.flush()
  }

  private static func paint(_ stretch: RowDisplay.Stretch, _ usesColor: Bool) -> String {
    guard usesColor else { return stretch.text }
    let code =
      switch stretch.style {
      case .plain: ""
      case .special: "35"
      case .changed: "1;31"
      case .kept: "33"
      case .target: "32"
      case .quiet: "2"
      }
    return code.isEmpty ? stretch.text : "\u{1B}[\(code)m\(stretch.text)\u{1B}[0m"
  }
}

/// When colours are used.
enum ColorChoice: String, CaseIterable, ExpressibleByArgument {
  case auto
  case always
  case never
}
