// SPDX-License-Identifier: Apache-2.0

/// How much of a dataset is looked at; each level includes those before it.
public enum ValidationLevel: String, Sendable, Hashable, CaseIterable {
  /// The manifest, the list of files with their sizes, and the schema, footer and batch descriptions
  /// of every shard: no values are read.
  case footers
  /// The SHA-256 of every file.
  case digests
  /// Every row, decoded, against the digest of the content and the rules of its kind.
  case full
}
