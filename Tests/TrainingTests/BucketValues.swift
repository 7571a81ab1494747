// SPDX-License-Identifier: Apache-2.0

/// Buckets of −200, −128, −91, −64, −32, −16, −8, −7, 0, 1, 7, 8, 11, 12, 16, 23, 64 and 127.
enum BucketValues {
  static let bidirectional = [15, 15, 15, 14, 12, 10, 8, 7, 0, 17, 23, 24, 24, 25, 26, 27, 30, 31]
  static let causal = [31, 31, 29, 26, 21, 16, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
}
