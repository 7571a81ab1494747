// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Training

@Suite("Batches")
struct BatchCheckTests {
  private func refusal(_ family: ModelFamily, _ change: (inout TrainingBatch) -> Void) throws
    -> Bool
  {
    let c = Tiny.configuration(family)
    var batch = try Tiny.batch(c)
    try batch.check(against: c)
    change(&batch)
    do {
      try batch.check(against: c)
      return false
    } catch {
      return error.code == .usage
    }
  }

  @Test("that do not fit the model are refused before anything is computed")
  func misfits() throws {
    #expect(try refusal(.bert) { $0.inputIDs[3] = 23 })
    #expect(try refusal(.bert) { $0.inputIDs[3] = -1 })
    #expect(try refusal(.bert) { $0.inputIDs.removeLast() })
    #expect(try refusal(.bert) { $0.visible.removeLast() })
    #expect(try refusal(.bert) { $0.labels[0] = 23 })
    #expect(try refusal(.bert) { $0.labels[0] = -1 })
    #expect(try refusal(.bert) { $0.positionIDs = $0.inputIDs.map { _ in 9 } })
    #expect(try refusal(.bert) { $0.tokenTypeIDs?[0] = 2 })
    #expect(try refusal(.bert) { $0.pairLabels = [0, 1, 2] })
    #expect(try refusal(.bert) { $0.rows = 0 })
    #expect(try refusal(.electra) { $0.labels[0] = 2 })
    #expect(try refusal(.t5) { $0.decoder = nil })
    #expect(try refusal(.t5) { $0.decoder?.inputIDs[0] = 99 })
    #expect(try refusal(.t5) { $0.decoder?.cross.removeLast() })
    #expect(
      try refusal(.gpt2) {
        $0.length = 10
        $0.rows = 2
      })
  }
}
