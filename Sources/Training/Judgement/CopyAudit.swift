// SPDX-License-Identifier: Apache-2.0

/// Whether labels can be read off the input at their own place.
///
/// Of what is hidden a little stays visible by design, and text repeats itself; a large share of
/// labels that stand where they are asked for is a leak.
public struct CopyAudit: Sendable {
  private let kind: TaskKind
  private let expected: Double
  private var labels = 0
  private var copies = 0
  private var rows = 0
  private var wholeRows = 0

  /// How much larger than expected a share may be.
  static let tolerance = 0.4
  private static let fewest = 200

  /// An audit of rows of a kind.
  ///
  /// - Parameter keptShare: the share of predicted tokens that the input keeps by design.
  public init(_ kind: TaskKind, keptShare: Double) {
    self.kind = kind
    expected = kind == .masked || kind == .maskedNext ? keptShare : 0
  }

  /// Looks at an example.
  ///
  /// - Parameter isSpecial: whether an id is a special token.
  public mutating func add(_ example: TrainingExample, isSpecial: (Int32) -> Bool) {
    switch kind {
    case .blocks:
      let target = example.labels.filter { $0 != TrainingExample.ignored && !isSpecial($0) }
      let source = example.source.filter { !isSpecial($0) }
      guard target.count >= 8 else { return }
      rows += 1
      // The beginning is enough: a copy may have been cut to the length of the row.
      wholeRows +=
        source.starts(with: target.prefix(max(8, min(target.count, source.count)))) ? 1 : 0
    case .masked, .maskedNext, .causal, .middle:
      let shift = kind == .maskedNext ? 1 : 0
      for (position, label) in example.labels.enumerated()
      where label != TrainingExample.ignored && position + shift < example.inputs.count {
        labels += 1
        copies += example.inputs[position + shift] == label ? 1 : 0
      }
    case .spans, .prefix:
      // In a row of its own the target is held against the source elsewhere; behind its source, the
      // output must not stand on its own label.
      guard example.decoderInputs == nil else { return }
      for (input, label) in zip(example.inputs, example.labels)
      where label != TrainingExample.ignored {
        labels += 1
        copies += input == label ? 1 : 0
      }
    case .permuted, .replaced: return
    }
  }

  /// What the input gives away, if it does.
  public var leak: String? {
    if rows >= Self.fewest / 10, Double(wholeRows) > 0.5 * Double(rows) {
      return "\(wholeRows) of \(rows) targets stand in their inputs as they are"
    }
    let share = Double(copies) / Double(max(1, labels))
    guard labels >= Self.fewest, share > expected + Self.tolerance else { return nil }
    return "\(Nats.text(share)) of the labels stand in the input where they are asked for, "
      + "\(Nats.text(expected)) are meant to"
  }
}
