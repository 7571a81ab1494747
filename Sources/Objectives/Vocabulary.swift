// SPDX-License-Identifier: Apache-2.0

/// What an objective knows of the tokenizer: numbers, never text.
public struct Vocabulary: Sendable {
  /// What a tokenizer's own post-processor puts around one text or two.
  public struct Template: Sendable, Hashable {
    /// Before a single text, or before the first of two.
    public let prefix: [TokenID]
    /// Between the two texts of a pair.
    public let infix: [TokenID]
    /// After a single text, or after the second of two.
    public let suffix: [TokenID]

    /// A template.
    public init(prefix: [TokenID] = [], infix: [TokenID] = [], suffix: [TokenID] = []) {
      self.prefix = prefix
      self.infix = infix
      self.suffix = suffix
    }

    /// Whether nothing is put around a single text.
    public var isEmpty: Bool { prefix.isEmpty && suffix.isEmpty }
  }

  /// The number of ids, added tokens included.
  public let size: Int
  /// The ids of special roles: `pad`, `eos`, `cls`, `sep`, `mask`, ….
  public let roles: [String: TokenID]
  /// The sentinels in the order in which they number spans.
  public let sentinels: [TokenID]
  /// What the tokenizer itself puts around a text.
  public let template: Template
  /// The ids that random replacement draws from: all but special and unassigned ones, ascending.
  public let ordinary: [TokenID]
  private let special: [Bool]
  private let lookup: (@Sendable (String) -> TokenID?)?

  /// The facts about a tokenizer.
  ///
  /// - Parameters:
  ///   - size: The number of ids.
  ///   - roles: Ids by role; they count as special.
  ///   - sentinels: In the order of use; they count as special.
  ///   - specials: Further special ids.
  ///   - unassigned: Ids without a token; never drawn as replacements.
  ///   - template: What the tokenizer's post-processor adds.
  ///   - lookup: Finds a token by its text, as the vocabulary of the tokenizer spells it.
  /// - Throws: ``ObjectiveError`` (`inconsistentInput`) if an id is not below `size`.
  public init(
    size: Int, roles: [String: TokenID], sentinels: [TokenID] = [], specials: [TokenID] = [],
    unassigned: [TokenID] = [], template: Template = Template(),
    lookup: (@Sendable (String) -> TokenID?)? = nil
  ) throws(ObjectiveError) {
    guard size > 0, size <= Int(Int32.max) else {
      throw ObjectiveError(
        .inconsistentInput, subject: "size", "a vocabulary of \(size) tokens cannot be used")
    }
    var special = [Bool](repeating: false, count: size)
    var excluded = special
    // Sorted, so that of several bad roles the same one is reported every time.
    for (role, id) in roles.sorted(by: { $0.key < $1.key }) {
      guard id < size else { throw Self.outside(id, size, role) }
      special[Int(id)] = true
    }
    for id in sentinels + specials + template.prefix + template.infix + template.suffix {
      guard id < size else { throw Self.outside(id, size, "special token") }
      special[Int(id)] = true
    }
    for id in unassigned {
      guard id < size else { throw Self.outside(id, size, "unassigned id") }
      excluded[Int(id)] = true
    }
    self.size = size
    self.roles = roles
    self.sentinels = sentinels
    self.template = template
    self.special = special
    self.lookup = lookup
    ordinary = (0..<size).lazy.filter { !special[$0] && !excluded[$0] }.map { TokenID($0) }
  }

  /// Whether an id is special. Ids outside the vocabulary are not.
  public func isSpecial(_ id: TokenID) -> Bool {
    id < special.count && special[Int(id)]
  }

  /// The id of a role, or else of the token of this spelling; nil if there is neither.
  func id(named name: String) -> TokenID? {
    guard let id = roles[name] ?? lookup?(name), id < size else { return nil }
    return id
  }

  /// The id of a role.
  ///
  /// - Throws: ``ObjectiveError`` (`missingRole`) with the remedy.
  public func require(
    _ role: String, for objective: String
  ) throws(ObjectiveError) -> TokenID {
    guard let id = roles[role] else {
      throw ObjectiveError(
        .missingRole, objective: objective, subject: role,
        "the tokenizer has no \(role) token: name one with --special \(role)=TOKEN, or add one"
          + " with `prep tokenizer extend`")
    }
    return id
  }

  /// The id that fills short rows: the pad token, or EOS where there is none.
  ///
  /// - Throws: ``ObjectiveError`` (`missingRole`) if the tokenizer has neither.
  public func requirePadding(for objective: String) throws(ObjectiveError) -> TokenID {
    if let pad = roles["pad"] { return pad }
    return try require("eos", for: objective)
  }

  /// Special flags by id, for loops.
  func withSpecialFlags<Result>(_ body: (UnsafeBufferPointer<Bool>) -> Result) -> Result {
    special.withUnsafeBufferPointer(body)
  }

  private static func outside(_ id: TokenID, _ size: Int, _ what: String) -> ObjectiveError {
    ObjectiveError(
      .inconsistentInput, subject: what,
      "\(what) has id \(id), but the vocabulary has \(size) ids")
  }
}
