// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import Digests
internal import JSON
internal import Objectives
internal import Randomness

/// Where in the stream of documents a stage begins: where the stage before it ended.
///
/// The stream is epoch after epoch, in an epoch unit after unit, in a unit the documents in the
/// order that the seed gives. A stage that reached its budget inside a unit left a rest, which is
/// served first.
struct StageStart: Sendable {
  /// Stages that may begin inside one unit of one epoch.
  private static let largestNumber = 255
  /// Units that streams can tell apart beside the number of the stage.
  private static let mostUnits = 1 << 24

  let epoch: Int
  /// The ordinal of the first unit.
  let ordinal: Int
  /// What is left of the first unit; nil for all of it.
  let rest: [Stretch]?
  /// How many stages have begun inside this unit, this one counted; 0 at its beginning.
  let number: Int
  private let manifestDigest: SHA256Digest

  /// Where a dataset ended.
  ///
  /// - Parameters:
  ///   - units: the units of `train`, in order.
  ///   - inputs: what the manifest must say that it was made from.
  /// - Throws: `DatasetError` when there is no such dataset, `PipelineError` with `.usage` when it
  ///   cannot be continued.
  init(
    after directory: String, units: [TokenUnitReference], inputs: JSONValue, seed: UInt64?
  ) throws {
    let dataset = try Dataset(directory)
    let manifest = dataset.manifest
    func refusal(_ reason: String) -> PipelineError {
      PipelineError(.usage, "--after \(directory): \(reason)")
    }
    guard manifest.kind == .examples, let stage = manifest.seed else {
      throw refusal("holds tokens, not the examples of a stage")
    }
    if let seed, seed != stage {
      throw refusal("was made with --seed \(stage), and stages go along one stream")
    }
    guard manifest.inputs == inputs else {
      throw refusal("was made from other tokens, or from these in another order")
    }
    for (name, option) in [("limit", "--limit"), ("part", "--part")] {
      guard manifest.parameters[name]?.isNull ?? true else {
        throw refusal("was cut with \(option); end a stage with --budget")
      }
    }
    guard manifest.parameters["start_row"]?.integerValue ?? 0 == 0 else {
      throw refusal("was begun with --start-row")
    }
    manifestDigest = try dataset.digest(of: Manifest.fileName)
    guard let last = manifest.units.last(where: \.isTraining),
      let ordinal = last.input["ordinal"]?.integerValue,
      let place = units.firstIndex(where: { Int($0.ordinal) == ordinal })
    else { throw refusal("has no unit of train that these tokens have") }
    let epoch = last.epoch ?? 0
    if try dataset.fileNames().contains(RestFile.name) {
      rest = try RestFile(reading: dataset.path(of: RestFile.name)).stretches
      self.epoch = epoch
      self.ordinal = ordinal
      let earlier = manifest.parameters["stage"]
      let isSame =
        earlier?["epoch"]?.integerValue == epoch && earlier?["ordinal"]?.integerValue == ordinal
      number = (isSame ? earlier?["number"]?.integerValue ?? 0 : 0) + 1
      guard number <= Self.largestNumber else {
        throw refusal("more than \(Self.largestNumber) stages begin inside one unit")
      }
    } else {
      rest = nil
      number = 0
      let isLast = place == units.count - 1
      self.epoch = isLast ? epoch + 1 : epoch
      self.ordinal = Int(units[isLast ? 0 : place + 1].ordinal)
    }
  }

  /// The seed of a dataset's stream.
  static func seed(of directory: String) throws -> UInt64 {
    try Dataset(directory).manifest.seed ?? 0
  }

  /// Whether a unit of an epoch comes before the stage.
  func isBehind(_ reference: TokenUnitReference, epoch: Int) -> Bool {
    (epoch, Int(reference.ordinal)) < (self.epoch, ordinal)
  }

  /// What is left of a unit of an epoch, if an earlier stage began it.
  func rest(of reference: TokenUnitReference, epoch: Int) -> [Stretch]? {
    epoch == self.epoch && Int(reference.ordinal) == ordinal ? rest : nil
  }

  /// The streams of what is left of a unit: the number of the stage stands in the highest byte of
  /// the unit's word, so that no draw of an earlier stage is made again.
  func streams(_ reference: TokenUnitReference, seed: UInt64) throws -> RandomStreams {
    guard Int(reference.ordinal) < Self.mostUnits else {
      throw PipelineError(
        .usage, "--after: stages can begin inside the first \(Self.mostUnits) units alone")
    }
    return try RandomStreams(
      key: StreamKey(seed: seed), unit: number << 24 | Int(reference.ordinal), epoch: epoch)
  }

  /// What the manifest says.
  var json: JSONValue {
    [
      "after_sha256": .string("\(manifestDigest)"), "epoch": .init(epoch),
      "ordinal": .init(ordinal), "number": .init(number),
    ]
  }
}
