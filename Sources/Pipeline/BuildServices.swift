// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import Digests
internal import JSON
internal import Objectives
internal import Randomness
internal import Tokenization
internal import Training

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

  /// Refuses what cannot be made of this input, before anything is counted.
  ///
  /// - Throws: `PipelineError` with `.usage`.
  static func check(
    _ objective: any Objective, _ options: BuildOptions, _ input: TokenInput, _ file: TokenizerFile
  ) throws(PipelineError) {
    guard !objective.needs.textCodec || file.tokenizer.isByteLevel else {
      throw PipelineError(
        .usage,
        "\(options.objective): cuts=character needs a byte-level tokenizer, which spells every "
          + "text; set cuts=token")
    }
    guard let request = objective.needs.proposal else {
      guard options.proposal == nil else {
        throw PipelineError(.usage, "--proposal: \(options.objective) proposes no replacements")
      }
      return
    }
    switch request.kind {
    case .models, .uniform:
      guard options.proposal == nil else {
        throw PipelineError(
          .usage, "--proposal: counts are used by proposal=ngram and proposal=unigram")
      }
    case .ngram, .unigram:
      if options.proposal == nil, case .stream = input {
        throw PipelineError(
          .usage,
          "proposal=\(request.kind) counts the tokens before they are used, and a pipe can "
            + "be read only once: give counts with --proposal FILE, or set proposal=uniform")
      }
    }
  }

  /// Makes what an objective needs.
  ///
  /// - Throws: what reading the tokens or a proposal's file throws.
  init(
    for objective: any Objective, _ options: BuildOptions, _ input: TokenInput,
    _ file: TokenizerFile, _ vocabulary: Vocabulary, seed: UInt64
  ) throws {
    tokenizer = file.tokenizer
    tokenBytes =
      objective.needs.textCodec ? TokenizerTextCodec.TokenBytes(file.tokenizer) : nil
    guard let request = objective.needs.proposal else {
      proposal = nil
      facts = [:]
      companions = []
      return
    }
    var facts: JSONObject = [:]
    var estimation: ProposalEstimation?
    if case .datasets(let datasets) = input {
      // Frequencies are always counted: the report compares with them.
      estimation = try ProposalEstimation(
        datasets, vocabulary: vocabulary,
        countsNeighbours: request.kind == .ngram && options.proposal == nil)
    }
    let proposal: any ReplacementProposal
    var artefact: ProposalFile?
    // A model sees few positions of a text masked, as in a row.
    var stride = 1
    switch request.kind {
    case .models(let models):
      proposal = try Self.proposal(of: models, request, vocabulary, into: &facts)
      stride = max(1, Int(1 / max(objective.proposalRate, 0.01)))
    case .uniform:
      facts["name"] = "uniform"
      proposal = try UniformProposal(vocabulary: vocabulary)
    case .ngram, .unigram:
      facts["name"] = .string("\(request.kind)")
      let counts =
        try options.proposal.map {
          try ProposalFile(
            reading: $0, tokenizerDigest: file.record.digest, vocabularySize: vocabulary.size)
        } ?? ProposalFile(estimation?.counts, tokenizerDigest: file.record.digest)
      proposal = try NGramProposal(
        counts.counts, vocabulary: vocabulary, temperature: request.temperature,
        usesNeighbours: request.kind == .ngram)
      facts["content_sha256"] = .string("\(counts.contentDigest)")
      facts["pairs"] = .init(counts.counts.pairCount)
      facts["triples"] = .init(counts.counts.tripleCount)
      if options.proposal == nil, let estimation {
        facts["counted_documents"] = .init(estimation.documents)
        facts["counted_tokens"] = .init(estimation.tokens)
      }
      artefact = counts
    }
    if let estimation {
      try Self.measure(
        proposal, estimation, vocabulary, rate: objective.proposalRate, stride: stride, seed: seed,
        into: &facts)
    }
    self.proposal = proposal
    self.facts = ["proposal": .object(facts)]
    companions = artefact.map { [(ProposalFile.name, $0.bytes)] } ?? []
  }

  /// Reads trained models; of several, one is drawn for each row.
  private static func proposal(
    of models: [ProposalRequest.Model], _ request: ProposalRequest, _ vocabulary: Vocabulary,
    into facts: inout JSONObject
  ) throws -> any ReplacementProposal {
    var members: [(proposal: any ReplacementProposal, share: Double)] = []
    var list: [JSONValue] = []
    for model in models {
      let proposal = try ModelProposal(
        checkpoint: model.checkpoint, vocabulary: vocabulary, temperature: request.temperature)
      members.append((proposal, model.share))
      list.append(["weights_sha256": .string("\(proposal.digest)"), "share": .double(model.share)])
    }
    facts["name"] = "model"
    facts["models"] = .array(list)
    return members.count == 1 ? members[0].proposal : ProposalMixture(members)
  }

  /// What the plan of a run says of trained models, which are read only when they are needed.
  static func modelDigests(_ objective: any Objective) throws -> [JSONValue] {
    guard case .models(let models) = objective.needs.proposal?.kind else { return [] }
    return try models.map {
      let path = "\($0.checkpoint)/model.safetensors"
      return .string("\(SHA256.digest(of: try FileSystem.read(path)))")
    }
  }

  private static func measure(
    _ proposal: any ReplacementProposal, _ estimation: ProposalEstimation,
    _ vocabulary: Vocabulary, rate: Double, stride: Int, seed: UInt64,
    into facts: inout JSONObject
  ) throws {
    let report = ProposalReport(
      proposal, counts: estimation.counts, vocabulary: vocabulary, documents: estimation.heldOut,
      random: try RandomStreams(key: StreamKey(seed: seed), unit: 0),
      stride: stride, limit: stride == 1 ? 1 << 17 : 1 << 12)
    // Four decimals say what is known, and look the same everywhere.
    func rounded(_ value: Double) -> JSONValue {
      .double((value * 10_000).rounded(.toNearestOrEven) / 10_000)
    }
    facts["measured_tokens"] = .init(report.positions)
    guard report.positions > 0 else { return }
    let equal = Double(report.equalToOriginal) / Double(report.positions)
    facts["held_out_equal_share"] = rounded(equal)
    facts["held_out_label_share"] = rounded(rate * (1 - equal))
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
