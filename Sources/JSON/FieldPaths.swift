// SPDX-License-Identifier: Apache-2.0

/// The wanted fields as a tree: at each object, which keys hold a value and which lead deeper.
struct FieldPaths: Sendable {
  /// What a key means in the object that a node stands for.
  struct Entry: Sendable {
    var key: [UInt8]
    /// The paths whose value this key holds, each with its rank: rank 0, the key that is written
    /// out with its dots, is tried before those that were reached through more levels.
    var values: [(path: Int, rank: Int)] = []
    /// The node of the object behind this key.
    var child: Int?
    /// Every path that ends below this key, with the best rank it can have there.
    var below: [(path: Int, rank: Int)] = []
  }

  struct Node: Sendable {
    var entries: [Entry] = []
  }

  /// Node 0 stands for the whole line.
  private(set) var nodes: [Node] = [Node()]
  let count: Int

  /// Reading recurses once a level, so a path with more dots than this is only tried literally.
  private static let deepest = 64

  init(_ paths: [String]) {
    count = paths.count
    for (index, path) in paths.enumerated() { add(Array(path.utf8), path: index) }
  }

  private mutating func add(_ path: [UInt8], path index: Int) {
    let dots = path.indices.filter { path[$0] == 0x2E }
    let levels = dots.count <= Self.deepest ? dots : []
    var node = 0
    var start = 0
    var rank = 0
    for dot in levels {
      addValue(Array(path[start...]), node: node, path: index, rank: rank)
      let entry = entryIndex(of: Array(path[start..<dot]), node: node)
      nodes[node].entries[entry].below.append((index, rank + 1))
      if let child = nodes[node].entries[entry].child {
        node = child
      } else {
        nodes[node].entries[entry].child = nodes.count
        node = nodes.count
        nodes.append(Node())
      }
      start = dot + 1
      rank += 1
    }
    addValue(Array(path[start...]), node: node, path: index, rank: rank)
  }

  private mutating func addValue(_ key: [UInt8], node: Int, path: Int, rank: Int) {
    let entry = entryIndex(of: key, node: node)
    nodes[node].entries[entry].values.append((path, rank))
  }

  private mutating func entryIndex(of key: [UInt8], node: Int) -> Int {
    if let index = nodes[node].entries.firstIndex(where: { $0.key == key }) { return index }
    nodes[node].entries.append(Entry(key: key))
    return nodes[node].entries.count - 1
  }
}
