// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArrowIPC

@Suite struct RowOffsetsTests {
  private let batches = [3, 0, 2, 5].map { Samples.batch(rows: $0, "uint8") }

  @Test func everyRowIsFound() throws {
    let offsets = RowOffsets(batchRows: [3, 0, 2, 5])
    #expect(offsets.values == [0, 3, 3, 5, 10])
    let found = (-1...10).map { offsets.batch(ofRow: $0) }
    #expect(found == [nil, 0, 0, 0, 2, 2, 3, 3, 3, 3, 3, nil])
    #expect(RowOffsets(batchRows: []).batch(ofRow: 0) == nil)
  }

  @Test func footersSayWhereBatchesBegin() throws {
    let reader = try ArrowFileReader(bytes: Written.file(batches, .none))
    #expect(reader.footerMetadata == [ArrowKeyValue("row_offsets", "0,3,3,5,10")])
    #expect(try reader.rowOffsets() == RowOffsets(batchRows: [3, 0, 2, 5]))
  }

  @Test func filesOfOthersAreCountedByTheirBatches() throws {
    let file = try Written.file(batches, .none)
    let renamed = try replacing("row_offsets", with: "row_offsetz", in: file)
    let reader = try ArrowFileReader(bytes: renamed)
    #expect(try reader.rowOffsets() == RowOffsets(batchRows: [3, 0, 2, 5]))
  }

  @Test func offsetsThatLieAreRefused() throws {
    let file = try Written.file(batches, .none)
    for lie in ["0,3,5,5,11", "0,3,3,2,10", "1,3,3,5,10", "0,3,3,5,1x", "0,3,3,,,10"] {
      let bytes = try replacing("0,3,3,5,10", with: lie, in: file)
      let error = #expect(throws: ArrowError.self) { try Outcome.file(bytes) }
      #expect(error?.code == .malformed)
    }
  }

  private func replacing(
    _ old: String, with new: String, in bytes: [UInt8]
  ) throws -> [UInt8] {
    let place = try #require(bytes.firstRange(of: Array(old.utf8)))
    var result = bytes
    result.replaceSubrange(place, with: Array(new.utf8).prefix(place.count))
    return result
  }
}
