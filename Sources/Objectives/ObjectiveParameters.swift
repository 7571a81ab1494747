// SPDX-License-Identifier: Apache-2.0

/// The parameters of an objective: defaults, then a preset, then what was set, in that order.
///
///     let objective = try ObjectiveRegistry.standard.objective(named: "mlm")
///     let parameters = try ObjectiveParameters(
///       objective.descriptor, settings: [Setting("preset", "bert"), Setting("length", "512")])
public struct ObjectiveParameters: Sendable, Hashable {
  /// A parameter with its value.
  public struct Entry: Sendable, Hashable {
    /// The parameter.
    public let name: String
    /// Its value.
    public let value: ParameterValue
  }

  /// The objective's name.
  public let objective: String
  /// The preset that was asked for, if any.
  public let preset: String?
  /// Every parameter with its value, in the descriptor's order; then those of members.
  public let entries: [Entry]
  /// What was set for members, as `MEMBER.NAME`, in the order given.
  let memberSettings: [Setting]

  /// Resolves settings. `preset=NAME` may stand anywhere among them; of two settings of one
  /// parameter the later one counts.
  ///
  /// - Throws: ``ObjectiveError`` (`unknownName`, `invalidValue`), with what was probably meant.
  public init(_ descriptor: Descriptor, settings: [Setting] = []) throws(ObjectiveError) {
    objective = descriptor.name
    var values = descriptor.parameters.map(\.defaultValue)
    let presetName = settings.last { $0.name == "preset" }?.value
    if let presetName {
      guard let preset = descriptor.presets.first(where: { $0.name == presetName }) else {
        throw ObjectiveError(
          .unknownName, objective: descriptor.name, subject: "preset",
          "no preset \"\(presetName)\"\(NearMiss.hint(presetName, descriptor.presets.map(\.name)))")
      }
      try Self.apply(preset.settings, of: descriptor, to: &values)
    }
    preset = presetName
    let isForMember = { (setting: Setting) in
      !descriptor.memberParameters.isEmpty && setting.name.contains(".")
    }
    memberSettings = settings.filter(isForMember)
    try Self.apply(
      settings.filter { $0.name != "preset" && !isForMember($0) }, of: descriptor, to: &values)
    entries = zip(descriptor.parameters, values).map { Entry(name: $0.name, value: $1) }
  }

  private init(_ base: ObjectiveParameters, entries: [Entry]) {
    objective = base.objective
    preset = base.preset
    memberSettings = base.memberSettings
    self.entries = base.entries + entries
  }

  /// These and the parameters of members.
  func adding(_ entries: [Entry]) -> ObjectiveParameters {
    ObjectiveParameters(self, entries: entries)
  }

  /// The value of a whole-number parameter.
  func integer(_ name: String) throws(ObjectiveError) -> Int {
    guard case .integer(let value) = try value(name) else { throw undeclared(name) }
    return value
  }

  /// The value of a real parameter.
  func real(_ name: String) throws(ObjectiveError) -> Double {
    guard case .real(let value) = try value(name) else { throw undeclared(name) }
    return value
  }

  /// The value of an on-or-off parameter.
  func flag(_ name: String) throws(ObjectiveError) -> Bool {
    guard case .flag(let value) = try value(name) else { throw undeclared(name) }
    return value
  }

  /// The value of a choice, as a case of an enumeration whose raw values are the choices.
  func choice<Choice: RawRepresentable>(
    _ name: String, as type: Choice.Type = Choice.self
  ) throws(ObjectiveError) -> Choice where Choice.RawValue == String {
    guard case .choice(let text) = try value(name), let choice = Choice(rawValue: text) else {
      throw undeclared(name)
    }
    return choice
  }

  /// The name of a choice.
  func name(_ name: String) throws(ObjectiveError) -> String {
    guard case .choice(let text) = try value(name) else { throw undeclared(name) }
    return text
  }

  /// The value of a text.
  func text(_ name: String) throws(ObjectiveError) -> String {
    guard case .text(let text) = try value(name) else { throw undeclared(name) }
    return text
  }

  /// An error about a value that is well-formed but cannot be.
  func invalid(_ name: String, _ message: String) -> ObjectiveError {
    ObjectiveError(.invalidValue, objective: objective, subject: name, message)
  }

  private func value(_ name: String) throws(ObjectiveError) -> ParameterValue {
    guard let entry = entries.first(where: { $0.name == name }) else { throw undeclared(name) }
    return entry.value
  }

  /// Reached only when the parameters of one objective are handed to another.
  private func undeclared(_ name: String) -> ObjectiveError {
    ObjectiveError(
      .unknownName, objective: objective, subject: name,
      "these parameters do not declare \"\(name)\" as it is read")
  }

  /// The values that an alias may have, as `true|false`; nil if the name is not one.
  private static func aliasSummary(_ setting: Setting, of descriptor: Descriptor) -> String? {
    let values = descriptor.aliases.filter { $0.written.name == setting.name && !$0.isOfAnyValue }
      .map(\.written.value)
    return values.isEmpty ? nil : values.joined(separator: "|")
  }

  private static func apply(
    _ settings: [Setting], of descriptor: Descriptor, to values: inout [ParameterValue]
  ) throws(ObjectiveError) {
    for written in settings {
      let setting = descriptor.aliases.lazy.compactMap { $0.meaning(of: written) }.first ?? written
      if let text = aliasSummary(written, of: descriptor), setting == written {
        throw ObjectiveError(
          .invalidValue, objective: descriptor.name, subject: written.name,
          "\(written.name) takes \(text), not \"\(written.value)\"")
      }
      guard let index = descriptor.parameters.firstIndex(where: { $0.name == setting.name }) else {
        let names = descriptor.parameters.map(\.name) + ["preset"]
        throw ObjectiveError(
          .unknownName, objective: descriptor.name, subject: setting.name,
          "no parameter \"\(setting.name)\"\(NearMiss.hint(setting.name, names))")
      }
      let parameter = descriptor.parameters[index]
      guard let value = parameter.kind.value(from: setting.value) else {
        var hint = ""
        switch parameter.kind {
        case .choice(let names), .open(let names, _):
          hint = NearMiss.suggestion(setting.value, names)
        case .integer, .real, .flag, .text: break
        }
        throw ObjectiveError(
          .invalidValue, objective: descriptor.name, subject: setting.name,
          "\(setting.name) takes \(parameter.kind.summary), not \"\(setting.value)\"\(hint)")
      }
      values[index] = value
    }
  }
}
