// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Learning rates")
struct LearningRateScheduleTests {
  @Test("rise linearly, then fall along half a cosine")
  func warmupAndCosine() {
    let schedule = LearningRateSchedule(peak: 2, warmup: 4, steps: 12)
    #expect((0..<4).map(schedule.rate) == [0, 0.5, 1, 1.5])
    #expect(schedule.rate(at: 4) == 2)
    #expect(abs(schedule.rate(at: 8) - 1) < 1e-12)
    #expect(abs(schedule.rate(at: 12)) < 1e-12)
    #expect(abs(schedule.rate(at: 100)) < 1e-12)
  }

  @Test("have a cosine that agrees with the system's")
  func cosine() {
    for step in 0...1000 {
      let x = Double(step) / 1000
      #expect(abs(Cosine.ofHalfTurns(x) - cos(.pi * x)) < 1e-15 * 4)
    }
  }
}
