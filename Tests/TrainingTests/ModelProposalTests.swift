// SPDX-License-Identifier: Apache-2.0
import Objectives
import Randomness
import Testing

@testable import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("A proposal by a model")
struct ModelProposalTests {
  /// A proposal, and the model that it was read from.
  private func makeProposal() throws -> (ModelProposal, Model) {
    var template = Array("/tmp/prep-proposal-XXXXXX".utf8CString)
    let directory = String(
      cString: try #require(template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }))
    defer {
      for name in ["config.json", "model.safetensors"] { unlink("\(directory)/\(name)") }
      rmdir(directory)
    }
    var c = Tiny.configuration(.bert)
    c.initializerRange = 0.5
    let model = try Tiny.model(c)
    try model.save(to: directory)
    return (try ModelProposal(checkpoint: directory, vocabulary: vocabulary), model)
  }

  private var vocabulary: Vocabulary {
    get throws { try Vocabulary(size: 23, roles: ["cls": 0, "sep": 1, "mask": 2, "pad": 3]) }
  }

  private func draws(
    _ proposal: ModelProposal, _ tokens: [TokenID], _ positions: [UInt32], frame: UInt32
  ) throws -> [TokenID] {
    var random = try RandomStreams(key: StreamKey(seed: 1), unit: 0)
      .stream(.replacement, frame: frame)
    var result = [TokenID](repeating: 99, count: positions.count)
    positions.withUnsafeBufferPointer { positions in
      tokens.withUnsafeBufferPointer { tokens in
        result.withUnsafeMutableBufferPointer {
          proposal.propose(for: positions, in: tokens, random: &random, into: $0)
        }
      }
    }
    return result
  }

  @Test("draws ordinary tokens as often as the model's softmax says")
  func distribution() throws {
    let (proposal, model) = try makeProposal()
    let tokens: [TokenID] = [5, 9, 22, 7]
    var ids: [Int32] = [0, 5, 9, 22, 7, 1]
    ids[2] = 2
    let batch = TrainingBatch(
      rows: 1, length: 6, inputIDs: ids, visible: [UInt8](repeating: 1, count: 36),
      labels: [Int32](repeating: -100, count: 6))
    let logits = try model.logits(batch, at: [2])
    let weights = logits.enumerated().map { $0 < 4 ? 0 : exp(Double($1)) }
    let total = weights.reduce(0, +)
    var counts = [Int](repeating: 0, count: 23)
    let draws = 4000
    for frame in 0..<draws {
      counts[Int(try self.draws(proposal, tokens, [1], frame: UInt32(frame))[0])] += 1
    }
    #expect(counts[..<4].allSatisfy { $0 == 0 })
    // Pearson's statistic against the 99.99 % point of 18 degrees of freedom.
    var statistic = 0.0
    for id in 4..<23 {
      let expected = Double(draws) * weights[id] / total
      statistic += (Double(counts[id]) - expected) * (Double(counts[id]) - expected) / expected
    }
    #expect(statistic < 50)
  }

  @Test("is the same for the same row from any thread, and takes rows longer than the model")
  func rows() async throws {
    let (proposal, _) = try makeProposal()
    let tokens = (0..<40).map { TokenID(4 + $0 % 19) }
    let positions: [UInt32] = [0, 6, 7, 13, 39]
    let expected = try draws(proposal, tokens, positions, frame: 3)
    #expect(expected.allSatisfy { (4..<23).contains($0) })
    #expect(try draws(proposal, Array(tokens[..<5]), [2], frame: 3).count == 1)
    #expect(try draws(proposal, tokens, [], frame: 3) == [])
    try await withThrowingTaskGroup(of: [TokenID].self) { group in
      for _ in 0..<8 {
        group.addTask { try draws(proposal, tokens, positions, frame: 3) }
      }
      for try await drawn in group { #expect(drawn == expected) }
    }
  }

  @Test("needs a masked language model of the same vocabulary")
  func refusals() throws {
    var template = Array("/tmp/prep-proposal-XXXXXX".utf8CString)
    let directory = String(
      cString: try #require(template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }))
    defer {
      for name in ["config.json", "model.safetensors"] { unlink("\(directory)/\(name)") }
      rmdir(directory)
    }
    func code(_ vocabulary: Vocabulary) -> TrainingError.Code? {
      do {
        _ = try ModelProposal(checkpoint: directory, vocabulary: vocabulary)
        return nil
      } catch {
        return error.code
      }
    }
    try Tiny.model(Tiny.configuration(.gpt2)).save(to: directory)
    #expect(code(try vocabulary) == .unsupported)
    try Tiny.model(Tiny.configuration(.bert)).save(to: directory)
    #expect(code(try vocabulary) == nil)
    #expect(code(try Vocabulary(size: 24, roles: ["mask": 2])) == .usage)
    #expect(code(try Vocabulary(size: 23, roles: ["cls": 0])) == .usage)
  }
}
