// SPDX-License-Identifier: Apache-2.0

/// Replaces runs of tokens by sentinels, given a mask with one byte a token.
enum Sentinels {
  /// Replaces each run whose mark is `marked` by the next sentinel and copies the rest: the
  /// original's `noise_span_to_unique_sentinel` for inputs and, with `marked` 0, its
  /// `nonnoise_span_to_unique_sentinel` for targets.
  ///
  /// Sentinels beyond the last repeat it. Writes at most `tokens.count` ids.
  /// - Returns: How many ids were written.
  static func replaceRuns(
    marked: UInt8, in tokens: UnsafeBufferPointer<TokenID>, _ marks: UnsafeBufferPointer<UInt8>,
    sentinels: [TokenID], into row: UnsafeMutableBufferPointer<TokenID>
  ) -> Int {
    var written = 0
    var runs = 0
    for index in tokens.indices {
      if marks[index] != marked {
        row[written] = tokens[index]
        written &+= 1
      } else if index == 0 || marks[index &- 1] != marked {
        row[written] = sentinels[min(runs, sentinels.count &- 1)]
        written &+= 1
        runs &+= 1
      }
    }
    return written
  }

  /// The targets with each noise run numbered like its sentinel in the inputs: sentinel, run,
  /// sentinel, run, …. Equal to the original's where the mask starts clean and ends in noise;
  /// right also where it does not.
  ///
  /// - Returns: How many ids were written: the noise and one more a run.
  static func numberedTargets(
    of tokens: UnsafeBufferPointer<TokenID>, _ marks: UnsafeBufferPointer<UInt8>,
    sentinels: [TokenID], into row: UnsafeMutableBufferPointer<TokenID>
  ) -> Int {
    var written = 0
    var runs = 0
    for index in tokens.indices where marks[index] != 0 {
      if index == 0 || marks[index &- 1] == 0 {
        row[written] = sentinels[min(runs, sentinels.count &- 1)]
        written &+= 1
        runs &+= 1
      }
      row[written] = tokens[index]
      written &+= 1
    }
    return written
  }
}
