// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// The `Replace` normalizer with a regular expression.
struct ExpressionReplacement: Sendable, Hashable {
  let expression: SplitExpression.Translation
  let content: [UInt8]

  /// - Throws: `.unsupported` where the expression matches nothing at all, which engines do not
  ///   agree about; `.normalization` where matching needs too much memory.
  func apply(
    _ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8], changes: inout TextChanges?
  ) throws(TokenizerError) {
    output.removeAll(keepingCapacity: true)
    output.reserveCapacity(text.count)
    var copied = 0
    var isEmpty = false
    do throws(TextError) {
      // Compiled each time: an expression of ICU's belongs to one thread.
      try expression.compiled().forEachMatch(in: text) { start, end in
        if start == end {
          isEmpty = true
          return
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<start]))
        let place = output.count
        output.append(contentsOf: content)
        copied = end
        changes?.append(outputStart: place, outputEnd: output.count, originalEnd: end)
      }
    } catch {
      throw TokenizerError(.normalization, error.description)
    }
    if isEmpty {
      throw TokenizerError(
        .unsupported, at: "normalizer",
        "the expression \(expression.source) matches where there is nothing, which engines do not "
          + "agree about")
    }
    output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...]))
  }
}
