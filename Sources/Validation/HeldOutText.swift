// SPDX-License-Identifier: Apache-2.0

/// The text of all splits but `train`, as hashes of rows and of stretches of 13 tokens, to be
/// looked for in `train`.
///
/// At most about 2²⁰ hashes of each kind are kept: of longer splits those that a power of two
/// divides.
struct HeldOutText: Sendable {
  /// The length of a stretch (Brown et al. 2020, appendix C).
  static let gram = 13
  static let limit = 1 << 20
  /// Shorter rows, such as the ends of documents, may well be equal by chance.
  static let shortestRow = 32

  /// Hashes of rows or of stretches, and which of them occur in `train`.
  struct HashSet: Sendable {
    private var sorted: [UInt64] = []
    private var filter: [UInt64] = []
    private var isFound: [Bool] = []

    var count: Int { sorted.count }
    var found: Int { isFound.count { $0 } }

    mutating func close(_ hashes: [UInt64]) {
      sorted = []
      sorted.reserveCapacity(hashes.count)
      for hash in hashes.sorted() where sorted.last != hash { sorted.append(hash) }
      isFound = Array(repeating: false, count: sorted.count)
      filter = Array(repeating: 0, count: 1 << 17)
      for hash in sorted { filter[Self.word(hash)] |= 1 << (hash >> 58) }
    }

    /// The index of a hash; a bitmap answers for nearly all that are not there.
    func index(of hash: UInt64) -> UInt32? {
      guard !filter.isEmpty, filter[Self.word(hash)] >> (hash >> 58) & 1 == 1 else { return nil }
      let index = sorted.partition(startingAt: hash)
      return index < sorted.count && sorted[index] == hash ? UInt32(index) : nil
    }

    mutating func mark(_ indices: [UInt32]) {
      for index in indices { isFound[Int(index)] = true }
    }

    private static func word(_ hash: UInt64) -> Int {
      Int(truncatingIfNeeded: hash >> 41 & 0x1FFFF)
    }
  }

  /// What a batch of rows holds: hashes, or where they were found.
  struct Hashes: Sendable {
    var rows: [UInt64] = []
    /// Rows together with where they come from.
    var places: [UInt64] = []
    var grams: [UInt64] = []
    var foundRows: [UInt32] = []
    var foundPlaces: [UInt32] = []
    var foundGrams: [UInt32] = []
  }

  private(set) var rows = HashSet()
  private(set) var places = HashSet()
  private(set) var grams = HashSet()
  private var pending = Hashes()
  /// One stretch in so many is kept: a power of two.
  let sampling: UInt64

  /// - Parameter tokens: about how many tokens the held-out splits have.
  init(tokens: Int) {
    var sampling: UInt64 = 1
    while UInt64(max(0, tokens)) / sampling > UInt64(Self.limit) { sampling *= 2 }
    self.sampling = sampling
  }

  mutating func add(_ hashes: Hashes) {
    if pending.rows.count < Self.limit { pending.rows += hashes.rows }
    if pending.places.count < Self.limit { pending.places += hashes.places }
    pending.grams += hashes.grams
    rows.mark(hashes.foundRows)
    places.mark(hashes.foundPlaces)
    grams.mark(hashes.foundGrams)
  }

  /// Ends the held-out splits; from here on hashes are looked for.
  mutating func close() {
    rows.close(pending.rows)
    places.close(pending.places)
    grams.close(pending.grams)
    pending = Hashes()
  }

  /// The hashes of a row of a held-out split.
  ///
  /// - Parameter source: the first stretch that it comes from, if that is known.
  func collect(
    _ tokens: [Int64], from source: ProvenanceColumns.Stretch?, into hashes: inout Hashes
  ) {
    let row = TextHash.hash(tokens)
    if tokens.count >= Self.shortestRow { hashes.rows.append(row) }
    if let source { hashes.places.append(Self.place(of: row, source)) }
    tokens.withUnsafeBufferPointer { tokens in
      TextHash.forEachGram(of: Self.gram, in: tokens) { hash in
        if hash & (sampling &- 1) == 0 { hashes.grams.append(hash) }
      }
    }
  }

  /// Looks for a row of `train`.
  func search(
    _ tokens: [Int64], from source: ProvenanceColumns.Stretch?, into hashes: inout Hashes
  ) {
    let row = TextHash.hash(tokens)
    if tokens.count >= Self.shortestRow, let index = rows.index(of: row) {
      hashes.foundRows.append(index)
    }
    if let source, let index = places.index(of: Self.place(of: row, source)) {
      hashes.foundPlaces.append(index)
    }
    tokens.withUnsafeBufferPointer { tokens in
      TextHash.forEachGram(of: Self.gram, in: tokens) { hash in
        if hash & (sampling &- 1) == 0, let index = grams.index(of: hash) {
          hashes.foundGrams.append(index)
        }
      }
    }
  }

  private static func place(of row: UInt64, _ source: ProvenanceColumns.Stretch) -> UInt64 {
    TextHash.mixed(row ^ TextHash.mixed(TextHash.hash(source.id) &+ UInt64(source.offset)))
  }

  /// What is shared, if it is too much: of what is copied from one place anything, of what stands in
  /// several documents (licences, headings) some.
  var findings: [Finding] {
    var findings: [Finding] = []
    if places.found > 0 {
      return [
        Finding(
          rule: "shared-rows",
          "\(places.found) of \(places.count) rows of the held-out splits stand in train too, from "
            + "the same place of the same document")
      ]
    }
    func add(_ rule: String, _ set: HashSet, _ what: String, warning: Double, failure: Double) {
      let share = Double(set.found) / Double(max(1, set.count))
      guard set.found > 0, share > warning else { return }
      findings.append(
        Finding(
          rule: rule, severity: share > failure ? .fault : .warning,
          "\(set.found) of \(set.count) \(what) of the held-out splits stand in train too"))
    }
    // Where places are known, equal rows are text that the corpus has twice.
    let isCopied = places.count == 0
    add(
      "shared-rows", rows, "rows", warning: isCopied ? 0.001 : 0.01,
      failure: isCopied ? 0.01 : 0.03)
    add("shared-text", grams, "stretches of 13 tokens", warning: 0.1, failure: 0.3)
    return findings
  }
}
