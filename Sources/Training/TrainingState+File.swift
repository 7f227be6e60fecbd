// Letters: p parameters.
import Checkpoints
import Tensors

/// A state as a file: a sealed safetensors file with `parameters` and the optimizer's buffers, each
/// of p values; epoch and step in its metadata. Resumption and replay keep states this way.
extension TrainingState {
  /// Writes the state, as a whole or not at all.
  ///
  /// - Parameter metadata: texts beside `epoch` and `step`.
  /// - Throws: `StorageError.system`.
  package func write(to path: String, metadata: [String: String] = [:]) throws {
    try SafetensorsFile.write(
      [("parameters", parameters)] + optimizer.buffers,
      metadata: metadata.merging(["epoch": "\(epoch)", "step": "\(step)"]) { $1 }, to: path)
  }

  /// Takes up the state of a file in place of this one, which is of the same training.
  ///
  /// - Returns: the file's texts, `epoch` and `step` among them.
  /// - Throws: `CheckpointError` for files that changed or do not fit; then nothing was taken up.
  @discardableResult
  package mutating func read(from path: String) throws -> [String: String] {
    let file = try SafetensorsFile(reading: path)
    guard let epoch = file.metadata["epoch"].flatMap({ Int($0) }),
      let step = file.metadata["step"].flatMap({ Int($0) }), epoch >= 0, step >= 0
    else {
      throw CheckpointError.badEntry(
        name: "__metadata__", problem: "has no epoch and step", file: path)
    }
    var state = self
    state.parameters = try file.tensor("parameters", shape: parameters.shape)
    for (index, buffer) in optimizer.buffers.enumerated() {
      state.optimizer.buffers[index].value = try file.tensor(
        buffer.name, shape: buffer.value.shape)
    }
    (state.epoch, state.step) = (epoch, step)
    self = state
    return file.metadata
  }
}

extension SafetensorsFile {
  /// One tensor by name, of a given shape.
  ///
  /// - Throws: `CheckpointError.missingTensor`, `.wrongShape`, `.unsupportedType`.
  func tensor(_ name: String, shape: [Int]) throws(CheckpointError) -> Tensor {
    let tensor = try tensor(name)
    guard tensor.shape == shape else {
      throw .wrongShape(name: name, expected: shape, found: tensor.shape, file: path)
    }
    return tensor
  }
}
