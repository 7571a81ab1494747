// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Training

@Suite struct CopyAuditTests {
  private func audit(_ kind: TaskKind, _ example: TrainingExample) -> String? {
    var audit = CopyAudit(kind, keptShare: 0.1)
    for _ in 0..<100 { audit.add(example) { $0 < 9 } }
    return audit.leak
  }

  @Test func hiddenTokensThatStandInTheirPlacesLeak() {
    let hidden = TrainingExample(
      inputs: [20, 2, 2, 2], labels: [-100, 21, 22, 23], attention: .all)
    let shown = TrainingExample(
      inputs: [20, 21, 22, 23], labels: [-100, 21, 22, 23], attention: .all)
    #expect(audit(.masked, hidden) == nil)
    #expect(audit(.masked, shown) != nil)
  }

  @Test func aDecoderThatReadsItsAnswerLeaks() {
    let honest = TrainingExample(inputs: [20, 21, 22], labels: [21, 22, 23], attention: .causal)
    let shifted = TrainingExample(inputs: [21, 22, 23], labels: [21, 22, 23], attention: .causal)
    #expect(audit(.causal, honest) == nil)
    #expect(audit(.causal, shifted) != nil)
  }

  @Test func aTextThatWasNotDamagedLeaks() {
    let text = (20..<40).map { Int32($0) }
    func example(_ inputs: [Int32]) -> TrainingExample {
      TrainingExample(inputs: inputs, labels: [3] + text + [1], attention: .all, decoderInputs: [1])
    }
    #expect(audit(.blocks, example([3] + text + [1])) != nil)
    #expect(audit(.blocks, example([3] + text.prefix(9) + [2] + text.suffix(8) + [1])) == nil)
    #expect(audit(.blocks, example(text.suffix(10) + text.prefix(10))) == nil)
    // What was put in front of the rest, and cut to the length of the row.
    #expect(audit(.blocks, example([3] + text + [1, 3] + text.prefix(5))) != nil)
  }
}
