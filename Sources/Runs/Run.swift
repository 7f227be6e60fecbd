import Checkpoints
import Configuration
import Datasets
import Foundation
import Models
import Networks
import Storage
import SystemPackage
import Tensors
import Training

/// A trained run on disk: configuration, network, data, checkpoints, dynamics.
public struct Run: Sendable {
  /// `Checkpoints/NAME`.
  public let folder: String
  /// `run.json`.
  public let record: RunRecord
  private let ownNetwork: Network?
  /// Where the paths of the run file begin now; nil: where they did when the run was made.
  private let dataFolder: String?

  /// The network, without weights.
  ///
  /// - Throws: `RunError.noNetwork` for gradients from elsewhere.
  public var network: Network {
    get throws(RunError) {
      guard let ownNetwork else { throw .noNetwork(run: name) }
      return ownNetwork
    }
  }

  /// Opens a run by name, or by the path of its folder.
  ///
  /// - Parameter dataFolder: where the paths of the run file begin now, for a run or data that was
  ///   moved; nil: where they did when the run was made.
  /// - Throws: `RunError.noRun` with the names that exist; `StorageError.system` for folders that
  ///   may not be read; `CheckpointError.changed`.
  public static func open(
    _ nameOrPath: String, checkpointsFolder: String = "Checkpoints", dataFolder: String? = nil
  ) throws -> Run {
    let candidates =
      RunConfiguration.isName(nameOrPath)
      ? ["\(checkpointsFolder)/\(nameOrPath)", nameOrPath] : [nameOrPath]
    for candidate in candidates {
      guard try isRun(candidate) else { continue }
      return try Run(folder: FilePath(candidate).string, dataFolder: dataFolder)
    }
    throw RunError.noRun(
      name: nameOrPath, folder: checkpointsFolder,
      known: try !isFolder(checkpointsFolder)
        ? []
        : AtomicFile.names(in: checkpointsFolder).filter {
          fileExists("\(checkpointsFolder)/\($0)/run.json")
        })
  }

  /// Whether a folder holds a run.
  ///
  /// - Throws: `StorageError.system` naming the folder when it may not be looked into.
  private static func isRun(_ folder: String) throws(StorageError) -> Bool {
    do throws(StorageError) {
      return try AtomicFile.isThere(folder + "/run.json")
    } catch {
      guard case .system(_, _, let code) = error else { throw error }
      throw .system(operation: "look into the folder", path: folder, code: code)
    }
  }

  /// Opens the run in a folder.
  init(folder: String, dataFolder: String? = nil) throws {
    self.folder = folder
    self.dataFolder = dataFolder
    record = try RunRecord.read(folder + "/run.json")
    guard record.status != .foreign else {
      ownNetwork = nil
      return
    }
    let map = try Run.map(record, folder)
    let model = try ModelConfiguration(from: map.map("model"))
    try model.requireInputs(record.inputShape, outputs: record.outputCount)
    let network = try RunConfiguration.network(
      model, adapters: RunConfiguration.adapters(from: map),
      freeze: map.map(ifPresent: "training")?.strings(ifPresent: "freeze").map {
        LayerPatterns($0)
      },
      inputShape: record.inputShape, outputs: record.outputCount)
    let found = network.parameters.map {
      RunRecord.ParameterRecord(name: $0.name, shape: $0.shape)
    }
    guard found == record.parameters else {
      throw CheckpointError.mismatch(
        field: "the network's parameters",
        recorded: record.parameters.map(\.name).joined(separator: ", "),
        found: found.map(\.name).joined(separator: ", "), file: folder + "/run.json")
    }
    ownNetwork = network
  }

  private static func map(_ record: RunRecord, _ folder: String) throws -> ConfigurationMap {
    guard case .map(let values) = record.configuration else {
      throw CheckpointError.unreadableProvenance(
        problem: "configuration is not a mapping", file: folder + "/run.json")
    }
    return ConfigurationMap(values, file: folder + "/run.json")
  }

