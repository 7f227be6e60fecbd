// Letters: C outputs.
import Datasets
import Gradients
import Networks
import Runs

/// Makes a run of files of factors that another program wrote.
public struct FactorImport {
  private let name: String
  private let train: String
  private let test: String?
  private let checkpointsFolder: String
  /// Whether a run of the same name is replaced.
  public var overwrites = false
  /// Hears of files that are worthless without the run that is replaced.
  public var progress: any TrainingProgress = SilentProgress()

  /// An import.
  ///
  /// - Parameters:
  ///   - train: the HDF5 file of the training examples' gradients.
  ///   - test: that of the queries'; nil: none can be asked about.
  public init(name: String, train: String, test: String?, checkpointsFolder: String) {
    (self.name, self.train, self.test) = (name, train, test)
    self.checkpointsFolder = checkpointsFolder
  }

  /// Checks the files, seals copies of them in the run's folder and records the run.
  ///
  /// - Throws: as `FactorFile.seal`; `GradientError.otherFactors` for files of different models;
  ///   `RunError.otherRun` when a run of this name exists.
  public func run() throws -> Run {
    let sources = [("train", train)] + (test.map { [("test", $0)] } ?? [])
    let run = try ForeignRun(
      name: name, checkpointsFolder: checkpointsFolder, overwrites: overwrites,
      progress: progress)
    return try run.make(parts: sources.map(\.0)) { part, path in
      for (own, source) in sources where own == part {
        try FactorFile.seal(source, to: path, model: name)
      }
    } facts: { paths in
      let factors = try StoredFactors(try paths.map { try FactorFile($0) })
      let data = factors.splitData
      return ForeignRun.Facts(
        loss: data.train.classes == nil ? .squaredError : .crossEntropy,
        outputCount: factors.outputCount,
        layers: factors.layout.layers.map {
          RunRecord.ParameterRecord(
            name: $0.name, shape: [$0.outputs] + ($0.inputs.map { [$0] } ?? []))
        }, data: data)
    }
  }
}

extension StoredFactors {
  /// The examples of the first file as training set, those of the second as test set.
  fileprivate var splitData: SplitData {
    let train = files[0].data
    return SplitData(
      train: train, test: files.count > 1 ? files[1].data : train.subset([]), normalisation: .none)
  }
}

extension Run {
  /// The gradients from elsewhere that the run was made of, with its examples.
  ///
  /// - Throws: `StorageError` for files that are gone or damaged; `RunError.dataChanged` for
  ///   those of another import.
  package func storedFactors() throws -> (StoredFactors, SplitData) {
    let hasTest = (record.exampleCounts["test"] ?? 0) > 0
    let files = try (["train"] + (hasTest ? ["test"] : [])).map {
      try FactorFile(factorsPath($0))
    }
    let factors = try StoredFactors(files)
    let data = factors.splitData
    for (part, set) in [("train", data.train), ("test", data.test)] {
      let found = "\(set.contentHash)"
      guard found == record.dataHashes[part] else {
        throw RunError.dataChanged(
          part: part, recorded: record.dataHashes[part] ?? "none", found: found, run: name)
      }
    }
    return (factors, data)
  }
}
