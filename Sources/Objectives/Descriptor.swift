// SPDX-License-Identifier: Apache-2.0

/// What there is to know of an objective before it is made.
public struct Descriptor: Sendable, Hashable {
  /// The name, as `--objective` has it.
  public let name: String
  /// One sentence.
  public let summary: String
  /// Its parameters, in the order in which help and manifests show them.
  public let parameters: [Parameter]
  /// Published recipes.
  public let presets: [Preset]
  /// The papers and programs that define it.
  public let sources: [String]
  /// The `transformers` classes that take its rows unchanged.
  public let heads: [String]
}
