// SPDX-License-Identifier: Apache-2.0

/// Whole sentences of one document, as many as fit: RoBERTa's FULL-SENTENCES (Liu et al. 2019,
/// arXiv 1907.11692 §4.2) without crossing documents.
///
/// A sentence longer than the window is cut into windows and counted; its remainder is packed with
/// the sentences after it. Every token is in exactly one frame.
public struct SentencePacking: Sendable, Hashable {
  /// The most tokens in a frame, framing tokens not counted.
  public let maximum: Int

  func plan(
    _ unit: TokenizedUnit, order: [UInt32], report: inout FramingReport
  ) throws(ObjectiveError) -> [Stretch] {
    let sentences = try unit.requireSentenceStarts()
    var stretches: [Stretch] = []
    for document in order {
      let index = Int(document)
      let length = unit.documentOffsets[index + 1] - unit.documentOffsets[index]
      guard length > 0 else {
        report.drop(.emptyDocument, tokens: 0)
        continue
      }
      let range = sentences.offsets[index]..<sentences.offsets[index + 1]
      var start = 0
      var end = 0
      for sentence in range {
        let next = sentence + 1 < range.upperBound ? Int(sentences.starts[sentence + 1]) : length
        if next - start > maximum, end > start {
          stretches.append(Stretch(document: document, offset: start, length: end - start))
          start = end
        }
        if next - start > maximum { report.note(.cutSentences) }
        while next - start > maximum {
          stretches.append(Stretch(document: document, offset: start, length: maximum))
          start += maximum
        }
        end = next
      }
      if end > start {
        stretches.append(Stretch(document: document, offset: start, length: end - start))
      }
    }
    return stretches
  }
}

extension TokenizedUnit {
  func requireSentenceStarts() throws(ObjectiveError) -> SentenceStarts {
    guard let sentenceStarts else {
      throw ObjectiveError(
        .missingInput, subject: "sentence_starts",
        "the token dataset has no sentence starts: make it with `prep tokenize --sentences`")
    }
    return sentenceStarts
  }
}
