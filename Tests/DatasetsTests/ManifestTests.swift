// SPDX-License-Identifier: Apache-2.0

import Digests
import JSON
import Testing

@testable import Datasets

@Suite struct ManifestTests {
  private var shard: Manifest.Shard {
    Manifest.Shard(
      file: "train-00000-000.arrow", split: "train", rows: 3, tokens: 40, lossTokens: 6,
      bytes: 1234, digest: SHA256.digest(of: [1]), contentDigest: SHA256.digest(of: [2]))
  }

  private var examples: Manifest {
    var validation = shard
    validation.file = "validation-00001-000.arrow"
    validation.split = "validation"
    var manifest = Manifest(
      kind: .examples, parameters: ["epochs": 2, "limit": nil],
      objective: .init(
        name: "mlm", parameters: ["length": 128], modelColumns: ["input_ids", "labels"],
        facts: ["decoder_start_token_id": 0]),
      seed: .max, tokenizer: Sample.tokenizer, inputs: [["name": "tokens"]],
      units: [
        .init(
          name: "train-00000-000-e01", epoch: 1, input: ["dataset": 0], shards: [shard],
          counts: ["source_documents": 2, "dropped_tokens_tail": 1]),
        .init(
          name: "validation-00001-000", epoch: nil, input: ["dataset": 0], shards: [validation],
          counts: ["source_documents": 1]),
      ],
      versions: ["zstd": "1.5.4", "icu": "72.1"])
    manifest.planDigest = SHA256.digest(of: [3])
    return manifest
  }

  @Test func readsWhatItWrites() throws {
    #expect(try Manifest(examples.serialized, path: "m") == examples)
    let tokens = Sample.manifest([
      .init(name: "00000-000", epoch: nil, input: nil, shards: [], counts: [:])
    ])
    #expect(try Manifest(tokens.serialized, path: "m") == tokens)
  }

  @Test(arguments: [0, 7, 1 << 53 - 1, 1 << 53, UInt64.max] as [UInt64])
  func keepsEverySeed(_ seed: UInt64) throws {
    var manifest = examples
    manifest.seed = seed
    #expect(try Manifest(manifest.serialized, path: "m").seed == seed)
    // Readers with doubles for numbers lose integers from 2^53 on.
    #expect((manifest.json["seed"]?.stringValue != nil) == (seed >= 1 << 53))
  }

  @Test func bytesDoNotDependOnTheOrderOfDictionaries() {
    let roles = Dictionary(uniqueKeysWithValues: (0..<50).map { ("role\($0)", UInt32($0)) })
    var one = examples
    var other = examples
    one.tokenizer.roles = roles
    for (role, id) in roles.sorted(by: { $0.key > $1.key }) { other.tokenizer.roles[role] = id }
    other.tokenizer.roles = other.tokenizer.roles.filter { roles[$0.key] != nil }
    one.tokenizer.roles = other.tokenizer.roles.filter { _ in true }
    #expect(one.serialized == other.serialized)
    #expect(one.serialized.last == UInt8(ascii: "\n"))
  }

