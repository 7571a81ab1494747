// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
public import Digests

/// A finished dataset on disk.
public struct Dataset: Sendable {
  /// The directory.
  public let directory: String
  /// What the directory holds.
  public let manifest: Manifest

  /// Opens a directory that holds a manifest.
  ///
  /// - Throws: `DatasetError`: `.missing` when there is no such directory, `.notADataset` when it
  ///   has no manifest, `.corrupt` when the manifest cannot be understood.
  public init(_ directory: String) throws(DatasetError) {
    self.directory = directory
    let path = "\(directory)/\(Manifest.fileName)"
    guard FileSystem.exists(directory) else {
      throw DatasetError(.missing, path: directory, "no such directory")
    }
    guard FileSystem.exists(path) else {
      let hint =
        FileSystem.exists("\(directory)/.partial")
        ? "an unfinished run is there; finish it with --resume"
        : "no \(Manifest.fileName) there; give the directory that prep wrote"
      throw DatasetError(.notADataset, path: directory, "not a dataset: \(hint)")
    }
    manifest = try Manifest(FileSystem.read(path), path: path)
  }

  /// A dataset whose manifest is known.
  public init(directory: String, manifest: Manifest) {
    self.directory = directory
    self.manifest = manifest
  }

  /// The path of a file of the dataset.
  public func path(of file: String) -> String { "\(directory)/\(file)" }

  /// The bytes of a file of the dataset.
  ///
  /// - Throws: `DatasetError` when it cannot be read.
  public func bytes(of file: String) throws(DatasetError) -> [UInt8] {
    try FileSystem.read(path(of: file))
  }

  /// The size of a file of the dataset.
  ///
  /// - Throws: `DatasetError` when it is not there.
  public func size(of file: String) throws(DatasetError) -> Int {
    try FileSystem.size(of: path(of: file))
  }

  /// SHA-256 of a file of the dataset, read in pieces.
  ///
  /// - Throws: `DatasetError` when it cannot be read.
  public func digest(of file: String) throws(DatasetError) -> SHA256Digest {
    try FileSystem.digest(of: path(of: file))
  }

  /// Opens a shard for reading.
  ///
  /// - Throws: `DatasetError`: `.missing` or `.corrupt`.
  public func reader(of shard: Manifest.Shard) throws(DatasetError) -> ArrowFileReader {
    let path = path(of: shard.file)
    guard FileSystem.exists(path) else {
      throw DatasetError(.missing, path: path, "the manifest lists this shard; it is not there")
    }
    do {
      return try ArrowFileReader(path: path)
    } catch {
      throw DatasetError(.corrupt, path: path, "\(error)")
    }
  }

  /// Names of the files in the directory, in byte order.
  ///
  /// - Throws: `DatasetError` when the directory cannot be read.
  public func fileNames() throws(DatasetError) -> [String] {
    try FileSystem.names(in: directory)
  }
}
