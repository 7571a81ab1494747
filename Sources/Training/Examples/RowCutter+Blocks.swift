// SPDX-License-Identifier: Apache-2.0

/// Rows whose target is the whole text.
extension RowCutter {
  /// Windows of the target, each with what of the input belongs there.
  func blocks(_ row: RowContent) -> [TrainingExample] {
    let (source, target) = row.parts()
    if fits(source.count, target.count, row) {
      return [piece(source: source, target: target, of: row)]
    }
    let input = Framed(source) { plan.isSpecial($0) }
    let output = Framed(target) { plan.isSpecial($0.token) }
    let room = max(
      1,
      (row.prefixLength == nil ? length : length / 2) - max(input.frameCount, output.frameCount))
    let windows = (output.body.count + room - 1) / room
    guard windows > 0 else { return [] }
    var parts = [[Int32]](repeating: [], count: windows)
    for (token, place) in zip(input.body, places(of: input.body, in: output.body.map(\.token))) {
      parts[min(place / room, windows - 1)].append(token)
    }
    return (0..<windows).map { window in
      let end = min((window + 1) * room, output.body.count)
      return piece(
        source: input.lead + parts[window].prefix(room) + input.trail,
        target: output.lead + output.body[(window * room)..<end] + output.trail, of: row)
    }
  }

  /// Where in the target each token of the input belongs: that of the stretch it is part of; a mask
  /// belongs to what stands before it.
  func places(of input: [Int32], in target: [Int32]) -> [Int] {
    let gram = 3
    var starts: [[Int32]: [Int]] = [:]
    for start in stride(from: target.count - gram, through: 0, by: -1) {
      starts[Array(target[start..<(start + gram)]), default: []].append(start)
    }
    var places = [Int](repeating: -1, count: input.count)
    var expected: Int?
    for index in input.indices {
      if let next = expected, next < target.count, target[next] == input[index] {
        places[index] = next
      } else if index + gram <= input.count,
        let found = starts[Array(input[index..<(index + gram)])], !found.isEmpty
      {
        // The nearest behind what came before, or else the first.
        places[index] = found.last { $0 >= expected ?? 0 } ?? found[found.count - 1]
      }
      if places[index] >= 0 { expected = places[index] + 1 }
    }
    let matched = places.count { $0 >= 0 }
    guard matched * 2 >= input.count else {
      // Not the same text: as far as it goes.
      return input.indices.map { $0 * target.count / max(1, input.count) }
    }
    var last = places.first { $0 >= 0 } ?? 0
    for index in places.indices {
      if places[index] < 0 { places[index] = last }
      last = places[index]
    }
    return places
  }

  /// A text between the special tokens that frame it.
  private struct Framed<Token> {
    let lead: [Token]
    let body: [Token]
    let trail: [Token]

    init(_ tokens: [Token], isSpecial: (Token) -> Bool) {
      lead = Array(tokens.prefix(1).filter(isSpecial))
      let rest = tokens.dropFirst(lead.count)
      let trailCount = min(2, rest.reversed().prefix(while: isSpecial).count)
      trail = Array(rest.suffix(trailCount))
      body = Array(rest.dropLast(trailCount))
    }

    var frameCount: Int { lead.count + trail.count }
  }
}
