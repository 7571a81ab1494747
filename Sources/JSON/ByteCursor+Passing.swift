// SPDX-License-Identifier: Apache-2.0

extension ByteCursor {
  /// The whole text.
  @inline(__always)
  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

  /// Passes one value and checks it, without recursion.
  /// - Parameters:
  ///   - depth: how many arrays and objects are open around it.
  ///   - brackets: reused memory, one bit for each level: 1 for an object.
  mutating func passValue(depth: Int, _ brackets: inout [UInt64]) throws(JSONError) {
    var open = 0  // brackets opened here and not closed yet
    while true {
      // A value comes next.
      let first = try nextToken()
      if first == Self.quote {
        at &+= 1
        _ = try passString()
      } else if first == 0x7B || first == 0x5B {
        guard depth &+ open < JSONFieldReader.maximumDepth else { throw tooDeep() }
        at &+= 1
        let isObject = first == 0x7B
        Self.push(isObject, at: open, &brackets)
        open &+= 1
        if try nextToken() != (isObject ? 0x7D : 0x5D) {
          if isObject { try passKey() }
          continue
        }
        at &+= 1
        open &-= 1
      } else {
        try passScalar(first)
      }
      // A value has ended: brackets close, or a comma leads to the next value.
      while true {
        guard open > 0 else { return }
        let isObject = Self.isObject(at: open &- 1, brackets)
        let next = try nextToken()
        if next == 0x2C {
          at &+= 1
          if isObject { try passKey() }
          break
        }
        guard next == (isObject ? 0x7D : 0x5D) else {
          throw unexpected(isObject ? "',' or '}'" : "',' or ']'")
        }
        at &+= 1
        open &-= 1
      }
    }
  }

  private mutating func passKey() throws(JSONError) {
    guard try nextToken() == Self.quote else { throw unexpected("a key in quotes") }
    at &+= 1
    _ = try passString()
    try expect(0x3A, "':'")
  }

  private mutating func passScalar(_ first: UInt8) throws(JSONError) {
    switch first {
    case 0x74: try passLiteral("true")
    case 0x66: try passLiteral("false")
    case 0x6E: try passLiteral("null")
    case 0x2D, 0x30...0x39: _ = try passNumber()
    default: throw unexpected("a value")
    }
  }

  @inline(__always)
  private static func push(_ isObject: Bool, at level: Int, _ brackets: inout [UInt64]) {
    let word = level &>> 6
    let bit = UInt64(1) &<< UInt64(level & 63)
    if word >= brackets.count { brackets.append(0) }
    if isObject { brackets[word] |= bit } else { brackets[word] &= ~bit }
  }

  @inline(__always)
  private static func isObject(at level: Int, _ brackets: [UInt64]) -> Bool {
    brackets[level &>> 6] &>> UInt64(level & 63) & 1 == 1
  }

  func tooDeep() -> JSONError {
    JSONError(
      .tooDeep, offset: at,
      message: "nested deeper than \(JSONFieldReader.maximumDepth) levels")
  }
}
