// SPDX-License-Identifier: Apache-2.0
internal import Corpus
internal import Digests
internal import JSON
internal import Synchronization

/// Hands out the batches of one group cut by cut, and stops at a number of records.
final class BatchSource {
  private let reader: GroupReader
  private var ahead: RawBatch?
  private var cut: Int?
  private(set) var recordsLeft: Int
  private var recordsOfCut = 0
  private let isLimited: Bool
  private let storedPosition = Atomic<Int>(0)

  init(_ reader: GroupReader, limit: Int) {
    self.reader = reader
    recordsLeft = limit
    isLimited = limit < Int.max
  }

  /// Bytes of the group's files, as stored, that have been read; may be asked from any thread.
  var storedBytesRead: Int { storedPosition.load(ordering: .relaxed) }

  /// Moves on to the next cut; `nil` at the end of the group.
  func nextCut() throws -> Int? {
    try lookAhead()
    cut = ahead?.cut
    recordsOfCut = 0
    return cut
  }

  /// The next batch of the cut; `nil` at its end.
  func next() throws -> RawBatch? {
    try lookAhead()
    guard let batch = ahead, batch.cut == cut else { return nil }
    ahead = nil
    recordsOfCut += batch.records.count
    return batch
  }

  /// What the cut was made from, as the manifest states it; call when the cut is read to its end.
  func describeCut() throws -> JSONValue {
    try lookAhead()
    guard let cut else { return .null }
    var description: JSONObject = ["ends_group": .bool(ahead == nil)]
    // A limit stops in the middle of a batch: there is no whole range to name, but a run that
    // goes on later must know how much of the limit is left.
    if isLimited {
      description["records"] = .init(recordsOfCut)
    } else {
      guard let range = reader.range(ofCut: cut), let digest = reader.digest(ofCut: cut) else {
        return .null
      }
      description["from"] = [
        "file": .string(range.startFile), "offset": .init(range.startOffset),
      ]
      description["to"] = ["file": .string(range.endFile), "offset": .init(range.endOffset)]
      description["bytes"] = .init(range.byteCount)
      description["sha256"] = .string("\(digest)")
    }
    return .object(description)
  }

  /// SHA-256 of the decoded bytes of a cut that was read or passed over.
  func digest(ofCut cut: Int) -> SHA256Digest? { reader.digest(ofCut: cut) }

  private func lookAhead() throws {
    guard ahead == nil, recordsLeft > 0, var batch = try reader.nextBatch() else { return }
    if batch.records.count > recordsLeft {
      batch.records.removeLast(batch.records.count - recordsLeft)
    }
    if isLimited { recordsLeft -= batch.records.count }
    storedPosition.store(reader.storedBytesRead, ordering: .relaxed)
    ahead = batch
  }
}
