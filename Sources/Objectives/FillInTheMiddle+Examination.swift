// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension FillInTheMiddle {
  /// In shorter fragments the prefix is empty too often.
  private static let leastFragment = 64
  /// What two even cuts leave behind the second: at most a share x with probability 1 − (1 − x)².
  private static let suffixShares = [7.0 / 16, 5.0 / 16, 3.0 / 16, 1.0 / 16]

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
    var rearranged = ExpectedStatistic(
      "rearranged-share", "fragments that were rearranged", .rate, by: .draw)
    rearranged.knownHits = Tally.Event.rearrangedFragments.rawValue
    var suffixes = ExpectedStatistic(
      "suffix-lengths", "rearranged fragments by the quarter that their suffix is long",
      .shape(bins: Self.suffixShares.count), by: .draw)
    // Cuts are drawn among characters, of which some tokens have more.
    suffixes.slack = 0.05
    examination.statistics = [suffixFirst, rearranged, suffixes]
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
    let used = min(ids.count, row["attention_mask"].map { $0.count { $0 == 1 } } ?? ids.count)
    var rearranged = 0
    var suffixFirst = 0
    var suffixes = Self.suffixShares.map { _ in 0 }
    for fragment in ids[..<used].split(separator: Int64(endID))
    where fragment.first == Int64(prefixID) && fragment.count >= Self.leastFragment {
      rearranged += 1
      suffixFirst += fragment[fragment.startIndex + 1] == Int64(suffixID) ? 1 : 0
      if let start = fragment.firstIndex(of: Int64(suffixID)),
        let end = fragment.firstIndex(of: Int64(middleID)), start < end
      {
        suffixes[(end - start - 1) * suffixes.count / (fragment.count - 2)] += 1
      }
    }
    observations.add(
      0, hits: suffixFirst, of: rearranged,
      expected: Double(self.suffixFirst.threshold) / 0x1p53 * Double(rearranged))
    if let stretches = row.stretchCount {
      observations.add(
        1, hits: ids[..<used].count { $0 == Int64(prefixID) }, of: stretches,
        expected: Double(rate.threshold) / 0x1p53 * Double(stretches))
    }
    observations.add(
      2, counts: suffixes,
      expected: Self.suffixShares.map { $0 * Double(suffixes.reduce(0, +)) })
  }
}
