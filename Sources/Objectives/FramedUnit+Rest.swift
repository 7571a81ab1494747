// SPDX-License-Identifier: Apache-2.0

extension FramedUnit {
  /// What is left of the unit when only some of its frames become rows: the stretches that are in
  /// none of them, in the order in which the documents were framed.
  ///
  /// Whoever goes on with ``TokenizedUnit/selecting(_:isInFinalOrder:)`` of these serves every
  /// token once, whatever the rule of either framing is. Of a rewritten document nothing is left
  /// once a frame has a part of it.
  ///
  /// - Parameter served: ordinals of the frames that became rows.
  /// - Returns: stretches of the unit as it was read.
  public func rest(after served: some Sequence<Int>) -> [Stretch] {
    var taken: [Stretch] = []
    var frame = Frame()
    for index in served {
      load(index, into: &frame)
      for piece in frame.pieces where piece.length > 0 {
        taken.append(
          Stretch(
            document: UInt32(truncatingIfNeeded: piece.document), offset: piece.offset,
            length: piece.length))
      }
    }
    taken.sort { ($0.document, $0.offset) < ($1.document, $1.offset) }
    // Where the stretches of each document begin in `taken`.
    var starts = [Int](repeating: taken.count, count: unit.documentCount + 1)
    for index in taken.indices.reversed() { starts[Int(taken[index].document)] = index }
    for document in stride(from: unit.documentCount - 1, through: 0, by: -1)
    where starts[document] == taken.count || Int(taken[starts[document]].document) != document {
      starts[document] = starts[document + 1]
    }
    var rest: [Stretch] = []
    for document in order {
      let index = Int(document)
      let own = taken[starts[index]..<starts[index + 1]]
      if let lengths = unit.sourceLengths {
        if own.isEmpty, lengths[index] > 0 {
          rest.append(
            unit.source(of: Stretch(document: document, offset: 0, length: lengths[index])))
        }
        continue
      }
      var reached = 0
      let end = unit.documentOffsets[index + 1] - unit.documentOffsets[index]
      for stretch in own {
        let from = Int(stretch.offset)
        if from > reached {
          rest.append(
            unit.source(of: Stretch(document: document, offset: reached, length: from - reached)))
        }
        reached = max(reached, from + Int(stretch.length))
      }
      if reached < end {
        rest.append(
          unit.source(of: Stretch(document: document, offset: reached, length: end - reached)))
      }
    }
    return rest
  }
}
