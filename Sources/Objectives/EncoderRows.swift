// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// The rows of objectives that read in both directions: text between framing tokens, one stretch, a
/// pair, or several packed documents each framed on its own.
final class EncoderRows: Sendable {
  /// How documents fill rows; every objective offers some of these.
  enum Packing: String {
    case sentences
    case fullSentences = "full-sentences"
    case document
    case concatenate
    case bestFit = "best-fit"
  }

  /// What stands around a text.
  enum FramingTokens: String {
    case auto
    case roles
    case bos
    case none
  }

  enum Layout: Sendable {
    case single
    case pair
    case packed
  }

  /// What distinguishes one objective's rows from another's.
  struct Style {
    /// What stands around a text if the tokenizer's own template adds nothing, or on request.
    enum Fallback {
      /// `[CLS] x [SEP]`, `[CLS] A [SEP] B [SEP]`.
      case clsSep
      /// `x [SEP] [CLS]`.
      case sepCls
      /// `<s> x` on request, else nothing.
      case bos
    }

    var fallback = Fallback.clsSep
    /// How pairs are made; nil for single texts.
    var pairing: SentencePairs.Pairing?
    /// Whether every document ends in the separator, which belongs to the text, instead of what the
    /// template puts behind it.
    var endsDocuments = false
    var carriesWordStarts = false
  }

  let length: Int
  let template: Vocabulary.Template
  let layout: Layout
  let padding: Padding
  let padID: TokenID
  let positionOffset: Int
  let framing: Framing
  /// The columns that every such row has after the objective's own.
  let columns: [Column]

  var shape: Column.Shape { Column.shape(length: length, padding: padding) }

  init(
    _ parameters: ObjectiveParameters, _ vocabulary: Vocabulary, _ style: Style, needs: inout Needs
  ) throws(ObjectiveError) {
    let packing: Packing = try parameters.choice("packing")
    length = try parameters.integer("length")
    padding = try parameters.choice("pad")
    let offset = packing == .bestFit ? try parameters.integer("position_offset") : 0
    positionOffset = offset
    let isPaired = style.pairing != nil
    guard !isPaired || packing == .sentences else {
      throw parameters.invalid(
        "packing", "pairs are made of whole sentences: set packing=sentences or pairs=none")
    }
    layout = isPaired ? .pair : packing == .bestFit ? .packed : .single
    padID = padding == .fixed ? try vocabulary.requirePadding(for: parameters.objective) : 0
    template = try Self.template(parameters, vocabulary, style, needs: &needs)
    let added =
      template.prefix.count + template.suffix.count + (isPaired ? template.infix.count : 0)
    let room = length - added
    guard room >= (isPaired ? 2 : 1) else {
      throw parameters.invalid(
        "length", "length \(length) leaves no room beside \(added) framing tokens")
    }

    var separator: TokenID?
    if style.endsDocuments || packing == .concatenate || packing == .fullSentences {
      separator = try Self.separator(parameters, vocabulary, template, needs: &needs)
    }
    let method: Framing.Method
    if let pairing = style.pairing {
      needs.sentenceStarts = true
      needs.documents = pairing == .swapCounted ? 1 : 2
      method = .pairs(
        SentencePairs(
          maximum: room, shortProbability: try parameters.real("short_pairs"), pairing: pairing))
    } else {
      switch packing {
      case .sentences:
        needs.sentenceStarts = true
        method = .sentences(SentencePacking(maximum: room))
      case .fullSentences:
        needs.sentenceStarts = true
        method = .fullSentences(FullSentencePacking(maximum: room, separator: separator))
      case .document:
        method = .documents(DocumentWindows(maximum: room, separator: separator))
      case .concatenate:
        method = .concatenate(
          Concatenation(window: room, stride: room, separator: separator, keepsTail: true))
      case .bestFit:
        method = .bestFit(BestFitPacking(capacity: length, overhead: added, separator: separator))
      }
    }
    framing = Framing(
      method, documentOrder: try parameters.choice("document_order"),
      carriesWordStarts: style.carriesWordStarts)
    columns = Self.columns(
      layout, shape: Column.shape(length: length, padding: padding), padding: padding,
      positionOffset: offset, pairing: style.pairing)
  }

  private static func template(
    _ parameters: ObjectiveParameters, _ vocabulary: Vocabulary, _ style: Style,
    needs: inout Needs
  ) throws(ObjectiveError) -> Vocabulary.Template {
    let own = vocabulary.template
    func role(_ name: String) throws(ObjectiveError) -> TokenID {
      needs.roles.append(name)
      return try vocabulary.require(name, for: parameters.objective)
    }
    let choice: FramingTokens = try parameters.choice("framing_tokens")
    switch (choice, style.fallback) {
    case (.none, _): return Vocabulary.Template()
    case (.auto, _) where !own.isEmpty:
      return style.endsDocuments ? Vocabulary.Template(prefix: own.prefix) : own
    case (.auto, .bos): return Vocabulary.Template()
    case (_, .bos): return Vocabulary.Template(prefix: [try role("bos")])
    case (_, .clsSep):
      let cls = try role("cls")
      let sep = try role("sep")
      return Vocabulary.Template(prefix: [cls], infix: [sep], suffix: [sep])
    case (_, .sepCls): return Vocabulary.Template(suffix: [try role("sep"), try role("cls")])
    }
  }

  private static func separator(
    _ parameters: ObjectiveParameters, _ vocabulary: Vocabulary, _ template: Vocabulary.Template,
    needs: inout Needs
  ) throws(ObjectiveError) -> TokenID? {
    let choice = try parameters.name("separator")
    if choice == "none" { return nil }
    if choice == "auto", let sep = vocabulary.roles["sep"], template.suffix.contains(sep) {
      return sep
    }
    if choice == "auto", let last = template.suffix.last { return last }
    let role = choice == "auto" ? "eos" : choice
    needs.roles.append(role)
    return try vocabulary.require(role, for: parameters.objective)
  }

