// Letters: n training examples, S signals.
import Checkpoints
import Networks
import Storage
import Tensors

/// What a killed training needs to go on: the state and the signals so far.
///
///     resume/state.safetensors               parameters, optimizer buffers; epoch and step
///     resume/signals-000010.safetensors      the epochs since the file before it, up to 10
///
/// All sealed and written as a whole or not at all, the signals before the state: whatever moment
/// the process dies at, the state and all signals up to its epoch are there.
package struct ResumeState {
  package let folder: String
  private let trainer: Trainer

  package init(folder: String, trainer: Trainer) { (self.folder, self.trainer) = (folder, trainer) }

  private var stateFile: String { folder + "/state.safetensors" }

  private func signalsFile(through epoch: Int) -> String {
    let digits = String(epoch)
    let zeros = String(repeating: "0", count: max(0, 6 - digits.count))
    return "\(folder)/signals-\(zeros)\(digits).safetensors"
  }

  /// Saves a state at the end of an epoch, and the signals of the epochs after `saved`.
  package func save(_ state: TrainingState, signals: [EpochSignals], after saved: Int) throws {
    precondition(signals.count == state.epoch, "\(signals.count) epochs of \(state.epoch)")
    try makeFolder(folder)
    try SafetensorsFile.write(
      (saved..<state.epoch).map { ("\($0 + 1)", signals[$0].values) },
      to: signalsFile(through: state.epoch))
    try state.write(to: stateFile)
  }

  /// The state to go on from, with the signals of all its epochs; nil when nothing was saved.
  ///
  /// Signals beyond the state, saved just before a kill, are deleted.
  /// - Throws: `CheckpointError` for files that changed or do not fit.
  package func load() throws -> (state: TrainingState, signals: [EpochSignals])? {
    guard fileExists(stateFile) else {
      try removeIfPresent(folder)
      return nil
    }
    var state = trainer.initialState()
    try state.read(from: stateFile)
    return (state, try loadSignals(epochs: state.epoch))
  }

  private func loadSignals(epochs: Int) throws -> [EpochSignals] {
    let shape = [ExampleSignal.signals(of: trainer.loss).count, trainer.count]
    var signals: [EpochSignals] = []
    for name in names(in: folder) where name.hasPrefix("signals-") {
      let path = "\(folder)/\(name)"
      let through = Int(name.dropFirst("signals-".count).prefix { $0.isNumber }) ?? .max
      if through > epochs {
        try removeIfPresent(path)
        continue
      }
      let file = try SafetensorsFile(reading: path)
      while signals.count < through {
        let values = try file.tensor("\(signals.count + 1)", shape: shape)
        signals.append(EpochSignals(loss: trainer.loss, values: values))
      }
    }
    guard signals.count == epochs else {
      throw CheckpointError.missingTensor(
        name: "\(signals.count + 1)", present: signals.indices.map { "\($0 + 1)" }, file: folder)
    }
    return signals
  }

  /// Deletes everything.
  package func remove() throws { try removeIfPresent(folder) }
}
