// Letters: E epochs, n training examples.
import Datasets
import Networks
import Storage
import Tensors

/// The signals of every training example in every epoch: how it was learnt.
///
/// Values as the example was visited: before its step, with dropout on. See `ExampleSignal`.
public struct Dynamics: Sendable {
  /// The training examples, in the order of the columns.
  public let ids: [ExampleID]
  /// Number E of epochs; row e is epoch e + 1.
  public let epochs: Int
  /// E × n by signal; those that the loss does not have are missing.
  public let values: [ExampleSignal: Matrix<Float>]

  /// One signal, E × n; nil when the loss does not have it.
  public subscript(signal: ExampleSignal) -> Matrix<Float>? { values[signal] }

  /// The signals of the epochs of one training.
  package init(_ epochs: [EpochSignals], ids: [ExampleID]) {
    self.ids = ids
    self.epochs = epochs.count
    var values: [ExampleSignal: Matrix<Float>] = [:]
    for (row, signal) in (epochs.first?.signals ?? []).enumerated() {
      let matrix = Matrix<Float>(uninitialized: epochs.count, ids.count)
      for (index, epoch) in epochs.enumerated() {
        (matrix.storage.base + index * ids.count).update(
          from: epoch.values.storage.base + row * ids.count, count: ids.count)
      }
      values[signal] = matrix
    }
    self.values = values
  }

  /// The version of the file format.
  static let version = 1

  /// Writes `dynamics.h5`: a dataset E × n for each signal, and `ids`.
  package func write(to path: String, seed: UInt64, trainHash: String) throws {
    let writer = try SealedFileWriter(path)
    let file = writer.hdf5
    try file.setAttribute("format", .text("ascribe dynamics"))
    try file.setAttribute("formatVersion", .integer(Int64(Dynamics.version)))
    try file.setAttribute("engineVersion", .text(Engine.version))
    try file.setAttribute("seed", .integer(Int64(clamping: seed)))
    try file.setAttribute("trainDataHash", .text(trainHash))
    try file.write(ids.map(\.description), to: "ids")
    for signal in ExampleSignal.allCases {
      guard let matrix = values[signal] else { continue }
      if signal == .correct {
        try writer.writeRows(
          matrix.elements.map { UInt8($0) }, shape: [epochs, ids.count], to: signal.rawValue)
      } else {
        try writer.writeRows(
          matrix.elements, shape: [epochs, ids.count], to: signal.rawValue)
      }
    }
    try writer.finish()
  }

  /// Reads and verifies `dynamics.h5`.
  ///
  /// - Throws: `StorageError` for every byte that changed.
  package init(reading path: String) throws {
    let file = try SealedFile(path)
    try file.verify()
    try requireVersion(Dynamics.version, in: "formatVersion", of: file.hdf5)
    ids = try file.hdf5.dataset("ids").readStrings().map { ExampleID($0) }
    var values: [ExampleSignal: Matrix<Float>] = [:]
    for signal in ExampleSignal.allCases where file.hdf5.contains(signal.rawValue) {
      let dataset = try file.hdf5.dataset(signal.rawValue)
      guard dataset.shape.count == 2, dataset.shape[1] == ids.count else {
        throw StorageError.wrongShape(
          name: signal.rawValue, expected: [dataset.rowCount, ids.count], found: dataset.shape,
          file: path)
      }
      values[signal] = Matrix(
        try dataset.read(Float.self), rows: dataset.shape[0], columns: ids.count)
    }
    self.values = values
    epochs = values[.loss]?.rows ?? 0
  }
}