  private static func columns(
    _ layout: Layout, shape: Column.Shape, padding: Padding, positionOffset: Int,
    pairing: SentencePairs.Pairing?
  ) -> [Column] {
    var columns: [Column] = []
    if layout == .packed {
      columns += PackedRow.columns(shape, positionOffset: positionOffset)
    } else if padding == .fixed {
      columns.append(.attentionMask(shape))
    }
    guard let pairing else { return columns }
    columns.append(
      Column(
        "token_type_ids", .uint8, shape,
        meaning: "0 up to and with the first separator, 1 from the second segment; 0 at padding."))
    switch pairing {
    case .exchange, .putBack:
      columns.append(
        Column(
          "next_sentence_label", .uint8, .scalar,
          meaning: "0 if the second segment follows the first in the source, 1 if it is random."))
    case .swapCounted, .swapGreedy:
      columns.append(
        Column(
          "sentence_order_label", .uint8, .scalar,
          meaning: "0 if the segments stand in their order, 1 if they are swapped."))
    }
    return columns
  }
}

extension EncoderRows {
  /// `packing`, with the objective's own choices and default.
  static func packing(_ names: [String]) -> Parameter {
    let meanings = [
      "sentences": "whole sentences of one document",
      "full-sentences": "whole sentences across documents",
      "document": "one document or a window of it",
      "concatenate": "windows of documents end to end",
      "best-fit": "several whole documents, each framed on its own and kept apart by segment_ids"
        + " and position_ids",
    ]
    let parts = names.map { "\($0): \(meanings[$0] ?? $0)" }
    return .choice("packing", names, "What a row holds; \(parts.joined(separator: "; ")).")
  }

  /// `position_offset`, for packings with `best-fit`.
  static let positionOffset = Parameter.integer(
    "position_offset", 0, in: 0...65_536,
    "With packing=best-fit: what position_ids start from in each segment (2 for RoBERTa's kin).")

  /// `separator`, with the objective's own default.
  static func separator(_ names: [String], _ summary: String) -> Parameter {
    .choice("separator", names, summary)
  }
}

/// Where the pieces of a frame stand in a row: each at the place it has in the frame, moved by a
/// base and by a step for every piece before it.
struct RowLayout {
  /// Tokens of the row, framing tokens included.
  let used: Int
  let pieces: [Piece]
  let base: Int
  let step: Int
  /// Whether pieces are segments of their own.
  let separatesPieces: Bool
  private let tokenCount: Int

  init(_ frame: borrowing Frame, _ rows: EncoderRows) {
    let template = rows.template
    pieces = frame.pieces
    tokenCount = frame.tokens.count
    separatesPieces = rows.layout != .single
    base = template.prefix.count
    step =
      switch rows.layout {
      case .single: 0
      case .pair: template.infix.count
      case .packed: template.suffix.count + template.prefix.count
      }
    used = tokenCount + base + template.suffix.count + step * max(0, pieces.count - 1)
  }

  /// The tokens of a piece in the frame, with the separators behind it.
  func range(_ piece: Int) -> Range<Int> {
    let next = piece &+ 1
    return pieces[piece].start..<(next < pieces.count ? pieces[next].start : tokenCount)
  }

  /// How far a piece is moved from its place in the frame.
  func shift(_ piece: Int) -> Int { base &+ piece &* step }

  /// Writes tokens, framing tokens and padding.
  func place(
    _ tokens: [TokenID], _ rows: EncoderRows, in row: UnsafeMutableBufferPointer<TokenID>
  ) {
    let template = rows.template
    var end = base
    _ = row.update(fromContentsOf: template.prefix)
    for piece in pieces.indices {
      if piece > 0, step > 0 {
        if rows.layout == .pair {
          end = row[end...].update(fromContentsOf: template.infix)
        } else {
          end = row[end...].update(fromContentsOf: template.suffix)
          end = row[end...].update(fromContentsOf: template.prefix)
        }
      }
      end = row[end...].update(fromContentsOf: tokens[range(piece)])
    }
    _ = row[end...].update(fromContentsOf: template.suffix)
    row[used...].update(repeating: rows.padID)
  }
}

extension EncoderRows {
  /// How many positions the row of a frame has.
  func total(_ layout: RowLayout) -> Int { padding == .fixed ? length : layout.used }

  /// Appends the columns of ``columns``, the first of which has the given index, and counts tokens.
  func finish(
    _ frame: borrowing Frame, _ place: RowLayout, firstColumn: Int, into out: inout ExampleBuilder
  ) {
    let total = total(place)
    var column = firstColumn
    switch layout {
    case .packed:
      let template = template
      PackedRow.write(at: column, count: total, positionOffset: positionOffset, into: &out) {
        body in
        for piece in place.pieces.indices {
          let range = place.range(piece)
          let shift = place.shift(piece)
          body(
            (range.lowerBound + shift - template.prefix.count)..<(range.upperBound + shift
              + template.suffix.count))
        }
      }
    case .single, .pair:
      if padding == .fixed {
        out.mask(column, ones: place.used, count: total)
        column += 1
      }
    }
    if layout == .pair {
      let second = place.range(1).lowerBound + place.shift(1)
      out.bytes(column, count: total) { $0[second..<place.used].update(repeating: 1) }
      out.byte(column + 1, frame.label)
    }
    out.tally.inputTokens += place.used
    out.tally.inputPadding += total - place.used
  }
}
