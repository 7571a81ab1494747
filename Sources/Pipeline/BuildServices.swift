// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import JSON
internal import Objectives
internal import Randomness
internal import Tokenization

/// What an objective uses but does not implement, made before the work starts: the text codec of
/// the tokenizer, the proposal of replacements.
struct BuildServices: Sendable {
  private let tokenizer: Tokenizer
  private let tokenBytes: TokenizerTextCodec.TokenBytes?
  private let proposal: (any ReplacementProposal)?
  /// What the manifest says of them, by name.
  let facts: JSONObject
  /// Files that go into the dataset.
  let companions: [(name: String, bytes: [UInt8])]

  /// Refuses what only a later version can do.
  ///
  /// - Throws: `PipelineError` with `.usage`.
  static func check(_ settings: [Setting]) throws(PipelineError) {
    for setting in settings where setting.name == "proposal" && setting.value.hasPrefix("model:") {
      throw PipelineError(
        .usage,
        "proposal=\(setting.value): trained proposals come with prep train; until then take "
          + "proposal=ngram, unigram or uniform")
    }
  }

  /// Makes what an objective needs.
  ///
  /// - Throws: `PipelineError` with `.usage` when something cannot be made of this input, and what
  ///   reading the tokens or a proposal's file throws.
  init(
    for objective: any Objective, _ options: BuildOptions, _ input: TokenInput,
    _ file: TokenizerFile, _ vocabulary: Vocabulary
  ) throws {
    tokenizer = file.tokenizer
    if objective.needs.textCodec {
      guard file.tokenizer.isByteLevel else {
        throw PipelineError(
          .usage,
          "\(options.objective): cuts=character needs a byte-level tokenizer, which spells every "
            + "text; set cuts=token")
      }
      tokenBytes = TokenizerTextCodec.TokenBytes(file.tokenizer)
    } else {
      tokenBytes = nil
    }
    guard let request = objective.needs.proposal else {
      guard options.proposal == nil else {
        throw PipelineError(.usage, "--proposal: \(options.objective) proposes no replacements")
      }
      proposal = nil
      facts = [:]
      companions = []
      return
    }
    var facts: JSONObject = ["name": .string(request.kind.rawValue)]
    var estimation: ProposalEstimation?
    if case .datasets(let datasets) = input {
      // Frequencies are always counted: the report compares with them.
      estimation = try ProposalEstimation(
        datasets, vocabulary: vocabulary,
        countsNeighbours: request.kind == .ngram && options.proposal == nil)
    }
    var artefact: ProposalFile?
    if let path = options.proposal {
      guard request.kind != .uniform else {
        throw PipelineError(.usage, "--proposal: proposal=uniform uses no counts")
      }
      artefact = try ProposalFile(
        reading: path, tokenizerDigest: file.record.digest, vocabularySize: vocabulary.size)
    } else if request.kind != .uniform {
      guard let estimation else {
        throw PipelineError(
          .usage,
          "proposal=\(request.kind.rawValue) counts the tokens before they are used, and a pipe can "
            + "be read only once: give counts with --proposal FILE, or set proposal=uniform")
      }
      artefact = try ProposalFile(estimation.counts, tokenizerDigest: file.record.digest)
    }
    let proposal: any ReplacementProposal
    if let artefact {
      proposal = try NGramProposal(
        artefact.counts, vocabulary: vocabulary, temperature: request.temperature,
        usesNeighbours: request.kind == .ngram)
      facts["content_sha256"] = .string("\(artefact.contentDigest)")
      facts["pairs"] = .init(artefact.counts.pairCount)
      facts["triples"] = .init(artefact.counts.tripleCount)
    } else {
      proposal = try UniformProposal(vocabulary: vocabulary)
    }
    if let estimation {
      if options.proposal == nil, artefact != nil {
        facts["counted_documents"] = .init(estimation.documents)
        facts["counted_tokens"] = .init(estimation.tokens)
      }
      try Self.measure(
        proposal, estimation, vocabulary, rate: objective.proposalRate, seed: options.seed,
        into: &facts)
    }
    self.proposal = proposal
    self.facts = ["proposal": .object(facts)]
    companions = artefact.map { [(ProposalFile.name, $0.bytes)] } ?? []
  }

  private static func measure(
    _ proposal: any ReplacementProposal, _ estimation: ProposalEstimation,
    _ vocabulary: Vocabulary, rate: Double, seed: UInt64, into facts: inout JSONObject
  ) throws {
    let report = ProposalReport(
      proposal, counts: estimation.counts, vocabulary: vocabulary, documents: estimation.heldOut,
      random: try RandomStreams(key: StreamKey(seed: seed), unit: 0))
    // Four decimals say what is known, and look the same everywhere.
    func rounded(_ value: Double) -> JSONValue {
      .double((value * 10_000).rounded(.toNearestOrEven) / 10_000)
    }
    facts["measured_tokens"] = .init(report.positions)
    guard report.positions > 0 else { return }
    let equal = Double(report.equalToOriginal) / Double(report.positions)
    facts["equal_share"] = rounded(equal)
    facts["label_share"] = rounded(rate * (1 - equal))
    if let nats = report.nats { facts["held_out_nats"] = rounded(nats) }
    if let detection = report.frequencyDetection { facts["frequency_auc"] = rounded(detection) }
  }

  /// The services of one worker.
  func make() -> Services {
    Services(
      textCodec: tokenBytes.map { TokenizerTextCodec(tokenizer, $0) }, proposal: proposal)
  }
}

extension Objective {
  /// The share of tokens for which a replacement is proposed.
  fileprivate var proposalRate: Double {
    for entry in parameters.entries where entry.name == "rate" {
      if case .real(let value) = entry.value { return value }
    }
    return 0
  }
}
