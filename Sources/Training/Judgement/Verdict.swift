// SPDX-License-Identifier: Apache-2.0

/// What a run says of a dataset.
public enum Verdict: String, Sendable, Hashable, CaseIterable {
  /// The model predicts better with the context that the data gives than without.
  case learns
  /// It had every opportunity to, and does not.
  case doesNotLearn = "does not learn"
  /// The run was too short or the held-out text too little to tell.
  case inconclusive
  /// The inputs give the answers away.
  case tooGood = "too good to be true"

  /// Whether a check fails on it.
  ///
  /// - Parameter strict: whether it fails also where nothing is known.
  public func fails(strict: Bool) -> Bool {
    switch self {
    case .learns: false
    case .inconclusive: strict
    case .doesNotLearn, .tooGood: true
    }
  }
}
