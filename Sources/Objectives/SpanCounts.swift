// SPDX-License-Identifier: Apache-2.0

/// How much noise a sequence gets, and how long inputs and targets become (Raffel et al. 2020,
/// arXiv 1910.10683 §3.1.4; `random_spans_helper` and `random_spans_noise_mask` of
/// google-research/text-to-text-transfer-transformer, t5/data/preprocessors.py).
struct SpanCounts: Sendable, Hashable {
  /// The precision in which the mask's counts are computed.
  enum Arithmetic: String {
    case float64
    case float32
  }

  let noise: Int
  let spans: Int

  /// The counts of a mask over `length` tokens.
  ///
  /// One token has no noise. Where the spans cannot all be kept apart, there are fewer.
  static func mask(
    length: Int, density: Double, mean: Double, arithmetic: Arithmetic = .float64,
    most: Int = .max
  ) -> SpanCounts {
    guard length > 1 else { return SpanCounts(noise: 0, spans: 0) }
    let rounded: Int
    let spans: Int
    switch arithmetic {
    case .float64:
      rounded = min(max(Rounding.halfEven(Double(length) * density), 1), length - 1)
      spans = Rounding.halfEven(Double(rounded) / mean)
    case .float32:
      rounded = min(max(Rounding.halfEven(Float(length) * Float(density)), 1), length - 1)
      spans = Rounding.halfEven(Float(rounded) / Float(mean))
    }
    return SpanCounts(
      noise: rounded, spans: min(max(spans, 1), max(1, most), length - rounded, rounded))
  }
}

/// Raw tokens and target tokens that make inputs of a given length.
struct SpanLengths: Sendable, Hashable {
  let tokens: Int
  let targets: Int
  let spans: Int

  /// The largest number of raw tokens whose inputs fit, searched upward as the original does.
  ///
  /// - Parameters:
  ///   - inputs: Tokens of the corrupted input, EOS included.
  ///   - reserve: Sentinels kept free on both sides (1 when a rolled mask may split a span).
  ///   - most: The most spans, when sentinels are few.
  /// - Returns: nil if not even one token fits.
  static func fitting(
    inputs: Int, density: Double, mean: Double, reserve: Int = 0, most: Int = .max
  ) -> SpanLengths? {
    func lengths(_ tokens: Int) -> (inputs: Int, targets: Int, spans: Int) {
      let noise = Rounding.halfEven(Double(tokens) * density)
      let spans = min(Rounding.halfEven(Double(noise) / mean), most)
      return (tokens - noise + spans + reserve + 1, noise + spans + reserve + 1, spans)
    }
    var tokens = inputs - 1 - reserve
    while tokens > 0, lengths(tokens).inputs > inputs { tokens -= 1 }
    guard tokens > 0 else { return nil }
    while lengths(tokens + 1).inputs <= inputs { tokens += 1 }
    var targets = lengths(tokens).targets
    if density == 0.5, targets > inputs {
      tokens -= 1
      targets -= 1
    }
    return SpanLengths(tokens: tokens, targets: targets, spans: lengths(tokens).spans)
  }

  /// The largest number of raw tokens whose input and target fit into one row, with one EOS.
  ///
  /// - Parameters: As for ``fitting(inputs:density:mean:reserve:most:)``.
  /// - Returns: nil if not even one token fits.
  static func sharing(
    row: Int, density: Double, mean: Double, reserve: Int = 0, most: Int = .max
  ) -> SpanLengths? {
    func counts(_ tokens: Int) -> SpanCounts {
      SpanCounts.mask(length: tokens, density: density, mean: mean, most: most)
    }
    var tokens = 0
    while tokens < row, tokens + 1 + 2 * (counts(tokens + 1).spans + reserve) + 1 <= row {
      tokens += 1
    }
    guard tokens > 0 else { return nil }
    let counts = counts(tokens)
    return SpanLengths(
      tokens: tokens, targets: counts.noise + counts.spans + reserve + 1, spans: counts.spans)
  }
}
