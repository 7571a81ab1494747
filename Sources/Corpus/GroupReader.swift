// SPDX-License-Identifier: Apache-2.0
public import Digests

/// Reads the files of a group one after the other and hands out whole records.
///
///     let reader = try GroupReader(group: group, options: options)
///     while let batch = try reader.nextBatch() { … }
///     reader.digest(ofCut: 0)
///
/// This is the serial part of reading: open, decompress, convert the encoding, find where records
/// end. What a record means is `DocumentParser`'s work, on any number of threads.
///
/// The stream of decoded bytes is divided into *cuts*: a cut ends after the first document at which
/// 256 MiB of it have been read. Cuts depend on the input and the options alone, so work can be
/// taken up again at any of them; what comes before is then decoded and passed over. Batches never
/// span files or cuts; their size influences nothing.
///
/// Memory: a few batches, or three times the longest document if that is more.
///
/// A reader belongs to one thread at a time; `digest(ofCut:)` and `range(ofCut:)` may be asked by
/// others meanwhile.
public final class GroupReader {
  /// Sizes that a test may want smaller.
  public struct Sizes: Sendable, Hashable {
    /// A cut ends at the first document at which so many decoded bytes have been read.
    public var cutBytes: Int
    /// About how many bytes a batch holds.
    public var batchBytes: Int

    /// 256 MiB a cut, 256 KiB a batch (at most 1 GiB), unless told otherwise.
    public init(cutBytes: Int = 256 << 20, batchBytes: Int = 256 << 10) {
      self.cutBytes = cutBytes
      self.batchBytes = min(batchBytes, 1 << 30)
    }
  }

  /// What is read.
  public let group: InputGroup
  /// How many stretches were not valid in `CorpusOptions.encoding` and became U+FFFD so far.
  public private(set) var malformedInEncoding = 0
  /// How many bytes of the files, as stored, were read so far.
  public var storedBytesRead: Int { storedBytesOfClosedFiles + (current?.storedBytesRead ?? 0) }
  private var storedBytesOfClosedFiles = 0
  private let options: CorpusOptions
  private let sizes: Sizes
  private let firstCut: Int
  private let ledger: CutLedger
  private var opened = 0
  private var current: FileReader?
  private var isFinished = false

  /// Prepares to read a group; nothing is opened yet.
  /// - Parameters:
  ///   - startingAtCut: the first cut whose batches are wanted.
  ///   - digests: whether cuts get a digest. Hashing takes more time than all else here does for a
  ///     file that is not compressed, so who needs no digest leaves it out.
  /// - Throws: `usage` for options that cannot be followed.
  public init(
    group: InputGroup, options: CorpusOptions, startingAtCut: Int = 0, digests: Bool = true,
    sizes: Sizes = Sizes()
  ) throws(CorpusError) {
    guard options.maxDocumentBytes > 0 else {
      throw CorpusError(.usage, "the limit for one document must be at least one byte")
    }
    if case .separator(let bytes) = options.split, bytes.isEmpty {
      throw CorpusError(.usage, "the separator between documents is empty")
    }
    if options.convertsEncoding, let encoding = options.encoding {
      try TranscodingProducer.check(encoding)
    }
    self.group = group
    self.options = options
    self.sizes = sizes
    firstCut = startingAtCut
    ledger = CutLedger(cutBytes: sizes.cutBytes, digests: digests)
  }

  /// The next records, or nil at the end of the group.
  ///
  /// A batch may hold no record, where there is nothing but white space for long.
  /// - Throws: `missing`, `unreadable`, `unsupported`, `corrupt`, `tooLarge`, `io`, `malformed`
  ///   (in an encoding other than UTF-8). What was handed out before stays good.
  public func nextBatch() throws(CorpusError) -> RawBatch? {
    while !isFinished {
      guard let reader = current else {
        guard opened < group.files.count else {
          ledger.finish(firstFile: group.files.first?.name ?? "")
          isFinished = true
          return nil
        }
        opened += 1
        current = try FileReader(group.files[opened - 1], options, batchBytes: sizes.batchBytes)
        continue
      }
      guard let chunk = try reader.nextChunk(cutAfter: ledger.remaining) else {
        malformedInEncoding += reader.malformedInEncoding
        storedBytesOfClosedFiles += reader.storedBytesRead
        current = nil
        continue
      }
      let cut = ledger.add(chunk.bytes, file: reader.file.name, offset: chunk.offset)
      if chunk.endsCut { ledger.close() }
      if cut < firstCut { continue }
      return RawBatch(
        bytes: chunk.bytes, records: chunk.records, file: reader.file, cut: cut,
        isJSON: reader.isJSON, isTable: reader.isTable)
    }
    return nil
  }

  /// The SHA-256 of the decoded bytes of a cut, once it was read to its end; also of cuts that were
  /// passed over. Nil if no digests were asked for.
  public func digest(ofCut cut: Int) -> SHA256Digest? { ledger.digest(ofCut: cut) }

  /// What a cut was read from, once it was read to its end.
  public func range(ofCut cut: Int) -> CutRange? { ledger.range(ofCut: cut) }
}
