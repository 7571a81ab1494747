// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// Translates a regular expression from Oniguruma's syntax, which `tokenizers` uses, to ICU's.
///
/// Only what means the same in both gets through; anything else is named. So `\w`, `\b`, anchors,
/// POSIX brackets, back references, set differences and case-insensitive letters that fold to more
/// than one (`ss` and `ß`) are refused. Classes become lists of scalars, so that they are those of
/// `tokenizers` (``ScalarProperties``) rather than of the Unicode version that ICU happens to have.
struct SplitExpression {
  private let source: [Unicode.Scalar]
  private var at = 0
  /// The translation, an atom or an operator each.
  private var result: [String] = []
  /// Whether the last of them matches exactly one scalar.
  private var isOneScalar = false
  /// For each open group, whether letters match in any case.
  private var ignoresCase = [false]

  /// The expression for ICU.
  /// - Throws: what cannot be translated, as text.
  static func translated(_ pattern: String) throws(Refusal) -> String {
    let count = pattern.unicodeScalars.count
    guard count <= lengthLimit else { throw Refusal(part: "more than \(lengthLimit) characters") }
    var translation = SplitExpression(source: Array(pattern.unicodeScalars))
    try translation.run()
    return translation.result.joined()
  }

  /// A class of five characters becomes a list of thousands.
  private static let lengthLimit = 8192

  /// What cannot be translated.
  struct Refusal: Error { let part: String }

  /// The expression for ICU, compiled once to see that it can be.
  static func checked(_ pattern: String, at part: JSONPart) throws(TokenizerError) -> Translation {
    let result: Translation
    do throws(Refusal) {
      result = Translation(source: pattern, expression: try translated(pattern))
    } catch {
      throw part.unsupported(
        "\(error.part) in the expression \(pattern.prefix(500))",
        "regular-expression engines do not agree about it")
    }
    do throws(TextError) {
      _ = try result.compiled()
    } catch {
      throw TokenizerError(.malformed, at: part.path, error.description)
    }
    return result
  }

  /// An expression as it is written in the file, and for ICU.
  struct Translation: Sendable, Hashable {
    let source: String
    let expression: String

    func compiled() throws(TextError) -> RegularExpression {
      try RegularExpression(expression, name: String(source.prefix(500)))
    }
  }

  /// The expression that matches a text.
  static func literal(_ text: String) -> String {
    text.unicodeScalars.map { "\\x{\(String($0.value, radix: 16))}" }.joined()
  }

  private init(source: [Unicode.Scalar]) { self.source = source }

