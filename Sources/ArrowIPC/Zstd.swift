// SPDX-License-Identifier: Apache-2.0

internal import CZstd

/// Facts about the zstd library in use.
public enum Zstd {
  /// The version, such as `1.5.4`. Compressed bytes differ between versions; their content never.
  public static var version: String { String(cString: ZSTD_versionString()) }
}
