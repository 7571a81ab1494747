// SPDX-License-Identifier: Apache-2.0

/// The objectives that there are: a value, not a place where others register.
public struct ObjectiveRegistry: Sendable {
  /// The objectives, in the order in which they are listed.
  public let objectives: [any Objective.Type]

  /// All objectives of this library. A new one is one line here.
  public static let standard = ObjectiveRegistry([
    CausalLM.self,
    MaskedLM.self,
    MaskedNextToken.self,
    MaskedDiffusion.self,
    PermutationLM.self,
    SpanCorruption.self,
    IIDNoise.self,
    PrefixLM.self,
    UL2.self,
    TextInfilling.self,
    TokenMasking.self,
    TokenDeletion.self,
    SentencePermutation.self,
    DocumentRotation.self,
    Bart.self,
    MBart.self,
    ReplacedTokens.self,
    FillInTheMiddle.self,
    Mixture.self,
  ])

  /// A registry of these objectives.
  public init(_ objectives: [any Objective.Type]) {
    self.objectives = objectives
  }

  /// The descriptors of all objectives.
  public var descriptors: [Descriptor] {
    objectives.map { $0.descriptor }
  }

  /// The objective of this name.
  ///
  /// - Throws: ``ObjectiveError`` (`unknownName`) with the names that there are.
  public func objective(named name: String) throws(ObjectiveError) -> any Objective.Type {
    guard let objective = objectives.first(where: { $0.descriptor.name == name }) else {
      if let item = OutOfScope.all.first(where: { $0.name == name }) {
        throw ObjectiveError(
          .unknownName, subject: "objective", "\(name): out of scope. \(item.reason)")
      }
      throw ObjectiveError(
        .unknownName, subject: "objective",
        "no objective \"\(name)\"\(NearMiss.hint(name, descriptors.map(\.name)))")
    }
    return objective
  }

  /// Makes the objective of this name.
  ///
  /// - Throws: ``ObjectiveError`` if there is none, a setting is wrong, or the tokenizer lacks what
  ///   it needs.
  public func make(
    _ name: String, settings: [Setting] = [], vocabulary: Vocabulary
  ) throws(ObjectiveError) -> any Objective {
    let objective = try objective(named: name)
    let parameters = try ObjectiveParameters(objective.descriptor, settings: settings)
    return try objective.init(parameters: parameters, vocabulary: vocabulary)
  }
}
