// SPDX-License-Identifier: Apache-2.0
public import Corpus
internal import Datasets
internal import JSON
public import UnicodeText

/// `prep normalize`: a corpus in, the same documents with normalized text out.
public struct CorpusNormalization {
  private let scan: CorpusScan
  private let steps: TextPipeline
  private let options: CorpusOptions

  /// Checks the inputs and the steps.
  ///
  /// - Throws: `CorpusError` or `TextError` naming what cannot be used.
  public init(
    inputs: [String], corpus: CorpusOptions, steps: [TextStep], threads: Int, limit: Int?
  ) throws {
    scan = try CorpusScan(inputs: inputs, options: corpus, threads: threads, limit: limit)
    self.steps = try TextPipeline(steps: steps)
    options = corpus
  }

  /// Normalizes everything.
  ///
  /// JSON Lines stay JSON Lines, with `id`, `text` and, where they were asked for, the language
  /// and the kept fields; text stays text, with the separators that divided it.
  ///
  /// - Parameter write: receives the bytes in order.
  /// - Throws: the first error in the order of the input.
  public func run(progress: ProgressHandler, write: ([UInt8]) throws -> Void) throws {
    try scan.run(
      worker: {
        var text: [UInt8] = []
        return { batch, parser in
          var output: [UInt8] = []
          try parser.forEachDocument(in: batch) { document in
            try steps.apply(document.text, to: &text)
            append(document, text: text, isJSON: batch.isJSON, to: &output)
          }
          return output
        }
      },
      consume: { output, storedBytes in
        try write(output)
        progress(
          Progress(
            stage: "normalize", done: storedBytes, total: scan.totalBytes, measure: "bytes"))
      })
  }

  /// Writes the result to a file, which is complete or absent under its name.
  ///
  /// - Throws: `PipelineError` with `.outputRefused` when the file must not be replaced.
  public func write(to path: String, overwrite: Bool, progress: ProgressHandler) throws {
    try TokenizerTraining.checkOutput(path, overwrite: overwrite)
    try FileSystem.replace(path) { write in try run(progress: progress, write: write) }
  }

  private func append(
    _ document: borrowing DocumentView, text: [UInt8], isJSON: Bool, to output: inout [UInt8]
  ) {
    guard isJSON else {
      output += text
      switch options.split {
      case .document: break
      case .lines: output.append(UInt8(ascii: "\n"))
      case .blankLines: output += [UInt8(ascii: "\n"), UInt8(ascii: "\n")]
      case .separator(let separator): output += separator
      }
      return
    }
    var object: JSONObject = [
      "id": .string(document.id), "text": .string(String(decoding: text, as: UTF8.self)),
    ]
    if let language = document.lang { object["lang"] = .string(language) }
    for (name, value) in zip(options.keepFields, document.kept) { object[name] = value.json }
    output += JSONValue.object(object).serialized(sortedKeys: false)
    output.append(UInt8(ascii: "\n"))
  }
}

extension KeptValue {
  /// The value as it stood in the line; arrays and objects as their text.
  fileprivate var json: JSONValue {
    switch self {
    case .null: .null
    case .bool(let value): .bool(value)
    case .integer(let value): .integer(value)
    case .double(let value): .double(value)
    case .string(let value), .json(let value): .string(value)
    }
  }
}
