// SPDX-License-Identifier: Apache-2.0

/// Steps applied one after the other to well-formed UTF-8.
///
///     let pipeline = try TextPipeline(steps: [.unifyNewlines, .normalize(.nfc)])
///     var clean: [UInt8] = []
///     try text.withUnsafeBufferPointer { try pipeline.apply($0, to: &clean) }
///
/// Text without characters that a step could change costs one scan; ASCII passes every normal form
/// at memory speed. Ill-formed input gives ill-formed output, never a trap: repair it before
/// (``UTF8Repair``). A value may be used from many threads at once.
public struct TextPipeline: Sendable, Hashable {
  /// The steps, in order, as given.
  public let steps: [TextStep]

  private let kernels: [TextKernel]

  /// A pipeline of these steps.
  ///
  /// - Throws: ``TextError`` if ICU's data lacks one of the normal forms.
  public init(steps: [TextStep]) throws(TextError) {
    self.steps = steps
    kernels = steps.flatMap(TextKernel.kernels)
    for case .normalize(let form, let isUnicode9) in kernels {
      _ = try Normalization.instance(of: form, isUnicode9: isUnicode9)
    }
  }

  /// The longest text that can be transformed, in bytes.
  public static let maximumTextLength = Int(Int32.max) - 1

  /// Whether no step can change any text.
  public var isIdentity: Bool { kernels.isEmpty }

  /// Replaces `output` by the transformed text.
  ///
  /// - Parameter text: well-formed UTF-8 outside of `output`.
  /// - Throws: ``TextError`` `.textTooLong` if the text, or what a step makes of it, exceeds
  ///   ``maximumTextLength``; `.outOfMemory`.
  public func apply(
    _ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]
  ) throws(TextError) {
    if try change(text, into: &output) { return }
    output.removeAll(keepingCapacity: true)
    output.append(contentsOf: text)
  }

  /// Replaces `output` by the transformed text and returns true; false means that the text stays as
  /// it is, whatever `output` holds then.
  ///
  /// - Parameter text: well-formed UTF-8 outside of `output`.
  /// - Throws: as ``apply(_:to:)``.
  public func change(
    _ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]
  ) throws(TextError) -> Bool {
    var changes = ChangeList(isRecorded: false)
    var alignment = TextAlignment()
    return try run(text, to: &output, changes: &changes, alignment: &alignment)
  }

  /// Replaces `output` by the transformed text and `alignment` by the way back to the original.
  ///
  /// - Parameter text: well-formed UTF-8 outside of `output`.
  /// - Throws: as ``apply(_:to:)``.
  public func apply(
    _ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8],
    alignment: inout TextAlignment
  ) throws(TextError) {
    var changes = ChangeList(isRecorded: true)
    alignment.reset()
    if try !run(text, to: &output, changes: &changes, alignment: &alignment) {
      output.removeAll(keepingCapacity: true)
      output.append(contentsOf: text)
    }
    alignment.finish(outputCount: output.count)
  }

  /// Returns whether a step changed the text.
  private func run(
    _ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8], changes: inout ChangeList,
    alignment: inout TextAlignment
  ) throws(TextError) -> Bool {
    if !kernels.isEmpty { try Self.checkLength(text.count) }
    let isASCII = !kernels.isEmpty && ASCIIScan.isASCII(text)
    var isInOutput = false
    var spare: [UInt8] = []
    for kernel in kernels {
      changes.items.removeAll(keepingCapacity: true)
      if isInOutput {
        let isChanged = try output.withUnsafeBufferPointer { current throws(TextError) in
          try Self.checkLength(current.count)
          return try kernel.run(current, isASCII: isASCII, into: &spare, changes: &changes)
        }
        if isChanged {
          swap(&output, &spare)
          alignment.addStep(&changes.items)
        }
      } else if try kernel.run(text, isASCII: isASCII, into: &output, changes: &changes) {
        isInOutput = true
        alignment.addStep(&changes.items)
      }
    }
    return isInOutput
  }

  private static func checkLength(_ count: Int) throws(TextError) {
    guard count <= maximumTextLength else {
      throw TextError(
        .textTooLong,
        "a text of \(count) bytes is too long to be normalized: the limit is \(maximumTextLength); "
          + "split the document")
    }
  }
}
