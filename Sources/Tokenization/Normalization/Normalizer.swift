// SPDX-License-Identifier: Apache-2.0

public import JSON
internal import UnicodeText

/// What is done to text before anything else: steps, one after the other.
public struct Normalizer: Sendable, Hashable {
  let steps: [NormalizerStep]
  /// How a `tokenizer.json` says it; null for no steps.
  public let value: JSONValue

  init(steps: [NormalizerStep], value: JSONValue) {
    self.steps = steps.filter { !$0.isIdentity }
    self.value = value
  }

  /// Nothing is done.
  public static let none = Normalizer(steps: [], value: .null)

  /// Whether no step can change any text.
  public var isIdentity: Bool { steps.isEmpty }

  /// The names of the steps.
  public var stepNames: [String] { steps.flatMap(\.names) }

  /// Replaces `output` by the normalized text and adds to `alignment` the way back from it.
  /// - Throws: `.normalization` where ICU fails, as on a text of 2 GiB.
  func apply(
    _ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8],
    alignment: inout TextAlignment?
  ) throws(TokenizerError) {
    var spare: [UInt8] = []
    var isInOutput = false
    for step in steps {
      var changes = alignment == nil ? nil : TextChanges()
      var stepAlignment = alignment == nil ? nil : TextAlignment()
      if !isInOutput {
        try step.apply(text, to: &output, changes: &changes, alignment: &stepAlignment)
        isInOutput = true
      } else {
        try output.withUnsafeBufferPointer { current throws(TokenizerError) in
          try step.apply(current, to: &spare, changes: &changes, alignment: &stepAlignment)
        }
        swap(&output, &spare)
      }
      if case .text = step, let stepAlignment {
        alignment?.append(stepAlignment)
      } else if let changes {
        alignment?.append(changes, outputCount: output.count)
      }
    }
    if !isInOutput {
      output.removeAll(keepingCapacity: true)
      output.append(contentsOf: text)
    }
  }
}

/// One step of a normalizer. Another kind is another case here and one in `NormalizerReader`.
enum NormalizerStep: Sendable, Hashable {
  /// Normal forms, case, marks: what ICU does.
  case text(TextPipeline)
  /// Looks at one scalar at a time.
  case scalars(ScalarRewrite)
  /// Replaces the matches of a regular expression.
  case matches(ExpressionReplacement)
  /// A step of sentencepiece's kin.
  case pieces(PieceNormalization)

  var isIdentity: Bool {
    switch self {
    case .text(let pipeline): pipeline.isIdentity
    default: false
    }
  }

  var names: [String] {
    switch self {
    case .text(let pipeline):
      pipeline.steps.map { step in
        if case .normalizeUnicode9(let form) = step { form.rawValue } else { step.name }
      }
    case .scalars(let rewrite): [rewrite.name]
    case .matches(let replacement): ["replace \(replacement.expression)"]
    case .pieces(let step): [step.name]
    }
  }

  /// Replaces `output` by what the step makes of a text. `.text` fills the alignment, any other
  /// step the list of changes, where they are wanted.
  func apply(
    _ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8],
    changes: inout TextChanges?, alignment: inout TextAlignment?
  ) throws(TokenizerError) {
    switch self {
    case .text(let pipeline):
      do {
        if alignment == nil {
          try pipeline.apply(text, to: &output)
        } else {
          var found = TextAlignment()
          try pipeline.apply(text, to: &output, alignment: &found)
          alignment = found
        }
      } catch {
        throw TokenizerError(.normalization, error.description)
      }
    case .scalars(let rewrite): rewrite.apply(text, to: &output, changes: &changes)
    case .matches(let replacement):
      try replacement.apply(text, to: &output, changes: &changes)
    case .pieces(let step): try step.apply(text, to: &output, changes: &changes)
    }
  }
}
