// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension ReplacedTokens {
  var examination: Examination {
    var examination = Examination()
    if form == .generatorInputs {
      examination.statistics = [
        ExpectedStatistic(
          "mask-share", "selected tokens that became the mask token", .rate, by: .draw)
      ]
    }
    return examination
  }

  func observe(_ row: ExampleRow, into observations: inout Observations) {
    guard form == .generatorInputs, let ids = row["input_ids"], let labels = row["labels"] else {
      return
    }
    var selected = 0
    var masked = 0
    for (id, label) in zip(ids, labels) where label != Int64(Column.ignoredLabel) {
      selected += 1
      masked += id == Int64(maskID) ? 1 : 0
    }
    observations.add(
      0, hits: masked, of: selected,
      expected: Double(maskThreshold.threshold) / 0x1p53 * Double(selected))
  }

  /// What stood where a token was replaced is known only from `original_ids`.
  func restore(_ row: ExampleRow) -> [Int64]? {
    guard let ids = row["input_ids"], let labels = row["labels"], labels.count == ids.count else {
      return nil
    }
    let used = row["attention_mask"].map { $0.count { $0 == 1 } } ?? ids.count
    guard used <= ids.count, template.prefix.count + template.suffix.count <= used else {
      return nil
    }
    let content = template.prefix.count..<(used - template.suffix.count)
    if let originals = row["original_ids"], originals.count == ids.count {
      return Array(originals[content])
    }
    switch form {
    case .discriminator: return content.map { labels[$0] == 1 ? -1 : ids[$0] }
    case .generatorInputs: return content.map { labels[$0] < 0 ? ids[$0] : labels[$0] }
    }
  }
}
