// SPDX-License-Identifier: Apache-2.0
internal import Pipeline

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Standard input of the commands that work on single texts.
enum StandardInput {
  /// Everything there is.
  static func readAll() throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(0, $0.baseAddress, $0.count) }
      if count == 0 { return bytes }
      if count > 0 {
        bytes.append(contentsOf: buffer[..<count])
      } else if errno != EINTR {
        let reason = String(cString: strerror(errno))
        throw PipelineError(.inputOutput, "standard input: cannot read: \(reason)")
      }
    }
  }

  /// Calls `body` with each line that is not blank, and its number from 1.
  static func forEachLine(_ body: ([UInt8], Int) throws -> Void) throws {
    var pending: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var number = 0
    func give(_ line: [UInt8]) throws {
      number += 1
      let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
      if !isBlank { try body(line, number) }
    }
    while true {
      let count = buffer.withUnsafeMutableBytes { read(0, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        let reason = String(cString: strerror(errno))
        throw PipelineError(.inputOutput, "standard input: cannot read: \(reason)")
      }
      if count == 0 { break }
      var start = 0
      while let end = buffer[start..<count].firstIndex(of: UInt8(ascii: "\n")) {
        pending.append(contentsOf: buffer[start..<end])
        try give(pending)
        pending.removeAll(keepingCapacity: true)
        start = end + 1
      }
      pending.append(contentsOf: buffer[start..<count])
    }
    if !pending.isEmpty { try give(pending) }
  }
}
