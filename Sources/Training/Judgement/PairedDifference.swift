// SPDX-License-Identifier: Apache-2.0
internal import Randomness

/// The difference of two losses on the same labels, and how far chance could have made it: a paired
/// bootstrap (Efron 1979) over documents.
public struct PairedDifference: Sendable, Hashable {
  /// What one document, or one stretch of it, contributes.
  struct Cluster: Sendable, Hashable {
    var difference = 0.0
    var labels = 0
  }

  /// The mean difference in nats a label.
  public let mean: Double
  /// The lower end of the one-sided 99 % interval.
  public let lower: Double
  /// The upper end of the one-sided 99 % interval.
  public let upper: Double
  /// The standard error.
  public let standardError: Double
  /// Labels that were compared.
  public let labels: Int
  /// Documents that they stand in.
  public let documents: Int
  /// What was resampled: documents, or stretches of them where there are few.
  public let clusters: Int

  /// The smallest mean difference that would have been seen four times in five.
  public var detectable: Double { (2.3263 + 0.8416) * standardError }

  /// With fewer documents than this, stretches of them are resampled.
  static let fewDocuments = 8
  private static let stretch = 2048
  private static let resamples = 2000

  /// Differences example by example.
  ///
  /// - Parameters:
  ///   - differences: the sum of the differences of each example, and its labels.
  ///   - origins: where each example stands.
  init(
    _ differences: [(sum: Double, labels: Int)], origins: [TrainingExample.Origin], seed: UInt64
  ) throws {
    let documents = Set(origins.map(\.id)).count
    var sums: [TrainingExample.Origin: Cluster] = [:]
    for (difference, origin) in zip(differences, origins) where difference.labels > 0 {
      let place = TrainingExample.Origin(
        id: origin.id,
        offset: documents < Self.fewDocuments ? origin.offset / Self.stretch : 0)
      sums[place, default: Cluster()].difference += difference.sum
      sums[place, default: Cluster()].labels += difference.labels
    }
    let order = sums.keys.sorted { ($0.id, $0.offset) < ($1.id, $1.offset) }
    try self.init(order.compactMap { sums[$0] }, documents: documents, seed: seed)
  }

  init(_ clusters: [Cluster], documents: Int, seed: UInt64) throws {
    let labels = clusters.reduce(0) { $0 + $1.labels }
    let sum = clusters.reduce(0) { $0 + $1.difference }
    self.labels = labels
    self.documents = documents
    self.clusters = clusters.count
    let mean = labels > 0 ? sum / Double(labels) : 0
    self.mean = mean
    guard clusters.count > 1, labels > 0 else {
      lower = -.infinity
      upper = .infinity
      standardError = .infinity
      return
    }
    var stream = try RandomStreams(key: StreamKey(seed: seed), unit: 1).stream(.judgement)
    var means: [Double] = []
    for _ in 0..<Self.resamples {
      var drawn = Cluster()
      for _ in clusters {
        let cluster = clusters[stream.uniform(below: clusters.count)]
        drawn.difference += cluster.difference
        drawn.labels += cluster.labels
      }
      means.append(drawn.labels > 0 ? drawn.difference / Double(drawn.labels) : mean)
    }
    means.sort()
    // Resampling few clusters is too sure of itself by this factor.
    let factor = (Double(clusters.count) / Double(clusters.count - 1)).squareRoot()
    let tail = Self.resamples / 100
    lower = mean + factor * (means[tail] - mean)
    upper = mean + factor * (means[Self.resamples - 1 - tail] - mean)
    let variance = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(Self.resamples)
    standardError = factor * variance.squareRoot()
  }
}
