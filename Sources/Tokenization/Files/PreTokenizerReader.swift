// SPDX-License-Identifier: Apache-2.0

import JSON

/// The `pre_tokenizer` of a `tokenizer.json`, both ways.
struct PreTokenizerReader {
  private static let supported =
    "ByteLevel, BertPreTokenizer, Whitespace, WhitespaceSplit, Punctuation, Digits, Split, "
    + "CharDelimiterSplit, Metaspace and sequences of them are"

  private var steps: [PreTokenizerStep] = []
  private var isByteLevel = false
  /// The expressions of the steps that isolate matches; nil for any other step.
  private var expressions: [String?] = []

  static func preTokenizer(_ part: JSONPart?) throws(TokenizerError) -> PreTokenizer {
    guard let part else { return PreTokenizer(steps: [], isByteLevel: false, value: .null) }
    var reader = PreTokenizerReader()
    try reader.read(part)
    let deepSeek = PreTokenizerRule.deepseek.patterns
    let isDeepSeek =
      reader.expressions.count == deepSeek.count
      && zip(reader.expressions, deepSeek).allSatisfy { Array(($0 ?? "").utf8) == Array($1.utf8) }
    return PreTokenizer(
      steps: isDeepSeek ? [.rule(.deepseek)] : reader.steps, isByteLevel: reader.isByteLevel,
      value: part.value)
  }

  private mutating func add(_ step: PreTokenizerStep, expression: String? = nil) {
    steps.append(step)
    expressions.append(expression)
  }

  private mutating func read(_ part: JSONPart) throws(TokenizerError) {
    let type = try part.type()
    if type == "Sequence" {
      for element in try part.required("pretokenizers").elements() { try read(element) }
      return
    }
    if isByteLevel {
      throw part.unsupported("\"\(type)\" after ByteLevel", "put it before ByteLevel")
    }
    switch type {
    case "ByteLevel":
      if try part.bool("add_prefix_space", default: true) { add(.prefixSpace) }
      if try part.bool("use_regex", default: true) { add(.rule(.gpt2)) }
      isByteLevel = true
    case "BertPreTokenizer":
      add(.split(Splitter(pattern: .whiteSpace, behavior: .removed)))
      add(.split(Splitter(pattern: .punctuation, behavior: .isolated)))
    case "WhitespaceSplit": add(.split(Splitter(pattern: .whiteSpace, behavior: .removed)))
    case "Whitespace":
      add(.split(Splitter(pattern: .words, behavior: .removed, inverts: true)))
    case "Punctuation":
      let behavior = try part["behavior"].map(Self.behavior) ?? .isolated
      add(.split(Splitter(pattern: .punctuation, behavior: behavior)))
    case "Digits":
      let each = try part.bool("individual_digits", default: false)
      add(.split(Splitter(pattern: .numbers, behavior: each ? .isolated : .contiguous)))
    case "CharDelimiterSplit":
      let delimiter = try part.required("delimiter").string()
      guard delimiter.unicodeScalars.count == 1 else {
        throw TokenizerError(.malformed, at: part.path, "\"delimiter\" is not one character")
      }
      add(.split(Splitter(pattern: .text(Array(delimiter.utf8)), behavior: .removed)))
    case "Split": try readSplit(part)
    case "Metaspace": try readMetaspace(part)
    default: throw part.unsupported("the pre-tokenizer \"\(type)\"", Self.supported)
    }
  }

  private mutating func readMetaspace(_ part: JSONPart) throws(TokenizerError) {
    let metaspace = try MetaspaceReader.metaspace(part)
    // Where a later piece begins in the original text is not known here.
    if metaspace.prependScheme == .first, !steps.isEmpty {
      throw part.unsupported(
        "the prepend scheme \"first\" after another pre-tokenizer", "always and never are")
    }
    add(.metaspace(metaspace))
  }

  private static func behavior(_ part: JSONPart) throws(TokenizerError) -> SplitBehavior {
    let name = try part.string()
    // Written in either way.
    let known: [SplitBehavior] = [
      .removed, .isolated, .mergedWithPrevious, .mergedWithNext, .contiguous,
    ]
    guard let behavior = known.first(where: { $0.rawValue == name }) else {
      throw part.unsupported(
        "the behavior \"\(name)\"",
        known.map(\.rawValue).joined(separator: ", ") + " are")
    }
    return behavior
  }

  private mutating func readSplit(_ part: JSONPart) throws(TokenizerError) {
    let behavior = try Self.behavior(part.required("behavior"))
    let inverts = try part.bool("invert", default: false)
    let patternPart = try part.required("pattern")
    if let text = try patternPart["String"]?.string() {
      guard !text.isEmpty else {
        throw patternPart.unsupported("a split at an empty text", "give at least one character")
      }
      let pattern = SplitPattern.text(Array(text.utf8))
      return add(.split(Splitter(pattern: pattern, behavior: behavior, inverts: inverts)))
    }
    let expression = try patternPart.required("Regex").string()
    let isolates = behavior == .isolated && !inverts
    if let rule = PreTokenizerRule(pattern: expression) {
      // The expressions of rules match every character, so nothing lies between.
      if behavior == .isolated || (behavior == .removed && inverts) { return add(.rule(rule)) }
      return add(
        .split(Splitter(pattern: .rule(rule), behavior: behavior, inverts: inverts)))
    }
    if let clip = CLIPExpression(pattern: expression) {
      return add(
        .split(Splitter(pattern: .clip(clip), behavior: behavior, inverts: inverts)),
        expression: isolates ? expression : nil)
    }
    let translated = try SplitExpression.checked(expression, at: patternPart)
    add(
      .split(
        Splitter(pattern: .expression(translated), behavior: behavior, inverts: inverts)),
      expression: isolates ? expression : nil)
  }

  /// How a rule is written.
  static func value(_ rule: PreTokenizerRule) -> JSONValue {
    let byteLevel: JSONValue = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
      "use_regex": .bool(rule == .gpt2),
    ]
    if rule == .gpt2 { return byteLevel }
    let splits = rule.patterns.map { pattern -> JSONValue in
      [
        "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated",
        "invert": false,
      ]
    }
    return ["type": "Sequence", "pretokenizers": .array(splits + [byteLevel])]
  }
}
