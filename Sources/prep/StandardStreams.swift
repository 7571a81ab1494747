// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Pipeline

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Standard output for data, buffered; call `flush` at the end.
struct StandardOutput {
  private var buffer: [UInt8] = []

  mutating func write(_ text: String) throws { try write(Array(text.utf8)) }

  mutating func write(_ bytes: [UInt8]) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= 1 << 16 { try flush() }
  }

  mutating func line(_ text: String = "") throws { try write(text + "\n") }

  mutating func flush() throws {
    defer { buffer.removeAll(keepingCapacity: true) }
    var written = 0
    while written < buffer.count {
      let count = buffer.withUnsafeBytes { bytes in
        Self.systemWrite(1, bytes.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if count < 0 {
        if errno == EINTR { continue }
        if errno == EPIPE {
          throw PipelineError(.brokenPipe, "standard output: the reader is gone")
        }
        let reason = String(cString: strerror(errno))
        throw PipelineError(.inputOutput, "standard output: cannot write: \(reason)")
      }
      written += count
    }
  }

  /// Whether a person reads along.
  static var isTerminal: Bool { isatty(1) == 1 }

  static func systemWrite(
    _ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int
  ) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes, count)
    #elseif canImport(Musl)
      Musl.write(descriptor, bytes, count)
    #else
      Darwin.write(descriptor, bytes, count)
    #endif
  }
}

/// Standard error for messages; what cannot be written there is lost.
enum StandardError {
  static func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { StandardOutput.systemWrite(2, $0.baseAddress, $0.count) }
  }

  static var isTerminal: Bool { isatty(2) == 1 }
}

/// Which errors the argument parser renders itself.
enum ErrorKind {
  static func isOfTheParser(_ error: any Error) -> Bool {
    error is ValidationError || error is CleanExit || error is ExitCode
      || String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
  }
}
