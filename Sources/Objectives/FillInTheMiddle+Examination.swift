// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension FillInTheMiddle {
  /// In shorter fragments the prefix is empty too often.
  private static let leastFragment = 64

  var examination: Examination {
    var examination = Examination()
    examination.shiftsLabels = true
    guard level == .context else {
      // A document that was rearranged whole is cut into rows that each name all of it.
      examination.serving = .repeatedly
      return examination
    }
    var suffixFirst = ExpectedStatistic(
      "spm-share", "rearranged fragments with the suffix first", .rate, by: .draw)
    // An empty prefix looks the same in both orders.
    suffixFirst.headroom = 0.03
    // How many fragments were left alone a row does not tell: only ends of documents show.
    examination.statistics = [suffixFirst]
    return examination
  }

  /// Fragment after fragment; a document that was rearranged whole is cut into rows, none of which
  /// says how it was.
  func restoreStretches(_ row: ExampleRow) -> [[Int64]]? {
    guard level == .context, let ids = row["input_ids"] else { return nil }
    let used = min(ids.count, row["attention_mask"].map { $0.count { $0 == 1 } } ?? ids.count)
    var fragments: [[Int64]] = []
    for fragment in ids[..<used].split(separator: Int64(endID), omittingEmptySubsequences: false) {
      // Behind the last end token is nothing, unless a document goes on in another row.
      if fragment.isEmpty, fragment.endIndex == used { continue }
      guard fragment.first == Int64(prefixID) else {
        fragments.append(Array(fragment))
        continue
      }
      guard let suffix = fragment.firstIndex(of: Int64(suffixID)),
        let middle = fragment.firstIndex(of: Int64(middleID)), suffix < middle
      else { return nil }
      fragments.append(
        Array(
          fragment[(fragment.startIndex + 1)..<suffix] + fragment[(middle + 1)...]
            + fragment[(suffix + 1)..<middle]))
    }
    return fragments
  }

  func observe(_ row: ExampleRow, into observations: inout Observations) {
    guard level == .context, let ids = row["input_ids"] else { return }
    let used = row["attention_mask"].map { $0.count { $0 == 1 } } ?? ids.count
    var rearranged = 0
    var suffixFirst = 0
    var start = 0
    for index in 0..<min(used, ids.count) where ids[index] == Int64(endID) {
      if ids[start] == Int64(prefixID), index - start >= Self.leastFragment {
        rearranged += 1
        suffixFirst += ids[start + 1] == Int64(suffixID) ? 1 : 0
      }
      start = index + 1
    }
    observations.add(
      0, hits: suffixFirst, of: rearranged,
      expected: Double(self.suffixFirst.threshold) / 0x1p53 * Double(rearranged))
  }
}
