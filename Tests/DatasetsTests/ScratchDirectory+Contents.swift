// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import Datasets

extension ScratchDirectory {
  /// Every file below a directory with its bytes.
  static func contents(of directory: String) throws -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for name in try FileSystem.names(in: directory) {
      let path = "\(directory)/\(name)"
      if FileSystem.isDirectory(path) {
        for (inner, bytes) in try self.contents(of: path) { contents["\(name)/\(inner)"] = bytes }
      } else {
        contents[name] = try FileSystem.read(path)
      }
    }
    return contents
  }
}