  /// The `model` of the run file, defaults written out.
  func modelMap() throws -> ConfigurationMap { try Run.map(record, folder).map("model") }

  /// The `defaults` of the run file; nil without.
  public func defaults() throws -> ConfigurationMap? {
    guard case .map(let values) = record.configuration["defaults"] else { return nil }
    return ConfigurationMap(values, file: "defaults of the run \(name)")
  }

  /// The run's name.
  public var name: String { record.name }

  /// The run file as it was, with paths that begin at the run's folder.
  ///
  /// - Throws: `ConfigurationError` when this version no longer reads it; `RunError.noNetwork`.
  public func configuration() throws -> RunConfiguration {
    _ = try network
    return try RunConfiguration(
      from: try Run.map(record, folder),
      relativeTo: dataFolder.map { $0 + "/" } ?? "\(folder)/\(record.dataFolder)/",
      requiresTraining: record.status != .imported)
  }

  /// How the run was trained, to train others like it.
  ///
  /// - Throws: `RunError.noTraining` for imported weights whose run file does not say it.
  public func training() throws -> TrainingConfiguration {
    let configuration = try configuration()
    guard configuration.hasTraining else { throw RunError.noTraining(run: name) }
    return configuration.training
  }

  /// The loss.
  public var loss: Loss { record.loss }

  /// The seeds.
  public var seeds: [UInt64] { record.seeds }

  /// Whether all seeds are trained.
  public var isFinished: Bool { record.status != .running }
  /// Whether it was trained here to its end, so that its dynamics tell of every epoch.
  public var hasWholeDynamics: Bool { record.status == .finished }
  /// Whether gradients came from elsewhere, and there is no network.
  public var isForeign: Bool { record.status == .foreign }

  /// Where the gradients from elsewhere of a part of the data are, `train` or `test`.
  public func factorsPath(_ part: String) -> String { RunFolder(path: folder).factors(part) }

  /// Where the run's gradient stores are: `Projections/NAME` beside `Checkpoints`, by the name of the
  /// run's folder.
  public var projectionsFolder: String { RunFolder(path: folder).projections }
  /// Where banks of ablations are: outputs while parts of the network are taken away.
  public var componentsFolder: String { RunFolder(path: folder).components }

  /// The name of the folder when it is another than the run's: a copy, or renamed; else nil.
  public var otherFolderName: String? {
    let own = FilePath(folder).absolute.name
    return own == name ? nil : own
  }

  /// Reads the data again and checks that it is what the run was trained on.
  ///
  /// - Parameter describing: whether is described how the files were read.
  /// - Returns: the training examples used (a subset's, when the run has one) and the test
  ///   examples, on the scale of the run.
  /// - Throws: `RunError.dataChanged` naming train, test or tokenizer (exit code 4), `.dataMoved` for
  ///   files that are not there; errors of the files.
  public func loadData(describing: Bool = false) throws -> SplitData {
    var data: SplitData
    do {
      data = try configuration().data.load(describing: describing)
    } catch DatasetError.missingFile(let file) {
      throw RunError.dataMoved(file: file, run: name)
    } catch StorageError.system(_, let file, ENOENT) {
      throw RunError.dataMoved(file: file, run: name)
    }
    if let subset = record.subset {
      let rows = try data.train.rows(of: subset, in: folder + "/run.json")
      data = data.training(on: data.train.subset(rows))
    }
    let tokenizer = data.train.tokenizer?.contentHash?.description
    guard tokenizer == record.tokenizerHash else {
      throw RunError.dataChanged(
        part: "tokenizer", recorded: record.tokenizerHash ?? "none", found: tokenizer ?? "none",
        run: name)
    }
    for (part, set) in [("train", data.train), ("test", data.test)] {
      let found = set.contentHash.description
      guard found == record.dataHashes[part] else {
        throw RunError.dataChanged(
          part: part, recorded: record.dataHashes[part] ?? "none", found: found, run: name)
      }
    }
    return data
  }
}
