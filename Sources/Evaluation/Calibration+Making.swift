// Letters: n training examples, m test examples, M subsets, S seeds.
import Checkpoints
import Datasets
import Foundation
import Influence
import Storage
import Tensors
import Training

extension Calibration.Options {
  /// The choices behind a run's scores.
  public init(_ scorer: Ensemble, of influence: RunInfluence) {
    method = scorer.options.method.name
    outputFunction = scorer.options.outputFunction.rawValue
    exampleWeight = scorer.options.exampleWeight.description
    damping =
      "\(scorer.options.damping) \(scorer.options.dampingProfile.rawValue)"
    checkpoints = scorer.checkpointNames
    kernel = scorer.kernelName
    trainHash = "\(influence.data.train.contentHash)"
    testHash = "\(influence.data.test.contentHash)"
  }

  /// Names of the choices that differ.
  public func differences(from other: Calibration.Options) -> [String] {
    [
      ("method", method == other.method),
      ("output function", outputFunction == other.outputFunction),
      ("example weight", exampleWeight == other.exampleWeight),
      ("damping", damping == other.damping), ("checkpoints", checkpoints == other.checkpoints),
      ("kernel", kernel == other.kernel), ("training data", trainHash == other.trainHash),
      ("test data", testHash == other.testHash),
    ].filter { !$0.1 }.map(\.0)
  }

  /// The file's name: the method and a hash of all choices.
  public var fileName: String {
    let fields = [
      method, outputFunction, exampleWeight, damping, checkpoints.joined(separator: ","), kernel,
      trainHash, testHash,
    ]
    let digest = "\(SHA256.digest(of: Array(fields.joined(separator: "\n").utf8)))"
    return Run.calibrationName("\(method)-\(digest.suffix(12))")
  }
}

extension Calibration {
  /// Fits a run's scores to one of its banks.
  ///
  /// - Parameter bankName: the bank `Checkpoints/RUN/NAME.h5`.
  /// - Throws: `EvaluationError.noBank`, `.tooFewSubsets`, `StorageError.fingerprintMismatch`.
  public init(_ scorer: Ensemble, bank bankName: String, of influence: RunInfluence) throws {
    let bank = try RetrainingBank.named(bankName, of: influence)
    let test = influence.data.test
    let outputs = bank.outputs(scorer.options.outputFunction, of: test)
    try self.init(
      Options(scorer, of: influence),
      Bank(
        name: bankName, subsets: bank.design.subsets, fraction: bank.design.fraction,
        seeds: bank.seeds, subsetSeed: bank.design.seed),
      ids: test.ids, scores: try scorer.scores(test),
      meanScores: try scorer.scores(test, mean: true), masks: bank.masks, outputs: outputs)
  }

  /// Fits scores to observed outputs.
  ///
  /// - Parameters:
  ///   - ids: of the m queries.
  ///   - scores: m × n.
  ///   - meanScores: 1 × n, the scores of the mean query.
  ///   - masks: M × n.
  ///   - outputs: S matrices of M × m.
  public init(
    _ options: Options, _ bank: Bank, ids: [ExampleID], scores: Matrix<Float>,
    meanScores: Matrix<Float>, masks: Matrix<Float>, outputs: [Matrix<Float>]
  ) throws {
    let fit = try CalibrationFit(scores: scores, masks: masks, outputs: outputs)
    // The mean query is of another kind than one example: its line is its own.
    let whole = try CalibrationFit(
      scores: meanScores, masks: masks, outputs: outputs.map(\.meanOfColumns),
      evenShare: fit.evenShare)
    func query(_ fit: CalibrationFit, _ row: Int, _ id: ExampleID) -> Query {
      Query(
        id: id, slope: fit.slopes[row].slope, slopeError: fit.slopes[row].error,
        scoredVariance: fit.variances[row].scored, evenVariance: fit.variances[row].even,
        residualSpread: fit.residualSpreads[row], seedSpread: fit.seedSpreads?[row])
    }
    self.init(
      options: options, bank: bank, correlation: fit.correlation,
      correlationError: fit.correlationError, heldOut: fit.heldOut, evenShare: fit.evenShare,
      errorShare: fit.errorShare,
      queries: ids.indices.map { query(fit, $0, ids[$0]) } + [query(whole, 0, .name("all"))])
  }

  /// Keeps it in the run's folder; returns the path.
  public func save(in folder: String) throws -> String {
    let path = "\(folder)/\(options.fileName)"
    try SealedJSON.write(self, to: path)
    return path
  }

  /// Reads a calibration, every byte checked.
  ///
  /// - Throws: `EvaluationError.calibrationChanged`; `StorageError.system`.
  public init(reading path: String) throws {
    do {
      self = try SealedJSON.read(Calibration.self, from: path)
    } catch let error as CheckpointError {
      throw EvaluationError.calibrationChanged(
        problem: error.what.hasSuffix(".") ? String(error.what.dropLast()) : error.what, file: path)
    }
  }

  /// What a run's folder has for a choice of options.
  public enum Found: Sendable {
    /// A calibration of these options.
    case matching(Calibration, path: String)
    /// Only calibrations of other options: the nearest, and the names of what differs.
    case other(path: String, differences: [String])
    /// None.
    case none
  }

  /// Looks for a calibration.
  ///
  /// - Throws: `EvaluationError.calibrationChanged` for a damaged file.
  public static func find(_ options: Options, in folder: String) throws -> Found {
    let path = "\(folder)/\(options.fileName)"
    if FileManager.default.fileExists(atPath: path) {
      let found = try Calibration(reading: path)
      if found.options == options { return .matching(found, path: path) }
    }
    let others = Run.calibrations(in: folder).compactMap { path -> (String, [String])? in
      guard let other = try? Calibration(reading: path) else { return nil }
      return (path, options.differences(from: other.options))
    }
    guard let nearest = others.min(by: { $0.1.count < $1.1.count }) else { return .none }
    return .other(path: nearest.0, differences: nearest.1)
  }
}

extension Matrix where Scalar == Float {
  /// The mean over columns of every row, rows × 1.
  fileprivate var meanOfColumns: Matrix<Float> {
    let result = Matrix<Float>(uninitialized: rows, 1)
    for row in 0..<rows {
      var sum = 0.0
      for column in 0..<columns { sum += Double(storage.base[row * columns + column]) }
      result.storage.base[row] = Float(sum / Double(Swift.max(1, columns)))
    }
    return result
  }
}
