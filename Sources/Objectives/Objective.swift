// SPDX-License-Identifier: Apache-2.0

public import Randomness

/// A pretraining objective: a framing, and a corruption that makes one example of one frame.
///
/// A new objective is one file with a type like this and one line in
/// ``ObjectiveRegistry/standard``; help, schema, manifest and law tests follow from what it
/// declares.
///
///     let settings = [Setting("length", "1024")]
///     let objective = try ObjectiveRegistry.standard.make(
///       "clm", settings: settings, vocabulary: vocabulary)
///     let streams = try RandomStreams(key: StreamKey(seed: 1), unit: 0)
///     let frames = try objective.framing.frames(of: unit, random: streams)
///     var builder = ExampleBuilder(columns: objective.columns)
///     var frame = Frame()
///     for index in 0..<frames.count {
///       frames.load(index, into: &frame)
///       try objective.build(frame, streams, Services(), into: &builder)
///     }
///     let batch = builder.takeBatch()
public protocol Objective: Sendable {
  /// Name, parameters, presets, sources.
  static var descriptor: Descriptor { get }

  /// Checks everything that can be checked before there is data.
  ///
  /// - Throws: ``ObjectiveError`` if values contradict each other or the tokenizer lacks a token.
  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError)

  /// The parameters that it was made with.
  var parameters: ObjectiveParameters { get }
  /// How documents become frames.
  var framing: Framing { get }
  /// The columns of an example, from the parameters alone.
  var columns: [Column] { get }
  /// What must be there before work starts.
  var needs: Needs { get }
  /// Names of the values of the column `task`, from 0 on; empty without that column.
  var tasks: [String] { get }
  /// What a trainer has to know and no column says: lengths, the decoder's start token.
  var facts: [Fact] { get }

  /// Rewrites the documents of a unit before they are framed; nil leaves them as they are.
  ///
  /// - Throws: ``ObjectiveError`` if the text codec fails.
  func rewrite(
    _ unit: TokenizedUnit, _ random: RandomStreams, _ services: borrowing Services
  ) throws(ObjectiveError) -> TokenizedUnit?

  /// Appends one row to every column: a pure function of the frame, the streams and the services.
  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) throws(ObjectiveError)

  /// What is wrong with a row, by the invariants that hold for every single one.
  func faults(in row: ExampleRow) -> [Fault]

  /// What is examined beyond single rows; nothing by default.
  var examination: Examination { get }

  /// Counts what a row shows of the statistics of ``examination``.
  func observe(_ row: ExampleRow, into observations: inout Observations)

  /// Undoes the corruption: the tokens of the frame that a row was made from, piece after piece,
  /// with their separators, without framing tokens and padding.
  ///
  /// A token that the row does not tell is −1.
  ///
  /// - Returns: nil if the row is not what this objective makes, or cannot be undone.
  func restore(_ row: ExampleRow) -> [Int64]?

  /// Undoes a corruption that may have divided a text into other tokens: for each source stretch of
  /// the row tokens with the text of the stretch.
  ///
  /// - Returns: nil by default, and if the row is not what this objective makes.
  func restoreStretches(_ row: ExampleRow) -> [[Int64]]?

  /// What was drawn for each token that ``restore(_:)`` gives, if words are masked whole; nil in it
  /// for tokens that are no candidates.
  ///
  /// - Returns: nil by default.
  func wordFates(in row: ExampleRow) -> [WordFate?]?
}

/// Something that manifests tell besides parameters.
public struct Fact: Sendable, Hashable {
  /// The name.
  public let name: String
  /// The number.
  public let value: Int
}

extension Objective {
  /// No tasks.
  public var tasks: [String] { [] }

  /// Leaves documents as they are.
  public func rewrite(
    _ unit: TokenizedUnit, _ random: RandomStreams, _ services: borrowing Services
  ) throws(ObjectiveError) -> TokenizedUnit? { nil }

  /// The columns that a model takes, in order.
  public var modelColumns: [String] {
    columns.filter(\.isModelInput).map(\.name)
  }
}
