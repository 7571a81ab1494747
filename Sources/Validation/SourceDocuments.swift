// SPDX-License-Identifier: Apache-2.0
public import Objectives

/// Tokenized documents, to hold the rows that were made from them against.
public struct SourceDocuments: Sendable {
  /// A document: its unit, and its place there.
  private struct Place {
    let unit: Int
    let document: Int
  }

  private let units: [TokenizedUnit]
  private let places: [Place]
  private let documents: [String: [Int]]

  /// How many tokens there are.
  var tokenCount: Int { units.reduce(0) { $0 + $1.tokens.count } }

  /// The documents of some units, by id.
  public init(_ units: [TokenizedUnit]) {
    self.units = units
    var places: [Place] = []
    var documents: [String: [Int]] = [:]
    for (index, unit) in units.enumerated() {
      for (document, id) in unit.documentIDs.enumerated() {
        documents[id, default: []].append(places.count)
        places.append(Place(unit: index, document: document))
      }
    }
    self.places = places
    self.documents = documents
  }

  /// The documents of one unit.
  public init(_ unit: TokenizedUnit) { self.init([unit]) }

  /// Documents of this id; several if ids repeat.
  func candidates(_ id: String) -> [Int] { documents[id] ?? [] }

  func length(of document: Int) -> Int {
    let place = places[document]
    let offsets = units[place.unit].documentOffsets
    return offsets[place.document + 1] - offsets[place.document]
  }

  /// The tokens of a stretch of a document; nil if it is not inside it.
  func tokens(of document: Int, at offset: Int, count: Int) -> [Int64]? {
    guard offset >= 0, offset + count <= length(of: document) else { return nil }
    let place = places[document]
    let unit = units[place.unit]
    let start = unit.documentOffsets[place.document] + offset
    return unit.tokens[start..<start + count].map { Int64($0) }
  }

  /// For each token of a document whether a word starts there; nil if that is not known.
  func wordStarts(of document: Int) -> ArraySlice<Bool>? {
    let place = places[document]
    let offsets = units[place.unit].documentOffsets
    return units[place.unit].wordStarts?[offsets[place.document]..<offsets[place.document + 1]]
  }

  /// Whether a stretch of a document has these tokens; −1 may be any.
  func holds(_ tokens: ArraySlice<Int64>, in document: Int, at offset: Int) -> Bool {
    guard offset >= 0, offset + tokens.count <= length(of: document) else { return false }
    let place = places[document]
    let unit = units[place.unit]
    let start = unit.documentOffsets[place.document] + offset
    return unit.tokens[start..<start + tokens.count].elementsEqual(tokens) {
      $1 == Int64($0) || $1 == -1
    }
  }
}