  @Test func addsUp() {
    let manifest = examples
    #expect(manifest.splits == ["train", "validation"])
    #expect(manifest.counts == ["source_documents": 3, "dropped_tokens_tail": 1])
    #expect(
      manifest.totals() == [
        "rows": 6, "shards": 2, "tokens": 80, "bytes": 2468, "loss_tokens": 12,
      ])
    #expect(
      manifest.totals(split: "validation") == [
        "rows": 3, "shards": 1, "tokens": 40, "bytes": 1234, "loss_tokens": 6,
      ])
    #expect(Sample.manifest().totals()["loss_tokens"] == nil)
  }

  /// Where a member is missing or of another type, the error says which.
  @Test(
    arguments: [
      ("kind", "kind"), ("parameters", "parameters"), ("tokenizer", "tokenizer"),
      ("inputs", "inputs"), ("units", "units"), ("versions", "versions"),
      ("format_version", "format_version"), ("tokenizer.sha256", "tokenizer.sha256"),
      ("tokenizer.roles", "tokenizer.roles"), ("tokenizer.sentinels", "tokenizer.sentinels"),
      ("objective.name", "objective.name"), ("objective.model_columns", "objective.model_columns"),
    ] as [(String, String)])
  func namesTheMissingMember(_ removed: String, _ named: String) throws {
    let parts = removed.split(separator: ".").map(String.init)
    let json = Self.replacing(parts, in: examples.json, by: nil)
    let error = try #require(throws: DatasetError.self) {
      try Manifest(json.serialized(), path: "dir/manifest.json")
    }
    #expect(error.code == .corrupt)
    #expect(
      error.description == "dir/manifest.json: member '\(named)' is missing or not of its type")
  }

  @Test(
    arguments: [
      ("units[0].shards[0].rows", "units.0.shards.0.rows", JSONValue.string("three")),
      ("units[0].shards[0].rows", "units.0.shards.0.rows", JSONValue.integer(-1)),
      ("units[0].shards[0].rows", "units.0.shards.0.rows", JSONValue.integer(.max)),
      ("units[0].shards[0].loss_tokens", "units.0.shards.0.loss_tokens", JSONValue.integer(.max)),
      ("units[0].shards[0].sha256", "units.0.shards.0.sha256", JSONValue.string("12ab")),
      ("units[1].counts.source_documents", "units.1.counts.source_documents", JSONValue.null),
      ("units[0].epoch", "units.0.epoch", JSONValue.string("one")),
      ("seed", "seed", JSONValue.string("-1")),
      ("tokenizer.roles.mask", "tokenizer.roles.mask", JSONValue.integer(1 << 32)),
      ("tokenizer.sentinels", "tokenizer.sentinels", JSONValue.array([1, "2"])),
      ("plan_sha256", "plan_sha256", JSONValue.integer(1)),
      ("versions.icu", "versions.icu", JSONValue.integer(72)),
    ] as [(String, String, JSONValue)])
  func namesTheMemberThatIsNotOfItsType(
    _ named: String, _ place: String, _ value: JSONValue
  ) throws {
    let json = Self.replacing(
      place.split(separator: ".").map(String.init), in: examples.json, by: value)
    let error = try #require(throws: DatasetError.self) {
      try Manifest(json.serialized(), path: "m")
    }
    #expect(error.code == .corrupt)
    #expect(error.message == "member '\(named)' is missing or not of its type")
  }

  @Test func refusesANewerFormat() throws {
    let json = Self.replacing(["format_version"], in: examples.json, by: 2)
    let error = try #require(throws: DatasetError.self) {
      try Manifest(json.serialized(), path: "m")
    }
    #expect(error.code == .notADataset)
    #expect(error.message == "written in format version 2; this prep reads version 1")
  }

  @Test(arguments: ["", "[]", "nothing", "{\"kind\":", "{}"])
  func refusesWhatIsNoManifest(_ text: String) throws {
    let error = try #require(throws: DatasetError.self) {
      try Manifest(Array(text.utf8), path: "m")
    }
    #expect(error.code == .corrupt)
  }

  /// The value with the member at a path replaced, or removed.
  private static func replacing(
    _ path: [String], in value: JSONValue, by new: JSONValue?
  ) -> JSONValue {
    guard let first = path.first else { return value }
    let rest = Array(path.dropFirst())
    if let index = Int(first), var elements = value.arrayValue {
      elements[index] = replacing(rest, in: elements[index], by: new)
      return .array(elements)
    }
    var object: JSONObject = [:]
    for entry in value.objectValue?.entries ?? [] {
      if entry.key != first {
        object[entry.key] = entry.value
      } else if !rest.isEmpty {
        object[entry.key] = replacing(rest, in: entry.value, by: new)
      } else if let new {
        object[entry.key] = new
      }
    }
    return .object(object)
  }
}
