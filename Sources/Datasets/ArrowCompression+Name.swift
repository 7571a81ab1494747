// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC

extension ArrowCompression {
  /// The name, as `--compression` and the manifest have it: `none`, `zstd:3`.
  public var name: String {
    switch self {
    case .none: "none"
    case .zstd(let level): "zstd:\(level)"
    }
  }

  /// Reads `none`, `zstd` or `zstd:LEVEL`; nil for anything else.
  public init?(name: String) {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    switch (parts.first, parts.count) {
    case ("none", 1): self = .none
    case ("zstd", 1): self = .zstd(level: 3)
    case ("zstd", 2):
      guard let level = Int(parts[1]), (1...22).contains(level) else { return nil }
      self = .zstd(level: level)
    default: return nil
    }
  }
}
