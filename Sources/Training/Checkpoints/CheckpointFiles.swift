// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import JSON

/// The arrays of a checkpoint: of `model.safetensors`, or of the files that
/// `model.safetensors.index.json` names.
struct CheckpointFiles {
  static let weightsName = "model.safetensors"
  static let indexName = "model.safetensors.index.json"
  static let configurationName = "config.json"

  let configuration: ModelConfiguration
  private let files: [SafeTensors]

  /// Reads a directory as `save_pretrained` writes it.
  ///
  /// - Throws: ``TrainingError``: `missing`, `corrupt` or `unsupported`.
  init(_ directory: String) throws(TrainingError) {
    let configurationPath = "\(directory)/\(Self.configurationName)"
    let json = try Self.json(configurationPath)
    configuration = try ModelConfiguration(json, path: configurationPath)
    let single = "\(directory)/\(Self.weightsName)"
    let index = "\(directory)/\(Self.indexName)"
    var names: [String] = []
    if FileSystem.exists(single) {
      names = [Self.weightsName]
    } else if FileSystem.exists(index) {
      guard let map = try Self.json(index)["weight_map"]?.objectValue else {
        throw TrainingError(.corrupt, path: index, "there is no weight_map")
      }
      for entry in map.entries {
        guard let name = entry.value.stringValue, !name.contains("/") else {
          throw TrainingError(.corrupt, path: index, "\(entry.key) is in no file of the checkpoint")
        }
        if !names.contains(name) { names.append(name) }
      }
    } else if FileSystem.exists("\(directory)/pytorch_model.bin") {
      throw TrainingError(
        .unsupported, path: directory,
        "pickled weights (pytorch_model.bin) are not read; save the model with "
          + "save_pretrained(…, safe_serialization=True)")
    } else {
      throw TrainingError(.missing, path: directory, "there is no \(Self.weightsName)")
    }
    var files: [SafeTensors] = []
    for name in names {
      let path = "\(directory)/\(name)"
      files.append(try SafeTensors(Self.read(path), path: path))
    }
    self.files = files
  }

  static func read(_ path: String) throws(TrainingError) -> [UInt8] {
    do {
      return try FileSystem.read(path)
    } catch {
      throw TrainingError(reading: error)
    }
  }

  static func json(_ path: String) throws(TrainingError) -> JSONValue {
    let bytes = try read(path)
    do {
      return try JSONValue(parsing: bytes)
    } catch {
      throw TrainingError(.corrupt, path: path, "\(error)")
    }
  }

  /// How many numbers there are.
  var valueCount: Int { files.reduce(0) { $0 + $1.entries.reduce(0) { $0 + $1.count } } }

  var names: [String] { files.flatMap { $0.entries.map(\.name) } }

  var path: String { files.first?.path ?? "" }

  /// The array of the first of these names that is there.
  func find(_ names: [String]) -> (file: SafeTensors, entry: SafeTensors.Entry)? {
    for name in names {
      for file in files {
        if let entry = file[name] { return (file, entry) }
      }
    }
    return nil
  }
}
