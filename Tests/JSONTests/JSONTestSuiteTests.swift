// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

private func fieldReaderFault(_ bytes: [UInt8]) -> JSONError? {
  var fields = JSONFields()
  let reader = JSONFieldReader(paths: ["a", "asd", "", "a.b.c", "foo.bar"])
  do {
    try bytes.withUnsafeBytes { try reader.read($0, into: &fields) }
    return nil
  } catch {
    return error as? JSONError
  }
}

private func valueFault(_ bytes: [UInt8]) -> JSONError? {
  do throws(JSONError) {
    _ = try JSONValue(parsing: bytes, limits: JSONLimits(duplicateKeys: .lastCounts))
    return nil
  } catch {
    return error
  }
}

@Suite(.enabled(if: JSONTestSuite.isPresent, "the shared JSONTestSuite archive is absent"))
struct JSONTestSuiteTests {
  @Test func theArchiveIsComplete() throws {
    #expect(try JSONTestSuite.cases("y_").count == 95)
    #expect(try JSONTestSuite.cases("n_").count == 188)
    #expect(try JSONTestSuite.cases("i_").count == 35)
  }

  @Test func everyValidTextIsRead() throws {
    for test in try JSONTestSuite.cases("y_") {
      #expect(valueFault(test.bytes) == nil, "\(test.name)")
      #expect(fieldReaderFault(test.bytes) == nil, "\(test.name)")
    }
  }

  @Test func everyInvalidTextIsRefused() throws {
    for test in try JSONTestSuite.cases("n_") {
      #expect(valueFault(test.bytes) != nil, "\(test.name)")
      #expect(fieldReaderFault(test.bytes) != nil, "\(test.name)")
    }
  }

  @Test func nothingTrapsOnTheOthersAndBothReadersDifferOnlyByUnicodeAndRange() throws {
    for test in try JSONTestSuite.cases("i_") {
      let value = valueFault(test.bytes)
      let fields = fieldReaderFault(test.bytes)
      if value?.code == .invalidUTF8 || value?.code == .invalidNumber {
        #expect(fields == nil, "\(test.name)")
      } else {
        #expect((value == nil) == (fields == nil), "\(test.name)")
      }
    }
  }

  @Test func everyPrefixOfAValidTextIsReadOrRefusedAlikeByBoth() throws {
    for test in try JSONTestSuite.cases("y_") {
      for end in 0..<test.bytes.count {
        let prefix = Array(test.bytes[..<end])
        let value = valueFault(prefix)
        let fields = fieldReaderFault(prefix)
        #expect((value == nil) == (fields == nil), "\(test.name) cut at \(end)")
        #expect(value?.offset == fields?.offset, "\(test.name) cut at \(end)")
      }
    }
  }
}
