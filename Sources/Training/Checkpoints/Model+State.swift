// SPDX-License-Identifier: Apache-2.0

extension Model {
  private static let meanPrefix = "mean."
  private static let squarePrefix = "square."
  private static let weightPrefix = "weight."
  private static let stepsKey = "prep.steps"

  /// Writes everything that decides the rest of a run: weights, the optimizer's averages, the number
  /// of steps, and what the caller adds. A model that reads it goes on as if it had never stopped; with
  /// the portable kernel to the bit.
  ///
  /// - Parameters:
  ///   - path: The file; complete or absent under this name.
  ///   - texts: What else is to be known again, such as the place in the data.
  /// - Throws: ``TrainingError``: `outputRefused` or `inputOutput`.
  public func saveState(to path: String, texts: [String: String] = [:]) throws(TrainingError) {
    optimizerState.prepare()
    var writer = SafeTensorsWriter(metadata: texts)
    writer.metadata[Self.stepsKey] = "\(steps)"
    for (index, parameter) in parameters.all.enumerated() {
      for (prefix, base) in [
        (Self.weightPrefix, parameter.value), (Self.meanPrefix, optimizerState.means[index].base),
        (Self.squarePrefix, optimizerState.squares[index].base),
      ] {
        writer.add(
          prefix + parameter.name, parameter.shape, .floats(base, count: parameter.count))
      }
    }
    try writer.write(to: path)
  }

  /// Goes on where ``saveState(to:texts:)`` was called on a model of the same configuration.
  ///
  /// - Returns: What the caller had added.
  /// - Throws: ``TrainingError``: `missing`, or `corrupt` for a file that is damaged or of another
  ///   model; the model is then not to be used.
  public func restoreState(from path: String) throws(TrainingError) -> [String: String] {
    let file = try SafeTensors(CheckpointFiles.read(path), path: path)
    guard let count = file.metadata[Self.stepsKey].flatMap({ Int($0) }), count >= 0 else {
      throw TrainingError(.corrupt, path: path, "this is no state of a training")
    }
    optimizerState.prepare()
    for (index, parameter) in parameters.all.enumerated() {
      for (prefix, target) in [
        (Self.weightPrefix, parameter.value), (Self.meanPrefix, optimizerState.means[index].base),
        (Self.squarePrefix, optimizerState.squares[index].base),
      ] {
        guard let entry = file[prefix + parameter.name], entry.shape == parameter.shape,
          entry.type == .float32
        else {
          throw TrainingError(
            .corrupt, path: path,
            "\(prefix + parameter.name) of shape \(parameter.shape) is missing: the state is of "
              + "another model")
        }
        file.copy(entry, to: target)
      }
      parameter.isSet = true
    }
    steps = count
    var texts = file.metadata
    texts[Self.stepsKey] = nil
    texts["format"] = nil
    return texts
  }
}
