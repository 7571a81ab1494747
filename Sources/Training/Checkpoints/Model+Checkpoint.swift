// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import JSON

/// What of a checkpoint was used.
public struct CheckpointReport: Sendable, Hashable {
  /// Weights that the checkpoint lacks and that were drawn afresh: heads only.
  public var fresh: [String] = []
  /// Arrays of the checkpoint that the model has no place for.
  public var unused: [String] = []
}

extension Model {
  /// A model from a checkpoint: a directory with `config.json` and `model.safetensors` as
  /// `save_pretrained` of `transformers` and ``save(to:)`` write it.
  ///
  /// Base models without heads are taken too; their heads are drawn afresh, which the report tells.
  /// - Parameters:
  ///   - directory: The directory.
  ///   - needsPairHead: BERT: have the head over pairs of segments even if the checkpoint has none.
  ///   - seed: The key of weights that the checkpoint lacks.
  ///   - threads: Threads that compute.
  ///   - kernel: What computes matrix products.
  /// - Throws: ``TrainingError``: `missing`, `corrupt` for a damaged file and for arrays that are
  ///   missing or of the wrong shape, `unsupported` for other architectures.
  public static func load(
    _ directory: String, needsPairHead: Bool = false, seed: UInt64 = 0, threads: Int = 1,
    kernel: MatrixKernel = .openBLAS
  ) throws(TrainingError) -> (model: Model, report: CheckpointReport) {
    let files = try CheckpointFiles(directory)
    var configuration = files.configuration
    guard configuration.weightCount <= files.valueCount else {
      throw TrainingError(
        .corrupt, path: directory,
        "config.json describes a model of \(configuration.weightCount) weights or more, the "
          + "checkpoint has \(files.valueCount)")
    }
    if configuration.family == .bert {
      configuration.hasPairHead =
        needsPairHead || files.find(["cls.seq_relationship.weight"]) != nil
    }
    if let head = configuration.untiedHeadName {
      configuration.tiesHead = try configuration.tiesHead(files, head)
    }
    let model = try Model(declaring: configuration, threads: threads, kernel: kernel)
    let report = try model.take(files, directory)
    model.drawMissing(seed: seed)
    return (model, report)
  }

  private func take(
    _ files: CheckpointFiles, _ directory: String
  ) throws(TrainingError) -> CheckpointReport {
    var report = CheckpointReport()
    var used: Set<String> = []
    for parameter in parameters.all {
      guard let (file, entry) = files.find(configuration.names(of: parameter.name)) else {
        guard configuration.isHead(parameter.name) else {
          throw TrainingError(
            .corrupt, path: files.path,
            "there is no \(parameter.name): the checkpoint is not whole, or of another model than "
              + "config.json says")
        }
        report.fresh.append(parameter.name)
        continue
      }
      guard entry.shape == parameter.shape else {
        throw TrainingError(
          .corrupt, path: file.path,
          "\(entry.name) is of shape \(entry.shape), config.json asks for \(parameter.shape)")
      }
      file.copy(entry, to: parameter.value)
      parameter.isSet = true
      used.insert(entry.name)
    }
    report.unused = files.names.filter { name in
      !used.contains(name) && !configuration.isKnownDuplicate(name)
    }.sorted()
    return report
  }

  /// Writes `model.safetensors` and `config.json`, as `from_pretrained` of `transformers` reads
  /// them.
  ///
  /// - Throws: ``TrainingError``: `outputRefused` or `inputOutput`.
  public func save(to directory: String) throws(TrainingError) {
    do {
      try FileSystem.createDirectory(directory)
      try FileSystem.replace(
        "\(directory)/\(CheckpointFiles.configurationName)",
        with: JSONValue.object(configuration.json).serialized(pretty: true))
    } catch {
      throw TrainingError(writing: directory, error)
    }
    var writer = SafeTensorsWriter()
    for parameter in parameters.all {
      writer.add(
        parameter.name, parameter.shape, .floats(parameter.value, count: parameter.count))
    }
    try writer.write(to: "\(directory)/\(CheckpointFiles.weightsName)")
  }
}

extension ModelConfiguration {
  private var prefix: String {
    switch family {
    case .bert: "bert."
    case .electra: "electra."
    case .gpt2: "transformer."
    case .t5: ""
    }
  }

  /// The name that a table of the head has where it is not that of the inputs.
  fileprivate var untiedHeadName: String? {
    switch family {
    case .bert: "cls.predictions.decoder.weight"
    case .gpt2, .t5: "lm_head.weight"
    case .electra: nil
    }
  }

  private var wordsName: String {
    switch family {
    case .bert: "bert.embeddings.word_embeddings.weight"
    case .electra: "electra.embeddings.word_embeddings.weight"
    case .gpt2: "transformer.wte.weight"
    case .t5: "shared.weight"
    }
  }

  /// Whether the head's table is that of the inputs: as `transformers` does it, not if both are
  /// there and differ.
  fileprivate func tiesHead(
    _ files: CheckpointFiles, _ head: String
  ) throws(TrainingError) -> Bool {
    guard let (headFile, headEntry) = files.find([head]) else { return true }
    guard let (file, entry) = files.find(names(of: wordsName).filter { $0 != head }) else {
      return true
    }
    guard entry.shape == headEntry.shape else { return false }
    let (first, second) = (FloatBuffer(count: entry.count), FloatBuffer(count: entry.count))
    file.copy(entry, to: first.base)
    headFile.copy(headEntry, to: second.base)
    let areEqual = (0..<entry.count).allSatisfy { first.base[$0] == second.base[$0] }
    return areEqual && (tiesHead || family == .t5)
  }

  /// The names under which checkpoints have a parameter: of the full model, of the base model
  /// alone, of older versions, of what it is tied to.
  fileprivate func names(of name: String) -> [String] {
    var names = [name]
    if !prefix.isEmpty, name.hasPrefix(prefix) {
      names.append(String(name.dropFirst(prefix.count)))
    }
    for known in names {
      for (new, old) in [
        (".LayerNorm.weight", ".LayerNorm.gamma"), (".LayerNorm.bias", ".LayerNorm.beta"),
      ]
      where known.hasSuffix(new) {
        names.append(String(known.dropLast(new.count)) + old)
      }
    }
    if name == "cls.predictions.bias" { names.append("cls.predictions.decoder.bias") }
    if name == wordsName {
      if family == .t5 { names += ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"] }
      if let head = untiedHeadName { names.append(head) }
    }
    return names
  }

  /// Whether a model can do without that parameter of a checkpoint: it belongs to a head.
  fileprivate func isHead(_ name: String) -> Bool {
    switch family {
    case .bert: name.hasPrefix("cls.") || name.hasPrefix("bert.pooler.")
    case .electra: name.hasPrefix("discriminator_predictions.")
    case .gpt2, .t5: false
    }
  }

  /// Whether an array repeats another, or is no weight at all.
  fileprivate func isKnownDuplicate(_ name: String) -> Bool {
    let suffixes = [".position_ids", ".attn.bias", ".attn.masked_bias"]
    return name == untiedHeadName || name == "cls.predictions.decoder.bias"
      || name.hasSuffix("embed_tokens.weight") || suffixes.contains { name.hasSuffix($0) }
      || name == "embeddings.position_ids"
  }
}
