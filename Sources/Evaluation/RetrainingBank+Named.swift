import Foundation
import Influence
import Storage
import Runs

extension RetrainingBank {
  /// A run's bank `Checkpoints/RUN/NAME.h5`, read once and checked against what the run is now.
  ///
  /// - Parameters:
  ///   - designs: those that will do; the first is what is recommended where there is none.
  ///   - read: reads a bank and checks every byte.
  /// - Throws: `EvaluationError.noBank`, `.noBankOfDesign`, `.otherDesign`;
  ///   `StorageError.fingerprintMismatch` naming the field.
  public static func named(
    _ name: String, of influence: RunInfluence, designs: [SubsetDesign.Kind],
    read: (String) throws -> RetrainingBank = { try RetrainingBank($0) }
  ) throws -> RetrainingBank {
    let run = influence.run
    let path = RetrainingJob.path(run, bank: name)
    let design = designs.first ?? .random
    let command =
      design == .sameRun
      ? "ascribe retrain \(run.name) ‹sameRun›"
      : design == .random
        ? "ascribe retrain \(run.name) ‹subsets: 50› ‹fraction: 0.5› ‹seeds: 3›"
        : "ascribe retrain \(run.name) ‹design: \(design.rawValue)›"
    guard try AtomicFile.isThere(path) else {
      // Without a network there is nothing to retrain.
      _ = try run.network
      throw design == .random
        ? EvaluationError.noBank(path: path, run: run.name)
        : .noBankOfDesign(design: design.rawValue, path: path, command: command)
    }
    let bank = try read(path)
    guard designs.contains(bank.design.kind) else {
      throw EvaluationError.otherDesign(
        found: bank.design.kind.rawValue,
        wanted: designs.map(\.rawValue).joined(separator: " or "), path: path, command: command)
    }
    let job = RetrainingJob(
      run, data: influence.data, design: bank.design, seeds: bank.seeds,
      keepsTokens: bank.keepsTokens)
    try Fingerprint.requireEqual(
      expected: try job.fingerprint(), found: bank.fingerprint, file: path)
    return bank
  }
}

extension SubsetDesign.Kind {
  /// The name that a design's bank has unless told otherwise.
  public var bankName: String {
    switch self {
    case .random, .list: "bank"
    case .leaveOneOut, .removal, .brittleness, .pruning, .sameRun: rawValue
    }
  }

  /// The name asked for, which is that of a file in the run's folder, or the standard one.
  ///
  /// - Throws: `EvaluationError.request` for what is no name.
  public func bankName(_ asked: String?) throws(EvaluationError) -> String {
    guard let asked else { return bankName }
    guard RunConfiguration.isName(asked) else {
      throw .request(
        problem: "‹bank› takes a name of letters, digits, -, _ and ., without a folder, "
          + "not '\(asked)'", field: "‹bank›", remedy: "for instance ‹bank: \(bankName)›")
    }
    return asked
  }
}
