// SPDX-License-Identifier: Apache-2.0
internal import Datasets

extension Model {
  /// Writes what the model makes of one batch, for comparison with other implementations:
  /// `batch.safetensors` with all that it is fed, `logits.safetensors` with the logits of every
  /// position (`logits`: rows × label length × vocabulary; `pair_logits`: rows × 2), and
  /// `gradients.safetensors` with the gradient of every parameter under its name in a checkpoint.
  /// The metadata of the last have the losses. The weights stay as they are.
  ///
  /// - Throws: ``TrainingError``: `usage` for a batch that does not fit the model, `outputRefused`
  ///   or `inputOutput`.
  public func dump(_ batch: TrainingBatch, to directory: String) throws(TrainingError) {
    let all = batch.rows * batch.labelLength
    let logits = try logits(batch, at: Array(0..<all))
    let pairLogits = batch.pairLabels == nil ? nil : try pairLogits(batch)
    let losses = try gradients(of: [batch])
    do {
      try FileSystem.createDirectory(directory)
    } catch {
      throw TrainingError(writing: directory, error)
    }
    try batch.write(to: "\(directory)/batch.safetensors")
    try Self.write(
      logits, pairLogits, rows: batch.rows, length: batch.labelLength,
      to: "\(directory)/logits.safetensors")
    var writer = SafeTensorsWriter(metadata: [
      "token_loss": "\(losses.tokenLoss)", "labels": "\(losses.labels)",
      "gradient_norm": "\(losses.gradientNorm)",
    ])
    if let pairLoss = losses.pairLoss { writer.metadata["pair_loss"] = "\(pairLoss)" }
    for parameter in parameters.all {
      writer.add(
        parameter.name, parameter.shape, .floats(parameter.gradient, count: parameter.count))
    }
    try writer.write(to: "\(directory)/gradients.safetensors")
  }

  private static func write(
    _ logits: [Float], _ pairLogits: [Float]?, rows: Int, length: Int, to path: String
  ) throws(TrainingError) {
    let values = FloatBuffer(copying: logits)
    let pairs = FloatBuffer(copying: pairLogits ?? [])
    var writer = SafeTensorsWriter()
    writer.add(
      "logits", [rows, length, logits.count / (rows * length)],
      .floats(values.base, count: logits.count))
    if let pairLogits {
      writer.add("pair_logits", [rows, 2], .floats(pairs.base, count: pairLogits.count))
    }
    try withExtendedLifetime((values, pairs)) { () throws(TrainingError) in
      try writer.write(to: path)
    }
  }
}

extension FloatBuffer {
  /// The values of an array.
  convenience init(copying values: [Float]) {
    self.init(count: values.count)
    for (index, value) in values.enumerated() { base[index] = value }
  }
}

extension TrainingBatch {
  /// Writes all arrays under the names of `transformers`; masks as flags of rows × query × key.
  ///
  /// - Throws: ``TrainingError``: `outputRefused` or `inputOutput`.
  public func write(to path: String) throws(TrainingError) {
    var writer = SafeTensorsWriter()
    writer.add("input_ids", [rows, length], .integers(inputIDs))
    if let positionIDs { writer.add("position_ids", [rows, length], .integers(positionIDs)) }
    if let tokenTypeIDs { writer.add("token_type_ids", [rows, length], .integers(tokenTypeIDs)) }
    writer.add("visible", [rows, length, length], .bytes(visible))
    writer.add("labels", [rows, labelLength], .integers(labels))
    if let decoder {
      writer.add("decoder_input_ids", [rows, decoder.length], .integers(decoder.inputIDs))
      writer.add(
        "decoder_visible", [rows, decoder.length, decoder.length], .bytes(decoder.visible))
      writer.add("cross_visible", [rows, decoder.length, length], .bytes(decoder.cross))
    }
    if let pairLabels { writer.add("pair_labels", [rows], .integers(pairLabels)) }
    try writer.write(to: path)
  }

  /// Reads a batch that was written.
  ///
  /// - Throws: ``TrainingError``: `missing`, or `corrupt` if arrays are missing.
  public init(reading path: String) throws(TrainingError) {
    let file = try SafeTensors(CheckpointFiles.read(path), path: path)
    func integers(_ name: String) -> [Int32]? {
      guard let entry = file[name] else { return nil }
      let values = FloatBuffer(count: entry.count)
      file.copy(entry, to: values.base)
      // Ids are below 2²⁴, so a float holds them exactly.
      return (0..<entry.count).map { Int32(values.base[$0]) }
    }
    func flags(_ name: String) -> [UInt8]? { integers(name)?.map { UInt8(clamping: $0) } }
    guard let ids = file["input_ids"], ids.shape.count == 2, let inputIDs = integers("input_ids"),
      let visible = flags("visible"), let labels = integers("labels")
    else {
      throw TrainingError(.corrupt, path: path, "a batch needs input_ids, visible and labels")
    }
    self.init(
      rows: ids.shape[0], length: ids.shape[1], inputIDs: inputIDs,
      positionIDs: integers("position_ids"), tokenTypeIDs: integers("token_type_ids"),
      visible: visible, labels: labels, pairLabels: integers("pair_labels"))
    if let entry = file["decoder_input_ids"], entry.shape.count == 2,
      let ids = integers("decoder_input_ids"), let own = flags("decoder_visible"),
      let cross = flags("cross_visible")
    {
      decoder = Decoder(length: entry.shape[1], inputIDs: ids, visible: own, cross: cross)
    }
  }
}
