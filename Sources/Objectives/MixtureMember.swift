// SPDX-License-Identifier: Apache-2.0

/// One member of a mixture as it was asked for: a name, an objective, a weight, settings.
struct MixtureRequest {
  let name: String
  let type: any Objective.Type
  let weight: Double
  /// Its parameters: defaults, then the preset, then what it shares, then its own.
  let parameters: ObjectiveParameters
  /// What stands before its input.
  let lead: [TokenID]
  private let prefix: String
  private let settings: [Setting]

  /// All members, in the order in which they were named.
  ///
  /// - Throws: ``ObjectiveError`` naming what is wrong.
  static func all(
    _ parameters: ObjectiveParameters, _ vocabulary: Vocabulary
  ) throws(ObjectiveError) -> [MixtureRequest] {
    var requests: [MixtureRequest] = []
    for item in try parameters.text("members").split(
      separator: ",", omittingEmptySubsequences: false)
    {
      let request = try MixtureRequest(trimmed(item), parameters, vocabulary)
      guard !requests.contains(where: { $0.name == request.name }) else {
        throw parameters.invalid(
          "members", "two members are named \"\(request.name)\": write NAME=OBJECTIVE:WEIGHT")
      }
      requests.append(request)
    }
    guard requests.count < 256 else {
      throw parameters.invalid("members", "\(requests.count) members; at most 255")
    }
    let names = requests.map(\.name)
    for setting in parameters.memberSettings {
      let name = String(setting.name.prefix { $0 != "." })
      guard names.contains(name) else {
        throw ObjectiveError(
          .unknownName, objective: parameters.objective, subject: setting.name,
          "no member \"\(name)\"\(NearMiss.hint(name, names))")
      }
    }
    return requests
  }

  private init(
    _ text: String, _ parameters: ObjectiveParameters, _ vocabulary: Vocabulary
  ) throws(ObjectiveError) {
    var rest = text[...]
    weight = try Self.weight(&rest, text, parameters)
    let parts = rest.split(separator: "=", omittingEmptySubsequences: false)
      .map { Self.trimmed($0) }
    guard let objective = parts.last, let name = parts.first, parts.count <= 2, Self.isName(name)
    else {
      throw parameters.invalid(
        "members", "\"\(text)\" is not OBJECTIVE:WEIGHT or NAME=OBJECTIVE:WEIGHT")
    }
    self.name = name
    type = try ObjectiveRegistry.standard.objective(named: objective)
    let descriptor = type.descriptor
    guard descriptor.memberParameters.isEmpty else {
      throw parameters.invalid("members", "a member cannot be a mixture itself")
    }
    let own = parameters.memberSettings.filter { $0.name.hasPrefix("\(name).") }
      .map { Setting(String($0.name.dropFirst(name.count + 1)), $0.value) }
    prefix = own.last { $0.name == "prefix" }?.value ?? ""
    var lead: [TokenID] = []
    for token in prefix.split(separator: " ") {
      guard let id = vocabulary.id(named: String(token)) else {
        throw ObjectiveError(
          .missingRole, objective: parameters.objective, subject: "\(name).prefix",
          "\(name).prefix: the tokenizer has neither a role nor a token \"\(token)\"")
      }
      lead.append(id)
    }
    self.lead = lead
    var settings: [Setting] = []
    for entry in parameters.entries
    where Mixture.shared.contains(entry.name)
      && descriptor.parameters.contains(where: { $0.name == entry.name })
    {
      settings.append(Setting(entry.name, entry.value.description))
    }
    settings += own.filter { $0.name != "prefix" && !($0.name == "preset" && $0.value.isEmpty) }
    self.settings = settings
    self.parameters = try ObjectiveParameters(descriptor, settings: settings)
  }

  private static func weight(
    _ rest: inout Substring, _ text: String, _ parameters: ObjectiveParameters
  ) throws(ObjectiveError) -> Double {
    guard let colon = rest.lastIndex(of: ":") else { return 1 }
    let number = trimmed(rest[rest.index(after: colon)...])
    rest = rest[..<colon]
    guard let weight = Double(number), weight > 0, weight <= 1e9 else {
      throw parameters.invalid(
        "members", "the weight \"\(number)\" of \"\(text)\" is not a number above 0")
    }
    return weight
  }

  private static func trimmed(_ text: Substring) -> String {
    let start = text.drop { $0 == " " }
    return String(start.reversed().drop { $0 == " " }.reversed())
  }

  private static func isName(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  /// Makes the objective, as much shorter as its prefix is long.
  ///
  /// - Parameter targets: the target rows that it has to have, if it leaves them open.
  func make(
    _ vocabulary: Vocabulary, targets: Int? = nil
  ) throws(ObjectiveError) -> any Objective {
    var settings = settings
    if !lead.isEmpty {
      let length = try parameters.integer("length") - lead.count
      settings.append(Setting("length", "\(length)"))
    }
    if let targets, leavesTargetsOpen { settings.append(Setting("targets_length", "\(targets)")) }
    let parameters = try ObjectiveParameters(type.descriptor, settings: settings)
    return try type.init(parameters: parameters, vocabulary: vocabulary)
  }

  private var leavesTargetsOpen: Bool {
    parameters.entries.contains { $0.name == "targets_length" && $0.value == .integer(0) }
  }

  /// What the manifest says of it, so that it can be made again.
  var entries: [ObjectiveParameters.Entry] {
    var entries = parameters.entries
    if let preset = parameters.preset {
      entries.insert(ObjectiveParameters.Entry(name: "preset", value: .text(preset)), at: 0)
    }
    if !prefix.isEmpty {
      entries.insert(ObjectiveParameters.Entry(name: "prefix", value: .text(prefix)), at: 0)
    }
    return entries.map { ObjectiveParameters.Entry(name: "\(name).\($0.name)", value: $0.value) }
  }
}
