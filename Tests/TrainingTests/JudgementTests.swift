// SPDX-License-Identifier: Apache-2.0
import Randomness
import Testing

@testable import Training

@Suite struct JudgementTests {
  /// Differences of 100 documents around a mean.
  private func gap(_ mean: Double, spread: Double, documents: Int = 100) throws -> PairedDifference
  {
    var stream = try RandomStreams(key: StreamKey(seed: 5), unit: 9).stream(.judgement)
    let clusters = (0..<documents).map { _ in
      PairedDifference.Cluster(
        difference: 50 * (mean + spread * (stream.fraction() - 0.5)), labels: 50)
    }
    return try PairedDifference(clusters, documents: documents, seed: 1)
  }

  private func verdict(
    loss: Double = 4, gap: PairedDifference, unigram: Double? = 6, steps: Int = 1000,
    effect: Double? = 0.03, leak: String? = nil
  ) -> Verdict {
    Judgement(
      Evidence(
        name: "test", against: "nothing", loss: loss, baseline: loss + gap.mean, gap: gap,
        unigram: unigram, steps: steps,
        expectation: Expectation(steps: 1000, effect: effect, floor: 0.1), leak: leak)
    ).verdict
  }

  @Test func aGapAboveZeroAndALossUnderFrequenciesIsLearning() throws {
    #expect(verdict(gap: try gap(0.5, spread: 1)) == .learns)
    #expect(verdict(loss: 6.1, gap: try gap(0.5, spread: 1)) == .doesNotLearn)
  }

  @Test func aTraceIsNoLearning() throws {
    #expect(verdict(gap: try gap(0.002, spread: 0.001)) == .doesNotLearn)
    #expect(verdict(gap: try gap(0.004, spread: 0.001)) == .learns)
    #expect(verdict(gap: try gap(0.002, spread: 0.001), effect: 0.003) == .learns)
  }

  @Test func noGapThatWouldHaveShownIsNoLearning() throws {
    #expect(verdict(gap: try gap(0, spread: 0.05)) == .doesNotLearn)
    #expect(verdict(gap: try gap(-0.2, spread: 0.05)) == .doesNotLearn)
  }

  @Test func noGapThatCouldHaveShownSaysNothing() throws {
    #expect(verdict(gap: try gap(0, spread: 3)) == .inconclusive)
    #expect(verdict(gap: try gap(0, spread: 0.05), steps: 999) == .inconclusive)
    #expect(verdict(gap: try gap(0, spread: 0.05), effect: nil) == .inconclusive)
    #expect(verdict(gap: try gap(1, spread: 0.05, documents: 1)) == .inconclusive)
  }

  @Test func whoBeatsFrequenciesByContextAloneIsNotSaidToLearnNothing() throws {
    let none = try gap(0, spread: 0.05)
    func verdict(loss: Double) -> Verdict {
      var expectation = Expectation(.permuted)
      expectation.steps = 1000
      return Judgement(
        Evidence(
          name: "test", against: "nothing", loss: loss, baseline: loss, gap: none, unigram: 6,
          steps: 1000, expectation: expectation)
      ).verdict
    }
    #expect(verdict(loss: 5.5) == .inconclusive)
    #expect(verdict(loss: 6.01) == .doesNotLearn)
  }

  @Test func leaksAndImpossibleLossesAreTooGood() throws {
    #expect(verdict(gap: try gap(0.5, spread: 1), leak: "there it stands") == .tooGood)
    #expect(verdict(loss: 0.5, gap: try gap(0.5, spread: 1)) == .tooGood)
  }

  @Test func onlyWhatIsNotKnownDependsOnStrictness() {
    #expect(Verdict.allCases.map { $0.fails(strict: false) } == [false, true, false, true])
    #expect(Verdict.allCases.map { $0.fails(strict: true) } == [false, true, true, true])
  }

  @Test func theIntervalHoldsTheMeanAsOftenAsItSays() throws {
    var stream = try RandomStreams(key: StreamKey(seed: 11), unit: 9).stream(.judgement)
    var above = 0
    for trial in 0..<300 {
      let clusters = (0..<30).map { _ in
        PairedDifference.Cluster(difference: 10 * (stream.fraction() - 0.5), labels: 10)
      }
      let gap = try PairedDifference(clusters, documents: 30, seed: UInt64(trial))
      above += gap.lower > 0 ? 1 : 0
    }
    // 3 of 300 are expected at 99 %; 12 or more come by chance once in 10,000 times.
    #expect(above < 12)
  }

  @Test func fewDocumentsAreTakenInStretches() throws {
    let origins = (0..<40).map { TrainingExample.Origin(id: UInt64($0 % 2), offset: $0 * 1024) }
    let gap = try PairedDifference(
      origins.map { _ in (1.0, 10) }, origins: origins, seed: 1)
    #expect(gap.documents == 2)
    #expect(gap.clusters > 20)
    #expect(gap.mean == 0.1)
  }

  @Test func theSameSeedGivesTheSameInterval() throws {
    let one = try gap(0.1, spread: 1)
    #expect(try gap(0.1, spread: 1) == one)
    #expect(one.lower < one.mean && one.mean < one.upper)
  }
}
