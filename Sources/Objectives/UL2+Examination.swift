// SPDX-License-Identifier: Apache-2.0

extension UL2 {
  var examination: Examination {
    var examination = Examination()
    examination.hidesLabels = pair.layout == .encoderDecoder
    examination.statistics = [
      ExpectedStatistic(
        "denoiser-shares", "rows by denoiser", .shape(bins: Self.kinds.count), by: .draw)
    ]
    if denoisers.contains(where: { $0.split != nil }) {
      examination.statistics.append(PrefixSplit.statistic)
    }
    return examination
  }

  func observe(_ row: ExampleRow, into observations: inout Observations) {
    guard let task = row["task"]?.first, let texts = pair.texts(of: row),
      let denoiser = denoisers.first(where: { Int64($0.task) == task })
    else { return }
    let weights = Self.kinds.map { (try? parameters.real("weight_\($0.name)")) ?? 0 }
    let sum = weights.reduce(0, +)
    var counts = [Int](repeating: 0, count: weights.count)
    counts[denoiser.task] = 1
    observations.add(0, counts: counts, expected: weights.map { $0 / sum })
    if let split = denoiser.split {
      let prefix = texts.input.count - (denoiser.mode == nil ? 0 : 1)
      split.observe(prefix: prefix, of: prefix + texts.target.count, 1, &observations)
    }
  }
}

extension UL2.Denoiser {
  fileprivate var split: PrefixSplit? {
    if case .split(let split) = corruption { split } else { nil }
  }
}
