// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension IIDNoise {
  /// Not where the target has no room for what there usually is: noise, a sentinel a run, the end.
  private var countsNoise: Bool {
    let rate = Double(noise.threshold) / 0x1p53
    let usual = Double(pair.length) * rate * (2 - rate)
    return inputs == .spans && targets == .spans
      && (pair.layout == .decoder || 1.2 * usual < Double(pair.targetsLength))
  }

  var examination: Examination {
    var examination = Examination()
    examination.hidesLabels = pair.layout == .encoderDecoder && targets != .full
    if countsNoise {
      var rate = ExpectedStatistic("noise-rate", "tokens that are noise", .rate, by: .draw)
      // What finds no sentinel or no room in the target stays clean.
      rate.knownMisses = Tally.Event.clampedTokens.rawValue
      examination.statistics = [rate]
    }
    return examination
  }

  func observe(_ row: ExampleRow, into observations: inout Observations) {
    guard countsNoise, let texts = pair.texts(of: row),
      let stretches = SpanSides.stretches(texts, isSentinel: isSentinel)
    else { return }
    var clean = 0
    var noisy = 0
    for stretch in stretches {
      if stretch.isNoise {
        noisy += stretch.tokens.count
      } else {
        clean += stretch.tokens.count { separator.map(Int64.init) != $0 }
      }
    }
    observations.add(
      0, hits: noisy, of: clean + noisy,
      expected: Double(noise.threshold) / 0x1p53 * Double(clean + noisy))
  }
}
