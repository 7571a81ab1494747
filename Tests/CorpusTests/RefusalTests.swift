// SPDX-License-Identifier: Apache-2.0

import Corpus
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite struct RefusalTests {
  private let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  private func fault(
    _ name: String, _ bytes: [UInt8], _ options: CorpusOptions = CorpusOptions()
  ) throws -> CorpusError? {
    failure([try scratch.write(name, bytes)], options)
  }

  @Test func parquetIsRefusedWithTheCommandThatPipesItIn() throws {
    let error = try fault("it's.parquet", Array("PAR1 rest of the file".utf8))
    #expect(error?.code == .unsupported)
    let command = try #require(error?.message.split(separator: "\n").last)
    #expect(
      command
        == #"python3 -c "import pyarrow as a,pyarrow.dataset as p,sys; d=p.dataset(sys.argv[1]); "#
        + #"s=p.Scanner.from_dataset(d,columns=[n for n in ['text','id'] if n in d.schema.names]); "#
        + #"w=a.ipc.new_stream(sys.stdout.buffer,s.projected_schema); "#
        + #"[w.write_batch(b) for b in s.to_batches()]; w.close()" '"#
        + scratch.path + #"/it'\''s.parquet' "#
        + "| prep tokenize - …")
    let odd = try fault(
      "a", Array("PAR1".utf8),
      options {
        $0.textField = "a\"b"
        $0.idField = nil
      })
    #expect(odd?.message.contains("from_dataset(d)") == true)
  }

  @Test(arguments: ["gz", "zst", "XZ", "bz2", "lz4", "zip", "parquet", "arrow", "feather"])
  func noiseIsNotTextWhereTheNameSaysSo(ending: String) throws {
    let error = try fault("a.txt.\(ending)", [0x07, 0x8B, 0x08, 0x00, 0xE2, 0x91])
    #expect(error?.code == .corrupt)
    #expect(error?.byteOffset == 0)
    #expect(try fault("a.\(ending)", []) != nil, "empty")
  }

  @Test func otherFormatsAreRefusedByName() throws {
    let formats: [(String, [UInt8])] = [
      ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]),
      ("bzip2", Array("BZh9".utf8) + [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]),
      ("LZ4", [0x04, 0x22, 0x4D, 0x18]), ("zip", [0x50, 0x4B, 0x03, 0x04]),
    ]
    for (name, magic) in formats {
      let error = try fault("f", magic)
      #expect(error?.code == .unsupported)
      #expect(error?.message.hasPrefix(name) == true)
    }
    #expect(try fault("f", Array("BZh and so on is a text".utf8)) == nil)
    #expect(try fault("f", Array("PAR".utf8)) == nil)
  }

  @Test func whatIsHiddenByCompressionIsRefusedToo() throws {
    #expect(try fault("f", gzip(Array("PAR1".utf8)))?.code == .unsupported)
    #expect(try fault("f", zstd(Array("ARROW1".utf8)))?.message.contains("unpack") == true)
    #expect(try fault("f", zstd(gzip([0x61])))?.message.contains("twice") == true)
    #expect(try fault("f", zstd([0xFF, 0xFE, 0x61, 0]))?.code == .malformed)
  }

  @Test func aFileThatCannotBeOpenedOrReadIsNamed() throws {
    func code(_ path: String) -> CorpusError.Code? {
      let file = InputFile(path: path, name: "f", argument: 0, storedSize: 0)
      do {
        let group = InputGroup(index: 0, files: [file])
        _ = try GroupReader(group: group, options: CorpusOptions()).nextBatch()
        return nil
      } catch {
        return error.code
      }
    }
    #expect(code(scratch.path + "/gone") == .missing)
    #expect(code(scratch.path) == .unreadable)
    let secret = try scratch.write("secret", "x")
    chmod(secret, 0)
    #expect(code(secret) == .unreadable || geteuid() == 0)
  }

  @Test func readsFromAPipe() throws {
    var ends: [CInt] = [0, 0]
    try #require(pipe(&ends) == 0)
    let packed = try gzip(Array("{\"text\":\"piped\"}\n".utf8))
    #expect(write(ends[1], packed, packed.count) == packed.count)
    close(ends[1])
    let reading = try CorpusTests.read(["/dev/fd/\(ends[0])"])
    close(ends[0])
    #expect(reading.texts == ["piped"])
    #expect(reading.ids == ["\(ends[0])#0"])
  }
}
