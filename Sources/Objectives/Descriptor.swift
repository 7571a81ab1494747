// SPDX-License-Identifier: Apache-2.0

/// What there is to know of an objective before it is made.
public struct Descriptor: Sendable, Hashable {
  /// The name, as `--objective` has it.
  public let name: String
  /// One sentence.
  public let summary: String
  /// Its parameters, in the order in which help and manifests show them.
  public let parameters: [Parameter]
  /// What may be set for each member as `MEMBER.NAME`, besides the parameters of the member's own
  /// objective; empty for objectives without members.
  public let memberParameters: [Parameter]
  /// Other ways to write some settings.
  public let aliases: [Alias]
  /// Published recipes.
  public let presets: [Preset]
  /// The papers and programs that define it.
  public let sources: [String]
  /// The `transformers` classes that take its rows unchanged.
  public let heads: [String]

  init(
    name: String, summary: String, parameters: [Parameter],
    memberParameters: [Parameter] = [], aliases: [Alias] = [], presets: [Preset], sources: [String],
    heads: [String]
  ) {
    self.name = name
    self.summary = summary
    self.parameters = parameters
    self.memberParameters = memberParameters
    self.aliases = aliases
    self.presets = presets
    self.sources = sources
    self.heads = heads
  }
}

/// A setting that stands for another one, and is replaced by it before anything else.
public struct Alias: Sendable, Hashable {
  /// What may be written.
  public let written: Setting
  /// What it means.
  public let meant: Setting

  /// Whether it stands for a parameter, with any value, rather than for one setting.
  public let isOfAnyValue: Bool

  init(_ written: Setting, for meant: Setting) {
    self.written = written
    self.meant = meant
    isOfAnyValue = false
  }

  /// Another name for a parameter.
  init(_ name: String, forParameter parameter: String) {
    written = Setting(name, "")
    meant = Setting(parameter, "")
    isOfAnyValue = true
  }

  /// What a setting means; nil if this is no alias of it.
  func meaning(of setting: Setting) -> Setting? {
    guard isOfAnyValue else { return setting == written ? meant : nil }
    return setting.name == written.name ? Setting(meant.name, setting.value) : nil
  }
}
