// SPDX-License-Identifier: Apache-2.0

/// What somebody who mistyped a name probably meant.
enum NearMiss {
  /// `; did you mean "x"?`, or else the list of all names.
  static func hint(_ text: String, _ names: [String]) -> String {
    let suggestion = suggestion(text, names)
    if !suggestion.isEmpty { return suggestion }
    return names.isEmpty ? "; there are none" : "; there are \(names.joined(separator: ", "))"
  }

  /// `; did you mean "x"?` for the nearest name, if one is near.
  static func suggestion(_ text: String, _ names: [String]) -> String {
    let limit = max(2, text.utf8.count / 3)
    var nearest: (name: String, distance: Int)?
    for name in names {
      let distance = distance(Array(text.utf8), Array(name.utf8))
      if distance <= limit, distance < nearest?.distance ?? .max { nearest = (name, distance) }
    }
    return nearest.map { "; did you mean \"\($0.name)\"?" } ?? ""
  }

  /// Levenshtein's distance.
  private static func distance(_ first: [UInt8], _ second: [UInt8]) -> Int {
    var row = Array(0...second.count)
    for (i, left) in first.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, right) in second.enumerated() {
        let substituted = diagonal + (left == right ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
      }
    }
    return row[second.count]
  }
}
