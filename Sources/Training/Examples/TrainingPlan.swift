// SPDX-License-Identifier: Apache-2.0
public import Datasets
internal import JSON
public import Objectives

/// How the rows of a dataset are trained on: the family of models, the tasks, the ids that matter.
public struct TrainingPlan: Sendable {
  /// The objective's name.
  public let objective: String
  /// The kind of model that takes the rows.
  public let family: ModelFamily
  /// The tasks, by their number in the column `task`; one without such a column.
  public let tasks: [TrainingTask]
  /// The columns to read.
  public let columns: [String]
  /// The column that says what the two segments of a row are to each other, if there is one.
  public let pairColumn: String?
  /// What fills a decoder's first position.
  public let decoderStart: Int32?
  /// Ids by role.
  public let roles: [String: Int32]
  /// Sentinels, that of the first span first.
  public let sentinels: [Int32]
  /// One more than the largest id.
  public let vocabularySize: Int
  /// The share of selected tokens that the input keeps or replaces by chance, where it is known.
  public let keptShare: Double
  private let isSpecialID: [Bool]

  /// Reads the plan from a manifest.
  ///
  /// - Parameters:
  ///   - objective: the objective, made with the parameters of the manifest.
  ///   - vocabulary: the tokens of the dataset's tokenizer.
  public init(_ manifest: Manifest, objective: any Objective, vocabulary: Vocabulary) {
    let record = manifest.objective
    let parameters = record?.parameters
    let name = record?.name ?? type(of: objective).descriptor.name
    self.init(
      objective: name, tasks: Self.members(of: name, objective, parameters),
      columns: objective.columns.map(\.name), pairColumn: objective.examination.pairLabel,
      decoderStart: objective.facts.first { $0.name == "decoder_start_token_id" }
        .map { Int32($0.value) },
      roles: manifest.tokenizer.roles.mapValues { Int32($0) },
      sentinels: manifest.tokenizer.sentinels.map { Int32($0) },
      specials: (0..<manifest.tokenizer.vocabularySize).map {
        vocabulary.isSpecial(TokenID(truncatingIfNeeded: $0))
      },
      keptShare: max(
        0,
        1 - (Self.number(parameters?["mask_share"]) ?? 0.8)
          - (Self.number(parameters?["random_share"]) ?? 0.1)))
  }

  /// - Parameter specials: for each id whether it is a special token.
  init(
    objective: String, tasks: [TrainingTask], columns: [String], pairColumn: String? = nil,
    decoderStart: Int32? = nil, roles: [String: Int32], sentinels: [Int32], specials: [Bool],
    keptShare: Double = 0.1
  ) {
    self.objective = objective
    self.tasks = tasks
    self.columns = columns
    self.pairColumn = pairColumn
    self.decoderStart = decoderStart
    self.roles = roles
    self.sentinels = sentinels
    self.keptShare = keptShare
    vocabularySize = specials.count
    isSpecialID = specials
    if decoderStart != nil {
      family = .t5
    } else if tasks.contains(where: { $0.kind == .replaced }) {
      family = .electra
    } else if tasks.allSatisfy({ $0.kind == .masked || $0.kind == .permuted }) {
      family = .bert
    } else {
      family = .gpt2
    }
  }

  /// Whether an id is a special token, or none at all.
  public func isSpecial(_ id: Int32) -> Bool {
    id < 0 || Int(id) >= isSpecialID.count || isSpecialID[Int(id)]
  }

  /// The id that fills short rows.
  public var padID: Int32 { roles["pad"] ?? roles["eos"] ?? 0 }

  // MARK: Tasks

  private static func members(
    of name: String, _ objective: any Objective, _ parameters: JSONValue?
  ) -> [TrainingTask] {
    guard name == "mixture" else { return tasks(name, name, objective.tasks, parameters) }
    let requests = parameters?["members"]?.stringValue ?? ""
    var objectives: [String: String] = [:]
    for request in requests.split(separator: ",") {
      let words = request.split(separator: ":")[0].split(separator: "=").map(String.init)
      if let first = words.first, let last = words.last { objectives[first] = last }
    }
    return objective.tasks.map { task in
      let member = task.split(separator: ".").first.map(String.init) ?? task
      let parameter = { (key: String) in parameters?["\(member).\(key)"] }
      return TrainingTask(
        name: task, kind: kind(of: objectives[member] ?? member, task: task, parameter))
    }
  }

  private static func tasks(
    _ name: String, _ objective: String, _ own: [String], _ parameters: JSONValue?
  ) -> [TrainingTask] {
    let parameter = { (key: String) in parameters?[key] }
    if own.isEmpty {
      return [TrainingTask(name: name, kind: kind(of: objective, task: "", parameter))]
    }
    return own.map {
      TrainingTask(name: "\(name).\($0)", kind: kind(of: objective, task: $0, parameter))
    }
  }

  private static func kind(
    of objective: String, task: String, _ parameter: (String) -> JSONValue?
  ) -> TaskKind {
    switch objective {
    case "clm": .causal
    case "fim": .middle
    case "mntp": .maskedNext
    case "plm": .permuted
    case "rtd": parameter("form")?.stringValue == "generator-inputs" ? .masked : .replaced
    case "t5-span": .spans
    case "t5-iid": parameter("targets")?.stringValue ?? "spans" == "spans" ? .spans : .blocks
    case "ul2": task == "s" || task.hasSuffix(".s") ? .prefix : .spans
    case "prefix-lm": .prefix
    case "mlm", "mdlm": .masked
    default: .blocks
    }
  }

  private static func number(_ value: JSONValue?) -> Double? {
    value?.doubleValue ?? value?.integerValue.map { Double($0) }
  }
}
