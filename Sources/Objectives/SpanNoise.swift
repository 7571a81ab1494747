// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// The values of `max_spans`: what happens when there are more spans than sentinels.
enum SpanLimit: String {
  case error
  case sentinels
}

/// Span corruption of one density and one mean length: how long windows are, and their noise.
struct SpanNoise: Sendable {
  /// What all noise of an objective shares.
  struct Rules: Sendable {
    let objective: String
    let arithmetic: SpanCounts.Arithmetic
    /// Whether the mask is rotated.
    let rolls: Bool
    /// What stands between documents and is kept out of the noise.
    let separator: TokenID?
    let sentinels: [TokenID]
    let limit: SpanLimit
    let layout: PairLayout

    /// Sentinels kept free for a span that the roll splits.
    var reserve: Int { rolls ? 1 : 0 }
    /// The most spans in a row.
    var most: Int { max(1, sentinels.count - reserve) }
  }

  let rules: Rules
  let density: Double
  let mean: Double
  /// Raw tokens of a full window, and their counts.
  let tokensLength: Int
  let fullCounts: SpanCounts
  /// The spans of a full window if there were enough sentinels.
  let wantedSpans: Int
  /// The longest input and the longest target, EOS not counted.
  let inputs: Int
  let targets: Int

  /// Fits a window into so many tokens of input, or of input and target in a decoder's row, EOS
  /// included.
  ///
  /// - Throws: ``ObjectiveError`` if nothing fits or there are too few sentinels.
  init(
    _ rules: Rules, density: Double, mean: Double, room: Int, parameters: ObjectiveParameters
  ) throws(ObjectiveError) {
    self.rules = rules
    self.density = density
    self.mean = mean
    let reserve = rules.reserve
    let most = rules.limit == .sentinels ? rules.most : Int.max
    func counts(_ tokens: Int, most: Int) -> SpanCounts {
      SpanCounts.mask(
        length: tokens, density: density, mean: mean, arithmetic: rules.arithmetic, most: most)
    }
    func taken(_ tokens: Int) -> Int {
      let counts = counts(tokens, most: most)
      let inputs = tokens - counts.noise + counts.spans + reserve
      return rules.layout == .decoder
        ? inputs + counts.noise + counts.spans + reserve + 1 : inputs + 1
    }
    let lengths =
      rules.layout == .decoder
      ? SpanLengths.sharing(
        row: room, density: density, mean: mean, reserve: reserve, most: most)
      : SpanLengths.fitting(
        inputs: room, density: density, mean: mean, reserve: reserve, most: most)
    var tokens = lengths?.tokens ?? 0
    // The helper counts no span where the mask always has one.
    while tokens > 0, taken(tokens) > room { tokens -= 1 }
    guard let lengths, tokens > 0 else {
      throw parameters.invalid("length", "length \(room) leaves no room for text")
    }
    tokensLength = tokens
    fullCounts = counts(tokens, most: most)
    wantedSpans = counts(tokens, most: .max).spans
    guard fullCounts.spans + reserve <= rules.sentinels.count else {
      throw ObjectiveError(
        .tooFewSentinels, objective: rules.objective, subject: "sentinels",
        "\(fullCounts.spans + reserve) sentinels are needed, the tokenizer has"
          + " \(rules.sentinels.count): add some with `prep tokenizer extend --sentinels N`, or set"
          + " max_spans=sentinels")
    }
    inputs = tokensLength - fullCounts.noise + fullCounts.spans + reserve
    let exact = fullCounts.noise + fullCounts.spans + reserve
    // The published arithmetic disagrees with its own helper; the helper's length is the column's.
    let helper = lengths.targets - 1 - (lengths.tokens - tokens)
    let isCut = rules.arithmetic == .float32 && lengths.spans > 0
    targets = isCut ? max(1, helper) : max(helper, exact)
  }

  /// The counts of a row of so many raw tokens, `clean` of which cannot be noise at its end.
  func counts(_ tokens: Int, clean: Int = 0) -> SpanCounts {
    if tokens == tokensLength, clean == 0 { return fullCounts }
    let counts = SpanCounts.mask(
      length: tokens, density: density, mean: mean, arithmetic: rules.arithmetic,
      most: rules.sentinels.count - rules.reserve)
    guard clean > 0 else { return counts }
    let noise = min(counts.noise, max(0, tokens - clean - 1))
    return SpanCounts(
      noise: noise, spans: min(counts.spans, noise, max(0, tokens - clean - noise)))
  }

  /// Whether targets of full rows are cut to fit into so many tokens, EOS included.
  func isCut(to targetRoom: Int) -> Bool {
    rules.layout == .encoderDecoder
      && fullCounts.noise + fullCounts.spans + rules.reserve + 1 > targetRoom
  }

  /// Whether full rows have fewer spans than the density asks for.
  var isClamped: Bool { fullCounts.spans < wantedSpans }
}
