// SPDX-License-Identifier: Apache-2.0
internal import Digests
internal import Synchronization

/// Numbers the cuts of a group and keeps what each was read from.
final class CutLedger {
  private struct Cut {
    let digest: SHA256Digest?
    let range: CutRange
  }

  private let cutBytes: Int
  /// Read by whoever writes the manifest while the reader goes on.
  private let complete = Mutex<[Cut]>([])
  private var count = 0
  private var hash = SHA256()
  private var start: (file: String, offset: Int)?
  private var end: (file: String, offset: Int) = ("", 0)
  private var length = 0

  private let digests: Bool

  init(cutBytes: Int, digests: Bool) {
    self.cutBytes = max(1, cutBytes)
    self.digests = digests
  }

  /// How many more bytes the cut takes: the document that reaches them is its last.
  var remaining: Int { cutBytes - length }

  /// Adds decoded bytes, of one file, and gives the cut that they belong to.
  func add(_ bytes: [UInt8], file: String, offset: Int) -> Int {
    if start == nil { start = (file, offset) }
    if digests { hash.update(bytes) }
    length += bytes.count
    end = (file, offset + bytes.count)
    return count
  }

  /// Ends the cut after a document.
  func close() {
    let begin = start ?? end
    let digest = digests ? exchange(&hash, with: SHA256()).finalize() : nil
    let range = CutRange(
      startFile: begin.file, startOffset: begin.offset, endFile: end.file, endOffset: end.offset,
      byteCount: length)
    complete.withLock { $0.append(Cut(digest: digest, range: range)) }
    count += 1
    length = 0
    start = nil
  }

  /// Ends the last cut when the group ends. A group of nothing still has one.
  func finish(firstFile: String) {
    if count == 0, start == nil { start = (firstFile, 0) }
    guard let begin = start else { return }
    if length == 0, end.file.isEmpty { end = begin }
    close()
  }

  func digest(ofCut cut: Int) -> SHA256Digest? {
    complete.withLock { $0.indices.contains(cut) ? $0[cut].digest : nil }
  }

  func range(ofCut cut: Int) -> CutRange? {
    complete.withLock { $0.indices.contains(cut) ? $0[cut].range : nil }
  }
}
