// SPDX-License-Identifier: Apache-2.0

/// Weights under the name that they have in a checkpoint, with their gradient.
final class Parameter {
  let name: String
  /// As in the checkpoint: one or two extents.
  let shape: [Int]
  let initialization: Initialization
  let values: FloatBuffer
  let gradients: FloatBuffer
  /// Whether values have been drawn or read.
  var isSet = false

  init(name: String, shape: [Int], initialization: Initialization) {
    self.name = name
    self.shape = shape
    self.initialization = initialization
    let count = shape.reduce(1, *)
    values = FloatBuffer(count: count)
    gradients = FloatBuffer(count: count)
  }

  var count: Int { values.count }
  var value: Floats { values.base }
  var gradient: Floats { gradients.base }
  /// Biases and the weights of normalizations have one extent.
  var isMatrix: Bool { shape.count > 1 }
}

/// All weights of a model, in the order in which its graph first asked for them.
final class ParameterStore {
  private(set) var all: [Parameter] = []
  private var byName: [String: Parameter] = [:]

  subscript(name: String) -> Parameter? { byName[name] }

  /// The weights of that name, made if they are not there yet.
  func parameter(
    _ name: String, _ shape: [Int], _ initialization: Initialization
  ) -> Parameter {
    if let known = byName[name] { return known }
    let parameter = Parameter(name: name, shape: shape, initialization: initialization)
    all.append(parameter)
    byName[name] = parameter
    return parameter
  }
}
