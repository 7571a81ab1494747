// SPDX-License-Identifier: Apache-2.0

extension ArrowFileReader {
  /// Checks that the stream inside the file and the footer are of one mind: the same batches in the
  /// same order with the same rows, nothing else between schema and footer.
  ///
  /// Reads what batches say about themselves and no values. The format itself lets a footer leave
  /// batches out or list them in another order; files written here never do.
  ///
  /// - Throws: `.malformed` with the place where they differ.
  public func checkStream() throws(ArrowError) {
    do throws(ArrowError) {
      var offset = messagesStart
      for (index, block) in blocks.enumerated() {
        guard block.offset == offset else {
          throw ArrowError(
            .malformed, "the footer lists another batch \(index) than the stream has here",
            offset: offset)
        }
        let (_, _, body) = try layout(index)
        offset = body.upperBound
      }
      let rest = footerRange.lowerBound - offset
      guard rest == Format.endOfStream.count,
        try source.read(at: offset, count: rest) == Format.endOfStream
      else {
        throw ArrowError(
          .malformed, "the stream does not end where the footer's last batch does", offset: offset)
      }
    } catch {
      throw error.located(path: path)
    }
  }
}
