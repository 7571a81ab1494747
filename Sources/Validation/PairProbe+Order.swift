// SPDX-License-Identifier: Apache-2.0

extension PairProbe {
  /// What is held against the surface of pairs whose label says whether they are swapped.
  ///
  /// Which of two segments comes first the words of a text tell by themselves: a beginning does not
  /// look like an end. That is what a model is to learn, and no fault of the dataset. It answers for
  /// lengths, and for what the label shows beyond a control: the same segments, put in order or
  /// swapped by another coin.
  struct Order: Sendable {
    /// The features of the lengths.
    let lengths: [UInt32]
    /// The features of the control.
    let features: [UInt32]
    /// The label of the control.
    let coin: Bool

    init(_ segments: ([Int64], [Int64]), isSwapped: Bool) {
      let (first, second) = isSwapped ? (segments.1, segments.0) : segments
      let hash = TextHash.hash(first[...]) ^ TextHash.mixed(TextHash.hash(second[...]))
      coin = TextHash.mixed(hash) & 1 == 1
      features = coin ? PairProbe.features(second, first) : PairProbe.features(first, second)
      lengths = PairProbe.lengthFeatures(segments.0.count, segments.1.count)
    }
  }
}

extension PairProbe.Sample {
  /// The row with nothing but lengths.
  var lengthsAlone: Self? {
    order.map { Self(features: $0.lengths, label: label, isForTraining: isForTraining) }
  }

  /// The control.
  var control: Self? {
    order.map { Self(features: $0.features, label: $0.coin, isForTraining: isForTraining) }
  }
}