  private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
    at + distance < source.count ? source[at + distance] : nil
  }

  private mutating func run() throws(Refusal) {
    while let scalar = peek() {
      switch scalar {
      case "\\": add(oneScalar: try escape().text)
      case "[": add(oneScalar: try set())
      case "(": try open()
      case ")":
        guard ignoresCase.count > 1 else { throw Refusal(part: ")") }
        ignoresCase.removeLast()
        add(")")
        at += 1
      case "|":
        add("|")
        at += 1
      case "*", "+", "?": try quantifier()
      case "{": try counted()
      case "^", "$": throw Refusal(part: "\(scalar)")
      case ".":
        // Oniguruma's dot stops at line feeds only.
        add(oneScalar: "[^\\x{A}]")
        at += 1
      default: try literal(scalar)
      }
    }
    guard ignoresCase.count == 1 else { throw Refusal(part: "(") }
  }

  private mutating func add(_ text: String) {
    result.append(text)
    isOneScalar = false
  }

  private mutating func add(oneScalar text: String) {
    result.append(text)
    isOneScalar = true
  }

  /// A scalar as itself, in a set or out of it.
  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9") ~= scalar)
    return isPlain ? String(Character(scalar)) : "\\x{\(String(scalar.value, radix: 16))}"
  }

  private mutating func literal(_ scalar: Unicode.Scalar) throws(Refusal) {
    if ignoresCase.last == true {
      // A letter of which no two fold together with one other character.
      let pair = String(String.UnicodeScalarView([scalar, peek(1) ?? " "])).lowercased()
      let joins = ["ss", "st", "ff", "fi", "fl"].contains(pair)
      guard scalar.isASCII, !joins else { throw Refusal(part: "(?i:…\(pair)…)") }
    }
    add(oneScalar: Self.escaped(scalar))
    at += 1
  }

  /// Makes a set of the atom before a repetition without bound. ICU repeats a set in constant
  /// memory, anything else on a stack that grows with the match; it takes a set of one for that one,
  /// hence the surrogate, which is in no text.
  private mutating func makeRepeatable() {
    guard isOneScalar, let atom = result.popLast() else { return }
    result.append("[\(atom)\\x{D800}]")
  }

  private mutating func quantifier() throws(Refusal) {
    let scalar = source[at]
    at += 1
    if scalar != "?" { makeRepeatable() }
    add("\(scalar)")
    // `?` makes it lazy and `+` possessive, but only once, and not after a count.
    if let next = peek(), next == "?" || next == "+" {
      add("\(next)")
      at += 1
      if let another = peek(), "*+?{".unicodeScalars.contains(another) {
        throw Refusal(part: "\(next)\(another)")
      }
    } else if let next = peek(), next == "*" || next == "{" {
      throw Refusal(part: "a quantifier before \(next)")
    }
  }

  private mutating func counted() throws(Refusal) {
    var end = at + 1
    var text = ""
    while end < source.count, source[end] != "}" {
      text.unicodeScalars.append(source[end])
      end += 1
    }
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false)
    let isCount =
      end < source.count && (1...2).contains(numbers.count) && !numbers[0].isEmpty
      && numbers.allSatisfy { $0.isEmpty || (Int($0).map { (0...1000).contains($0) } ?? false) }
    guard isCount else { throw Refusal(part: "{\(text)}") }
    at = end + 1
    if let next = peek(), "*+?{".unicodeScalars.contains(next) {
      throw Refusal(part: "{\(text)}\(next)")
    }
    if isOneScalar, numbers.last?.isEmpty == true {
      // The same, but ICU needs no stack for what is beyond the count.
      makeRepeatable()
      let atom = result[result.count - 1]
      add("{\(numbers[0])}")
      add(atom)
      return add("*")
    }
    add("{\(text)}")
  }

  private mutating func open() throws(Refusal) {
    let inherited = ignoresCase.last ?? false
    for (head, ignoresCase) in [
      ("(?:", inherited), ("(?i:", true), ("(?=", inherited), ("(?!", inherited),
      ("(?<=", inherited), ("(?<!", inherited), ("(?>", inherited),
    ] where source[at...].starts(with: head.unicodeScalars) {
      self.ignoresCase.append(ignoresCase)
      add(head)
      at += head.unicodeScalars.count
      return
    }
    guard peek(1) != "?" else {
      throw Refusal(part: String(String.UnicodeScalarView(source[at...].prefix(4))))
    }
    ignoresCase.append(inherited)
    add("(")
    at += 1
  }

  /// A set of the scalars with a property. Case may join what it tells apart.
  private func property(
    _ name: String, isNegated: Bool, as part: String
  ) throws(Refusal) -> String {
    let hasCase = !["N", "P", "Z"].contains { name.hasPrefix($0) } || name == "No" || name == "Nl"
    guard let runs = ScalarProperties.runs(named: name), ignoresCase.last == false || !hasCase
    else { throw Refusal(part: part) }
    let ranges = runs.map { first, last in
      "\\x{\(String(first, radix: 16))}"
        + (first == last ? "" : "-\\x{\(String(last, radix: 16))}")
    }
    return "[" + (isNegated ? "^" : "") + ranges.joined() + "]"
  }

  /// What a backslash and what follows it stand for: a scalar, or a class.
  private mutating func escape() throws(Refusal) -> (text: String, isClass: Bool) {
    guard let next = peek(1) else { throw Refusal(part: "\\") }
    switch next {
    case "p", "P":
      guard peek(2) == "{", let close = source[at...].firstIndex(of: "}") else {
        throw Refusal(part: "\\\(next)")
      }
      var name = String(String.UnicodeScalarView(source[(at + 3)..<close]))
      let isNegated = name.hasPrefix("^")
      if isNegated { name.removeFirst() }
      let text = try property(
        name, isNegated: (next == "P") != isNegated, as: "\\\(next){\(name)}")
      at = close + 1
      return (text, true)
    case "d", "D":
      let text = try property("Nd", isNegated: next == "D", as: "\\\(next)")
      at += 2
      return (text, true)
    case "s", "S":
      at += 2
      let spaces =
        "\\x{9}-\\x{D}\\x{20}\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}"
        + "\\x{202F}\\x{205F}\\x{3000}"
      return ("[" + (next == "S" ? "^" : "") + spaces + "]", true)
    case "n", "r", "t", "f":
      at += 2
      let values: [Unicode.Scalar: String] = ["n": "A", "r": "D", "t": "9", "f": "C"]
      return ("\\x{\(values[next] ?? "")}", false)
    case "u", "x":
      let isBraced = next == "x" && peek(2) == "{"
      let digits = source[(at + (isBraced ? 3 : 2))...].prefix(next == "u" ? 4 : isBraced ? 6 : 2)
        .prefix { $0.properties.isASCIIHexDigit }
      let text = String(String.UnicodeScalarView(digits))
      let length = digits.count + (isBraced ? 4 : 2)
      let isClosed = !isBraced || peek(length - 1) == "}"
      let isWhole = isBraced || digits.count == (next == "u" ? 4 : 2)
      guard let value = UInt32(text, radix: 16), Unicode.Scalar(value) != nil, isClosed, isWhole,
        // Two digits beyond ASCII would be a byte.
        next == "u" || isBraced || value < 0x80, ignoresCase.last == false
      else { throw Refusal(part: "\\\(next)\(text)") }
      at += length
      return ("\\x{\(text)}", false)
    default:
      let isMark =
        next.isASCII && !next.properties.isAlphabetic && next.properties.numericType == nil
      guard isMark, next.value > 0x20 else { throw Refusal(part: "\\\(next)") }
      at += 2
      return (Self.escaped(next), false)
    }
  }

  private mutating func set() throws(Refusal) -> String {
    at += 1
    var text = "["
    if peek() == "^" {
      text += "^"
      at += 1
    }
    if peek() == "]" { throw Refusal(part: "[]") }
    /// Whether a range may begin with what came last, and whether one has begun.
    var (canBegin, hasBegun) = (false, false)
    let first = at
    while let scalar = peek(), scalar != "]" {
      var isClass = false
      switch scalar {
      case "\\":
        let found = try escape()
        isClass = found.isClass
        text += found.text
      case "[":
        if peek(1) == ":" { throw Refusal(part: "[:") }
        text += try set()
        isClass = true
      case "-" where canBegin && peek(1) != "]":
        if peek(1) == "-" || peek(1) == "[" { throw Refusal(part: "-\(peek(1) ?? "-")") }
        text += "-"
        at += 1
        (canBegin, hasBegun) = (false, true)
        continue
      default:
        if scalar == "-", at > first, peek(1) != "]" { throw Refusal(part: "-") }
        if scalar == "&", peek(1) == "&" { throw Refusal(part: "&&") }
        if ignoresCase.last == true, !scalar.isASCII { throw Refusal(part: "(?i:[…\(scalar)…])") }
        text += Self.escaped(scalar)
        at += 1
      }
      if isClass, hasBegun { throw Refusal(part: "a range to a class") }
      (canBegin, hasBegun) = (!isClass && !hasBegun, false)
    }
    guard peek() == "]" else { throw Refusal(part: "[") }
    at += 1
    return text + "]"
  }
}
