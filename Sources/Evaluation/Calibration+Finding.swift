import Checkpoints
import Foundation
import Runs
import Storage

extension Calibration {
  /// Keeps it in the run's folder; returns the path.
  public func save(in folder: String) throws -> String {
    let path = "\(folder)/\(options.fileName)"
    try SealedJSON.write(self, to: path)
    return path
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
  /// One that was fitted to a bank of which the folder has another now fits no longer; a bank that
  /// is gone was no worse for it.
  ///
  /// - Throws: `EvaluationError.calibrationChanged`.
  public static func find(_ options: Options, in folder: String) throws -> Found {
    let path = "\(folder)/\(options.fileName)"
    if FileManager.default.fileExists(atPath: path) {
      let found = try Calibration(reading: path)
      if found.options == options {
        return found.hasItsBank(in: folder)
          ? .matching(found, path: path) : .other(path: path, differences: ["bank"])
      }
    }
    let others = Run.calibrations(in: folder).compactMap { path -> (String, [String])? in
      guard let other = try? Calibration(reading: path) else { return nil }
      return (path, options.differences(from: other.options))
    }
    guard let nearest = others.min(by: { $0.1.count < $1.1.count }) else { return .none }
    return .other(path: nearest.0, differences: nearest.1)
  }

  /// Reads a calibration and checks every byte.
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

  private func hasItsBank(in folder: String) -> Bool {
    let path = "\(folder)/\(bank.name).h5"
    guard let digest = bank.digest, FileManager.default.fileExists(atPath: path) else {
      return true
    }
    return (try? SealedFile(path))?.digest.description == digest
  }
}
