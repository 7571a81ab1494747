// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Objectives

@Suite struct ParameterTests {
  private func error(_ name: String, _ settings: [String: String]) -> ObjectiveError? {
    #expect(throws: ObjectiveError.self) { try make(name, settings) }
  }

  @Test func aMistypedNameIsAnsweredWithWhatWasMeant() {
    #expect(error("clm", ["lenght": "4"])?.message.contains("did you mean \"length\"?") == true)
    #expect(error("mlm", ["count": "exactt"])?.message.contains("did you mean \"exact\"?") == true)
    #expect(error("mlm", ["preset": "brt"])?.message.contains("did you mean \"bert\"?") == true)
    #expect(error("mml", [:])?.message.contains("did you mean \"mlm\"?") == true)
    #expect(error("gan", [:])?.message.contains("there are clm, mlm, mntp, mdlm, plm, ") == true)
  }

  @Test(arguments: [
    ("clm", "length", "0"), ("clm", "length", "x"), ("mlm", "rate", "1.5"), ("mlm", "rate", "nan"),
    ("mlm", "nsp", "yes"), ("t5-span", "noise_density", "0"),
    ("t5-span", "mean_span_length", "0.5"),
  ])
  func aValueOutOfRangeIsRefused(objective: String, name: String, value: String) {
    let error = error(objective, [name: value])
    #expect(error?.code == .invalidValue)
    #expect(error?.subject == name)
  }

  @Test func aPresetStandsBelowWhatIsSet() throws {
    let objective = try make("mlm", ["preset": "bert", "length": "64"])
    let entries = Dictionary(
      uniqueKeysWithValues: objective.parameters.entries.map { ($0.name, $0.value.description) })
    #expect(objective.parameters.preset == "bert")
    #expect(entries["length"] == "64")
    #expect(entries["max_predictions"] == "20")
    #expect(entries["pairing"] == "put-back")
    #expect(entries["rate"] == "0.15")
  }

  @Test func aManifestsTextsMakeTheSameParametersAgain() throws {
    for objective in ObjectiveRegistry.standard.objectives {
      let descriptor = objective.descriptor
      for preset in [nil] + descriptor.presets.map({ Optional($0.name) }) {
        let settings = preset.map { [Setting("preset", $0)] } ?? []
        let parameters = try ObjectiveParameters(descriptor, settings: settings)
        let again = try ObjectiveParameters(
          descriptor,
          settings: parameters.entries.map { Setting($0.name, $0.value.description) })
        #expect(again.entries == parameters.entries)
      }
    }
  }

  @Test func anotherNameOfAParameterTakesItsValues() throws {
    let own = try make("rtd", ["proposal": "model:somewhere"])
    #expect(try make("rtd", ["generator": "model:somewhere"]).parameters == own.parameters)
    #expect(error("rtd", ["generator": "modle"])?.subject == "proposal")
  }

  @Test func descriptorsAreComplete() {
    for descriptor in ObjectiveRegistry.standard.descriptors {
      #expect(!descriptor.summary.isEmpty && !descriptor.sources.isEmpty)
      #expect(!descriptor.heads.isEmpty)
      #expect(Set(descriptor.parameters.map(\.name)).count == descriptor.parameters.count)
      for parameter in descriptor.parameters {
        #expect(!parameter.summary.isEmpty)
        #expect(parameter.kind.value(from: parameter.defaultValue.description) != nil)
      }
    }
  }

  @Test func whatTheTokenizerLacksIsSaidWithTheRemedy() throws {
    let bare = try smallVocabulary(sentinels: 0, roles: ["eos": 1])
    let mask = #expect(throws: ObjectiveError.self) { try make("mlm", [:], bare) }
    #expect(mask?.code == .missingRole && mask?.subject == "mask")
    #expect(mask?.message.contains("--special mask=TOKEN") == true)
    let sentinels = #expect(throws: ObjectiveError.self) { try make("t5-span", [:], bare) }
    #expect(sentinels?.subject == "sentinels")
    let few = try smallVocabulary(sentinels: 27)
    let tooFew = #expect(throws: ObjectiveError.self) { try make("t5-span", [:], few) }
    #expect(tooFew?.code == .tooFewSentinels)
    #expect(tooFew?.message.contains("28 sentinels are needed, the tokenizer has 27") == true)
  }

  @Test func needsAreCheckedBeforeWorkStarts() throws {
    let objective = try make("mlm", ["nsp": "true", "whole_word": "true"])
    let needs = objective.needs
    try needs.check(
      objective: "mlm", hasWordStarts: true, hasSentenceStarts: true, documents: 2)
    func subject(_ words: Bool, _ sentences: Bool, _ documents: Int?) -> String? {
      do throws(ObjectiveError) {
        try needs.check(
          objective: "mlm", hasWordStarts: words, hasSentenceStarts: sentences,
          documents: documents)
        return nil
      } catch {
        return error.subject
      }
    }
    #expect(subject(false, true, nil) == "word_starts")
    #expect(subject(true, false, nil) == "sentence_starts")
    #expect(subject(true, true, 1) == "documents")
    #expect(subject(true, true, nil) == nil)
  }
}
