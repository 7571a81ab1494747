// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's target for the Arrow readers. It is compiled together with the sources of ArrowIPC by
// `make fuzz`; the package does not know it.

/// Whatever the bytes are: errors or data that keep the rules of the format, and nothing else.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzArrowReaders(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  var options = ArrowReadOptions()
  readFile(bytes, options)
  readStream(bytes, options)
  salvage(bytes)
  options.passesOverUnsupported = true
  readFile(bytes, options)
  readStream(bytes, options)
  return 0
}

private func readFile(_ bytes: [UInt8], _ options: ArrowReadOptions) {
  guard let reader = try? ArrowFileReader(bytes: bytes, options: options) else { return }
  try? reader.checkStream()
  if let offsets = try? reader.rowOffsets() {
    for row in [0, offsets.rowCount / 2, offsets.rowCount - 1, offsets.rowCount] {
      guard let batch = offsets.batch(ofRow: row) else { continue }
      precondition(offsets.rows(ofBatch: batch).contains(row))
    }
  }
  for index in 0..<reader.batchCount {
    _ = try? reader.storedBuffers(ofBatch: index)
    _ = try? reader.metadata(ofBatch: index)
    if let batch = try? reader.batch(index) { check(batch) }
    // A column alone is what it is among the others.
    if let name = reader.schema.fields.first?.name,
      let batch = try? reader.batch(index, columns: [name])
    {
      check(batch)
    }
  }
}

private func readStream(_ bytes: [UInt8], _ options: ArrowReadOptions) {
  guard let reader = try? ArrowStreamReader(bytes: bytes, options: options) else { return }
  while let next = try? reader.next() { check(next.0) }
}

private func salvage(_ bytes: [UInt8]) {
  guard let salvage = try? ArrowSalvage(bytes: bytes) else { return }
  for index in salvage.batches.indices {
    guard let found = try? salvage.batch(index) else {
      preconditionFailure("a batch that was decoded once cannot be decoded again")
    }
    check(found.batch)
  }
}

/// A batch that a reader gave is valid, can be walked, and survives being written.
private func check(_ batch: RecordBatch) {
  do {
    try batch.validate()
  } catch {
    preconditionFailure("invalid data from a reader: \(error)")
  }
  var sum = 0
  batch.forEachLogicalBuffer { sum &+= $0.count }
  for column in batch.columns {
    for slot in [0, column.length / 2, column.length - 1] where slot >= 0 {
      _ = column.string(at: slot)
      _ = column.range(at: slot)
      _ = column.isValid(slot)
    }
  }
  guard var encoder = try? BatchEncoder(schema: batch.schema, compression: .none),
    let message = try? encoder.encode(batch),
    let head = try? ArrowStreamAssembler(schema: batch.schema).head()
  else { return }
  var options = ArrowReadOptions()
  options.maximumExpansion = 1 << 20
  do {
    let again = try ArrowStreamReader(bytes: head + message.bytes, options: options).next()?.0
    precondition(again?.rowCount == batch.rowCount)
  } catch {
    preconditionFailure("what was written cannot be read: \(error)")
  }
}
