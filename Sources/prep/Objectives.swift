// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON
internal import Objectives
internal import Pipeline

/// `prep objectives`
struct ObjectivesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "objectives",
    abstract: "Show the objectives, their parameters, presets and sources.")

  @Argument(
    help: "An objective, or out-of-scope for what there is not; without one, all are listed.")
  var name: String?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    var output = StandardOutput()
    if name == Self.outOfScope {
      try showOutOfScope(&output)
      return try output.flush()
    }
    let registry = ObjectiveRegistry.standard
    let descriptors =
      try name.map { [try registry.objective(named: $0).descriptor] } ?? registry.descriptors
    if json {
      let values = descriptors.map(Self.json)
      let value: JSONValue = name == nil ? .array(values) : values[0]
      try output.line(String(decoding: value.serialized(pretty: true), as: UTF8.self))
    } else if name == nil {
      let width = descriptors.map(\.name.count).max() ?? 0
      for descriptor in descriptors {
        let padding = String(repeating: " ", count: width - descriptor.name.count)
        try output.line("\(descriptor.name)\(padding)  \(descriptor.summary)")
      }
      try output.line("\nOut of scope:")
      try Self.listOutOfScope(&output)
    } else {
      for descriptor in descriptors { try Self.describe(descriptor, to: &output) }
    }
    try output.flush()
  }

  private static let outOfScope = "out-of-scope"

  private func showOutOfScope(_ output: inout StandardOutput) throws {
    guard json else { return try Self.listOutOfScope(&output) }
    let items = OutOfScope.all.map { item -> JSONValue in
      ["name": .string(item.name), "reason": .string(item.reason)]
    }
    let value: JSONValue = ["out_of_scope": .array(items)]
    try output.line(String(decoding: value.serialized(pretty: true), as: UTF8.self))
  }

  private static func listOutOfScope(_ output: inout StandardOutput) throws {
    for item in OutOfScope.all { try output.line("  \(item.name): \(item.reason)") }
  }

  private static func describe(_ descriptor: Descriptor, to output: inout StandardOutput) throws {
    try output.line("\(descriptor.name): \(descriptor.summary)")
    try output.line("\nParameters (--set name=value):")
    try list(descriptor.parameters, to: &output)
    if !descriptor.memberParameters.isEmpty {
      try output.line("\nOf each member (--set member.name=value), besides its objective's own:")
      try list(descriptor.memberParameters, to: &output)
    }
    if !descriptor.presets.isEmpty { try output.line("\nPresets (--set preset=name):") }
    for preset in descriptor.presets {
      let settings = preset.settings.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
      try output.line("  \(preset.name)  \(settings)")
      try output.line("      \(preset.note)")
    }
    try output.line("\nHeads: \(descriptor.heads.joined(separator: ", "))")
    try output.line("Sources:")
    for source in descriptor.sources { try output.line("  \(source)") }
  }

  private static func list(_ parameters: [Parameter], to output: inout StandardOutput) throws {
    for parameter in parameters {
      try output.line(
        "  \(parameter.name)=\(parameter.defaultValue)  (\(parameter.kind.summary))")
      try output.line("      \(parameter.summary)")
    }
  }

  private static func json(_ parameters: [Parameter]) -> JSONValue {
    .array(
      parameters.map { parameter in
        [
          "name": .string(parameter.name), "type": .string(parameter.kind.summary),
          "default": json(parameter.defaultValue), "summary": .string(parameter.summary),
        ]
      })
  }

  private static func json(_ value: ParameterValue) -> JSONValue {
    switch value {
    case .integer(let value): .init(value)
    case .real(let value): .double(value)
    case .flag(let value): .bool(value)
    case .choice(let value), .text(let value): .string(value)
    }
  }

  private static func json(_ descriptor: Descriptor) -> JSONValue {
    var object: JSONObject = [
      "name": .string(descriptor.name), "summary": .string(descriptor.summary),
      "parameters": json(descriptor.parameters),
      "presets": .array(
        descriptor.presets.map { preset in
          [
            "name": .string(preset.name), "note": .string(preset.note),
            "settings": .object(
              preset.settings.reduce(into: [:]) { $0[$1.name] = .string($1.value) }),
          ]
        }),
      "heads": .array(descriptor.heads.map { .string($0) }),
      "sources": .array(descriptor.sources.map { .string($0) }),
    ]
    if !descriptor.memberParameters.isEmpty {
      object["member_parameters"] = json(descriptor.memberParameters)
    }
    return .object(object)
  }
}
