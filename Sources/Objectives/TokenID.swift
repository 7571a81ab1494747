// SPDX-License-Identifier: Apache-2.0

/// The number of a token in a vocabulary.
public typealias TokenID = UInt32
