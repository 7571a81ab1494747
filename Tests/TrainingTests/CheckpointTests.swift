// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@testable import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Checkpoints")
struct CheckpointTests {
  /// A directory that goes with the test.
  private func withDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/prep-training-XXXXXX".utf8CString)
    let path = try #require(template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) })
    let directory = String(cString: path)
    defer {
      for name in ["config.json", "model.safetensors"] { unlink("\(directory)/\(name)") }
      rmdir(directory)
    }
    try body(directory)
  }

  private func code(_ directory: String) -> TrainingError.Code? {
    do {
      _ = try Model.load(directory)
      return nil
    } catch {
      return error.code
    }
  }

  private func write(_ bytes: [UInt8], _ path: String) throws {
    let file = try #require(fopen(path, "w"))
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
  }

  @Test("bring back the same model", arguments: ModelFamily.allCases)
  func roundTrip(family: ModelFamily) throws {
    try withDirectory { directory in
      let c = Tiny.configuration(family, pairs: family == .bert)
      let batch = try Tiny.batch(c)
      let model = try Tiny.model(c)
      try model.save(to: directory)
      let (copy, report) = try Model.load(directory, kernel: .portable)
      #expect(report == CheckpointReport())
      var known = copy.configuration
      known.original = [:]
      #expect(known == c)
      let all = Array(0..<batch.rows * batch.labelLength)
      #expect(try copy.logits(batch, at: all) == model.logits(batch, at: all))
      #expect(try copy.pairLogits(batch) == model.pairLogits(batch))
    }
  }

  @Test("that lack a head get a fresh one, and say so")
  func missingHead() throws {
    try withDirectory { directory in
      let model = try Tiny.model(Tiny.configuration(.bert))
      try model.save(to: directory)
      let (copy, report) = try Model.load(directory, needsPairHead: true, seed: 4)
      #expect(copy.configuration.architecture == "BertForPreTraining")
      #expect(
        report.fresh.sorted() == [
          "bert.pooler.dense.bias", "bert.pooler.dense.weight", "cls.seq_relationship.bias",
          "cls.seq_relationship.weight",
        ])
    }
  }

  @Test("that are not there, not whole, or of another kind are refused")
  func refusals() throws {
    try withDirectory { directory in
      #expect(code("\(directory)/none") == .missing)
      try Tiny.model(Tiny.configuration(.gpt2)).save(to: directory)
      let configuration = try CheckpointFiles.read("\(directory)/config.json")
      let weights = try CheckpointFiles.read("\(directory)/model.safetensors")
      #expect(code(directory) == nil)
      try write(Array(weights.dropLast(5)), "\(directory)/model.safetensors")
      #expect(code(directory) == .corrupt)
      try write(weights, "\(directory)/model.safetensors")

      func configured(_ name: String, _ value: JSONValue) throws -> TrainingError.Code? {
        var object = try #require(JSONValue(parsing: configuration).objectValue)
        object[name] = value
        try write(JSONValue.object(object).serialized(), "\(directory)/config.json")
        return code(directory)
      }
      #expect(try configured("n_layer", 3) == .corrupt)
      #expect(try configured("n_layer", 1) == nil)
      #expect(try configured("n_embd", 24) == .corrupt)
      #expect(try configured("n_embd", -1) == .corrupt)
      #expect(try configured("n_head", 0) == .corrupt)
      #expect(try configured("n_head", 5) == .corrupt)
      #expect(try configured("vocab_size", 1_000_000_000) == .corrupt)
      #expect(try configured("n_layer", 1_000_000) == .corrupt)
      #expect(try configured("vocab_size", "many") == .corrupt)
      #expect(try configured("activation_function", "swish") == .unsupported)
      #expect(try configured("model_type", "llama") == .unsupported)
      #expect(try configured("model_type", 5) == .corrupt)
      try write(Array("{".utf8), "\(directory)/config.json")
      #expect(code(directory) == .corrupt)
    }
  }
}

@Suite("The state of a training")
struct TrainingStateTests {
  @Test("lets a run go on to the same bits as if it had not stopped")
  func resume() throws {
    var template = Array("/tmp/prep-state-XXXXXX".utf8CString)
    let directory = String(
      cString: try #require(template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }))
    let path = "\(directory)/state.safetensors"
    defer {
      unlink(path)
      rmdir(directory)
    }
    let c = Tiny.configuration(.bert, pairs: true)
    let batches = try (0..<6).map { try Tiny.batch(c, seed: UInt64($0)) }
    let optimizer = AdamW(learningRate: 1e-2)
    let whole = try Tiny.model(c, threads: 2)
    for batch in batches { _ = try whole.step([batch], optimizer: optimizer) }

    let first = try Tiny.model(c, threads: 2)
    for batch in batches[..<3] { _ = try first.step([batch], optimizer: optimizer) }
    try first.saveState(to: path, texts: ["row": "3"])
    let second = try Model(c, seed: 99, threads: 2, kernel: .portable)
    #expect(try second.restoreState(from: path) == ["row": "3"])
    #expect(second.steps == 3)
    for batch in batches[3...] { _ = try second.step([batch], optimizer: optimizer) }
    for (one, other) in zip(whole.parameters.all, second.parameters.all) {
      #expect((0..<one.count).allSatisfy { one.value[$0] == other.value[$0] }, "\(one.name)")
    }

    let larger = try Tiny.model(Tiny.configuration(.bert))
    var wider = Tiny.configuration(.bert, pairs: true)
    wider.innerSize = 11
    #expect(throws: TrainingError.self) { try Tiny.model(wider).restoreState(from: path) }
    #expect(throws: Never.self) { try larger.restoreState(from: path) }
  }
}
