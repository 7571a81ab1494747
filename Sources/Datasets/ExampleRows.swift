// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
public import Objectives

/// Which columns an example shard has; decided by the objective's parameters alone.
public struct ExampleColumns: Sendable, Hashable {
  /// The objective's columns.
  public let columns: [Column]
  /// Whether ids need 32 bits.
  public let wideIDs: Bool
  /// Whether each row says where its tokens came from.
  public let provenance: Bool

  /// The names of the provenance columns: lists with one entry a segment.
  public static let provenanceNames = ["source_document", "source_offset", "source_length"]

  /// Names the columns to store.
  public init(columns: [Column], vocabularySize: Int, provenance: Bool) {
    self.columns = columns
    wideIDs = vocabularySize > 65_536
    self.provenance = provenance
  }

  /// The schema of the shards.
  public func schema(metadata: [ArrowKeyValue]) -> ArrowSchema {
    var fields = columns.map { ArrowField($0.name, type(of: $0)) }
    if provenance {
      let items: [ArrowType] = [.utf8, .uint32, .uint32]
      for (name, item) in zip(Self.provenanceNames, items) {
        fields.append(ArrowField(name, .list(ArrowField("item", item))))
      }
    }
    return ArrowSchema(fields: fields, metadata: metadata)
  }

  /// The batch of the rows that were built.
  public func recordBatch(
    _ examples: ExampleBatch, provenance rows: ProvenanceRows, schema: ArrowSchema
  ) -> RecordBatch {
    var arrays = examples.buffers.map { array(of: $0) }
    if provenance {
      arrays.append(.list(offsets: rows.rowOffsets, rows.documents.array))
      arrays.append(.list(offsets: rows.rowOffsets, .uint32(rows.offsets)))
      arrays.append(.list(offsets: rows.rowOffsets, .uint32(rows.lengths)))
    }
    return RecordBatch(schema: schema, rowCount: examples.rowCount, columns: arrays)
  }

  private func type(of column: Column) -> ArrowType {
    let element: ArrowType =
      switch column.element {
      case .tokenID: wideIDs ? .uint32 : .uint16
      case .uint8: .uint8
      case .int32: .int32
      case .float32: .float32
      }
    switch column.shape {
    case .scalar: return element
    case .fixed(let length): return .fixedSizeList(ArrowField("item", element), length)
    case .list: return .list(ArrowField("item", element))
    }
  }

  private func array(of buffer: ColumnBuffer) -> ArrowArray {
    let values: ArrowArray =
      switch buffer.values {
      case .tokenIDs(let ids):
        wideIDs ? .uint32(ids) : .uint16(ids.map { UInt16(truncatingIfNeeded: $0) })
      case .uint8(let bytes): .uint8(bytes)
      case .int32(let integers): .int32(integers)
      case .float32(let reals): .float32(reals)
      }
    switch buffer.column.shape {
    case .scalar: return values
    case .fixed(let length): return .fixedSizeList(size: length, values)
    case .list: return .list(offsets: buffer.offsets, values)
    }
  }
}

/// Where the tokens of a batch of rows came from.
public struct ProvenanceRows: Sendable {
  var rowOffsets: [Int32] = [0]
  var documents = TextColumn()
  var offsets: [UInt32] = []
  var lengths: [UInt32] = []

  /// No rows yet.
  public init() {}

  /// Appends the pieces of a frame as one row.
  public mutating func append(_ pieces: [Piece], documentIDs: [String]) {
    for piece in pieces {
      documents.append(documentIDs[piece.document].utf8)
      offsets.append(UInt32(truncatingIfNeeded: piece.offset))
      lengths.append(UInt32(truncatingIfNeeded: piece.length))
    }
    rowOffsets.append(Int32(truncatingIfNeeded: offsets.count))
  }
}
