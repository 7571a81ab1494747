// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// Translates a regular expression from Oniguruma's syntax, which `tokenizers` uses, to ICU's.
///
/// Only what means the same in both gets through; anything else is named. So `\w`, `\b`, `\h`,
/// anchors, POSIX brackets, back references, set differences and case-insensitive letters that fold
/// to more than one (`ss` and `ß`) are refused.
struct SplitExpression {
  private let source: [Unicode.Scalar]
  private var at = 0
  private var result = ""
  /// For each open group, whether letters match in any case.
  private var ignoresCase = [false]

  /// The expression for ICU.
  /// - Throws: what cannot be translated, as text.
  static func translated(_ pattern: String) throws(Refusal) -> String {
    var translation = SplitExpression(source: Array(pattern.unicodeScalars))
    try translation.run()
    return translation.result
  }

  /// What cannot be translated.
  struct Refusal: Error { let part: String }

  /// The expression for ICU, compiled once to see that it can be.
  static func checked(_ pattern: String, at part: JSONPart) throws(TokenizerError) -> String {
    let result: String
    do throws(Refusal) {
      result = try translated(pattern)
    } catch {
      throw part.unsupported(
        "\(error.part) in the expression \(pattern)",
        "regular-expression engines do not agree about it")
    }
    do throws(TextError) {
      _ = try RegularExpression(result)
    } catch {
      throw TokenizerError(.malformed, at: part.path, error.description)
    }
    return result
  }

  /// The expression that matches a text.
  static func literal(_ text: String) -> String {
    text.unicodeScalars.map { "\\x{\(String($0.value, radix: 16))}" }.joined()
  }

  private init(source: [Unicode.Scalar]) { self.source = source }

  private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
    at + distance < source.count ? source[at + distance] : nil
  }

  private mutating func take(_ count: Int = 1) {
    for _ in 0..<count {
      result.unicodeScalars.append(source[at])
      at += 1
    }
  }

  private mutating func run() throws(Refusal) {
    while let scalar = peek() {
      switch scalar {
      case "\\": try escape(inSet: false)
      case "[": try set()
      case "(": try open()
      case ")":
        guard ignoresCase.count > 1 else { throw Refusal(part: ")") }
        ignoresCase.removeLast()
        take()
      case "|": take()
      case "*", "+", "?": try quantifier(length: 1)
      case "{": try counted()
      case "^", "$": throw Refusal(part: "\(scalar)")
      case ".":
        // Oniguruma's dot stops at line feeds only.
        result += "[^\\n]"
        at += 1
      default: try literal(scalar)
      }
    }
    guard ignoresCase.count == 1 else { throw Refusal(part: "(") }
  }

  private mutating func literal(_ scalar: Unicode.Scalar) throws(Refusal) {
    if ignoresCase.last == true {
      // A letter of which no two fold together with one other character.
      let pair = String(String.UnicodeScalarView([scalar, peek(1) ?? " "])).lowercased()
      let joins = ["ss", "st", "ff", "fi", "fl"].contains(pair)
      guard scalar.isASCII, !joins else { throw Refusal(part: "(?i:…\(pair)…)") }
    }
    switch scalar {
    case "]", "}", "#", "&", "-", " ":
      result += scalar == " " ? " " : "\\\(scalar)"
      at += 1
    default: take()
    }
  }

  private mutating func quantifier(length: Int) throws(Refusal) {
    take(length)
    // `?` makes it lazy and `+` possessive, but only once, and not after a count.
    if let next = peek(), next == "?" || next == "+" {
      take()
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
      && numbers.allSatisfy { $0.isEmpty || (Int($0).map { $0 <= 1000 } ?? false) }
    guard isCount else { throw Refusal(part: "{\(text)}") }
    take(end + 1 - at)
    if let next = peek(), "*+?{".unicodeScalars.contains(next) {
      throw Refusal(part: "{\(text)}\(next)")
    }
  }

  private mutating func open() throws(Refusal) {
    let inherited = ignoresCase.last ?? false
    for (head, ignoresCase) in [
      ("(?:", inherited), ("(?i:", true), ("(?=", inherited), ("(?!", inherited),
      ("(?<=", inherited), ("(?<!", inherited), ("(?>", inherited),
    ] where source[at...].starts(with: head.unicodeScalars) {
      self.ignoresCase.append(ignoresCase)
      take(head.unicodeScalars.count)
      return
    }
    guard peek(1) != "?" else {
      throw Refusal(part: String(String.UnicodeScalarView(source[at...].prefix(4))))
    }
    ignoresCase.append(inherited)
    take()
  }

  /// Properties that both engines know by these names.
  private static let properties: Set<String> = [
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "Cc",
    "Cf", "Han", "Hiragana", "Katakana", "Hangul", "Latin", "Greek", "Cyrillic", "Arabic", "Hebrew",
    "Thai", "Devanagari",
  ]

  private mutating func escape(inSet: Bool) throws(Refusal) {
    guard let next = peek(1) else { throw Refusal(part: "\\") }
    switch next {
    case "p", "P":
      guard peek(2) == "{", let close = source[at...].firstIndex(of: "}") else {
        throw Refusal(part: "\\\(next)")
      }
      var name = String(String.UnicodeScalarView(source[(at + 3)..<close]))
      let isNegated = name.hasPrefix("^")
      if isNegated { name.removeFirst() }
      guard Self.properties.contains(name) else { throw Refusal(part: "\\\(next){\(name)}") }
      result += (next == "P") != isNegated ? "\\P{\(name)}" : "\\p{\(name)}"
      at = close + 1
    case "s", "S", "d", "D": take(2)
    case "n", "r", "t", "f": take(2)
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
      result += "\\x{\(text)}"
      at += length
    default:
      let isMark =
        next.isASCII && !next.properties.isAlphabetic && next.properties.numericType == nil
      guard isMark, next.value > 0x20 else { throw Refusal(part: "\\\(next)") }
      take(2)
    }
  }

  private mutating func set() throws(Refusal) {
    take()
    if peek() == "^" { take() }
    if peek() == "]" { throw Refusal(part: "[]") }
    while let scalar = peek(), scalar != "]" {
      switch scalar {
      case "\\": try escape(inSet: true)
      case "[":
        if peek(1) == ":" { throw Refusal(part: "[:") }
        try set()
      case "&":
        if peek(1) == "&" { throw Refusal(part: "&&") }
        result += "\\&"
        at += 1
      case "-":
        // Between two characters a range, at either end itself.
        let isEdge = result.hasSuffix("[") || result.hasSuffix("[^") || peek(1) == "]"
        if peek(1) == "-" || peek(1) == "[" { throw Refusal(part: "-\(peek(1) ?? "-")") }
        result += isEdge ? "\\-" : "-"
        at += 1
      case "{", "}", "$", "^", "#", " ":
        result += "\\\(scalar)"
        at += 1
      default:
        if ignoresCase.last == true, !scalar.isASCII { throw Refusal(part: "(?i:[…\(scalar)…])") }
        take()
      }
    }
    guard peek() == "]" else { throw Refusal(part: "[") }
    take()
  }
}
