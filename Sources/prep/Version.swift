// SPDX-License-Identifier: Apache-2.0
internal import Pipeline

/// What `prep --version` prints.
enum Version {
  static let text = "prep \(Versions.prep)"
}
