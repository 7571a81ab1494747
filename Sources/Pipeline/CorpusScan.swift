// SPDX-License-Identifier: Apache-2.0
internal import Concurrency
internal import Corpus
internal import UnicodeText

/// Runs over all documents of a corpus in parallel, with results in the order of the corpus.
struct CorpusScan {
  let groups: [InputGroup]
  let options: CorpusOptions
  let threads: Int
  let limit: Int?

  init(inputs: [String], options: CorpusOptions, threads: Int, limit: Int?) throws {
    groups = try InputUnits.groups(InputListing.files(for: inputs))
    self.options = options
    self.threads = threads
    self.limit = limit
  }

  /// Stored bytes of all files; `nil` for a pipe.
  var totalBytes: Int? {
    groups.contains { $0.files.contains(where: \.isStandardInput) }
      ? nil : groups.reduce(0) { $0 + $1.storedSize }
  }

  /// - Parameters:
  ///   - worker: makes for one thread what turns a batch of records into a result.
  ///   - consume: receives the results in order, with the stored bytes read so far.
  func run<Output: Sendable>(
    worker: () throws -> (RawBatch, inout DocumentParser) throws -> Output,
    consume: (Output, _ storedBytes: Int) throws -> Void
  ) throws {
    var recordsLeft = limit ?? Int.max
    var bytesOfGroupsDone = 0
    for group in groups where recordsLeft > 0 {
      let source = BatchSource(
        try GroupReader(group: group, options: options, digests: false), limit: recordsLeft)
      while try source.nextCut() != nil {
        try OrderedPipeline<RawBatch, Output, Void, Void>(threads: threads).run(
          source: { try source.next() },
          worker: {
            let body = try worker()
            var parser = DocumentParser(options: options)
            return .init(map: { try body($0, &parser) }, finish: { $0 })
          },
          fold: { output, _ in try consume(output, bytesOfGroupsDone + source.storedBytesRead) },
          flush: { _ in }, sink: { _ in })
      }
      recordsLeft = source.recordsLeft
      bytesOfGroupsDone += group.storedSize
    }
  }
}
