// SPDX-License-Identifier: Apache-2.0

extension ModelConfiguration {
  /// About how many weights there are: the tables and the large products.
  public var weightCount: Int {
    let attention = 4 * hiddenSize * heads * headSize
    let feedForward = (isGated ? 3 : 2) * hiddenSize * innerSize
    return (vocabularySize + positions) * embeddingSize
      + layers * (attention + feedForward) + decoderLayers * (2 * attention + feedForward)
  }

  /// Refuses sizes that are no model, or more of one than fits any memory.
  ///
  /// - Throws: ``TrainingError`` (`usage`) that names the size.
  func check() throws(TrainingError) {
    let isT5 = family == .t5
    let sizes: [(name: String, value: Int, least: Int, most: Int)] = [
      ("vocabulary", vocabularySize, 2, 1 << 24), ("width", hiddenSize, 1, 1 << 16),
      ("embeddings' width", embeddingSize, 1, 1 << 16), ("number of layers", layers, 0, 1024),
      ("number of decoder layers", decoderLayers, isT5 ? 1 : 0, 1024),
      ("number of heads", heads, 1, 1024), ("heads' width", headSize, 1, 1 << 16),
      ("inner width", innerSize, 1, 1 << 20), ("positions", positions, isT5 ? 0 : 1, 1 << 24),
      ("token types", tokenTypes, 0, 1 << 16),
    ]
    for size in sizes where size.value < size.least || size.value > size.most {
      throw TrainingError(
        .usage,
        "a model's \(size.name) must be from \(size.least) to \(size.most), "
          + "not \(size.value)")
    }
    if !isT5 && heads * headSize != hiddenSize {
      throw TrainingError(
        .usage, "the width \(hiddenSize) is not a multiple of the \(heads) heads")
    }
    if isT5 && (relativeBuckets < 4 || relativeMaximumDistance <= relativeBuckets / 2) {
      throw TrainingError(
        .usage,
        "relative positions need at least 4 buckets and a maximum distance above half of them, not "
          + "\(relativeBuckets) and \(relativeMaximumDistance)")
    }
    guard weightCount < 1 << 31 else {
      throw TrainingError(.usage, "a model of \(weightCount) weights is too large for this trainer")
    }
  }
}
