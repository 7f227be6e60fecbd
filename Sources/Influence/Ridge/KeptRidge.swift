// Letters: n training examples, m queries, C targets.
import Foundation
import Storage
import Synchronization
import Tensors

/// The dual form with its factor in a file: n-vectors in memory, a solve streams the file.
///
/// What the file lacks is made again from the kernel; so is a damaged file, which is said, and
/// replaced.
final class KeptRidge: RidgeModel {
  let report: DampingReport
  let scales: [Double]?
  private let kept: KeptFactor
  private let isZero: [Bool]
  private let remake: @Sendable () throws -> DualRidge
  private let replace: @Sendable (DualRidge) -> String?
  private let remade = Once<DualRidge>()
  private let said: Mutex<[String]>
  private let isReplaced = Mutex(false)

  /// - Parameter replace: keeps another model in the file's place, else says why not.
  init(
    _ kept: KeptFactor, diagnoses: Bool, isZero: [Bool], notes: [String] = [],
    remake: @escaping @Sendable () throws -> DualRidge,
    replace: @escaping @Sendable (DualRidge) -> String?
  ) {
    said = Mutex(notes)
    self.replace = replace
    self.kept = kept
    report = diagnoses ? kept.contents.damping : kept.contents.damping.brief
    scales = kept.contents.scales
    self.isZero = isZero
    self.remake = remake
  }

  var byteCount: Int { 8 * kept.order * 3 }
  var notes: [String] { said.withLock { $0 } }

  /// The model in place of a file that cannot be read.
  private func instead(_ error: StorageError) throws -> DualRidge {
    let made = try remade(remake)
    isReplaced.withLock { isReplaced in
      if isReplaced { return }
      isReplaced = true
      let note = replace(made)
      said.withLock {
        $0.append("\(kept.path) is of no use (\(error.what)): it is made again")
        if let note { $0.append(note) }
      }
    }
    return made
  }

  func solve(_ rows: Matrix<Float>) throws -> any TrainingProducts {
    do {
      return HeldProducts(try kept.solve(rows: rows))
    } catch let error as StorageError {
      return try instead(error).solve(rows)
    }
  }

  func inverseDiagonal() throws -> [Double] {
    try kept.contents.inverseDiagonal ?? remade(remake).inverseDiagonal()
  }

  func leverages() throws -> [Double] {
    leverages(
      inverseDiagonal: try inverseDiagonal(), damping: report.damping, scales: scales,
      isZero: isZero)
  }

  func leaveOneOutResiduals(targets: Matrix<Double>) throws -> Matrix<Double> {
    let inverse = try inverseDiagonal()
    let alpha: Matrix<Double>
    do {
      alpha = try kept.solve(rows: targets.transposed)
    } catch let error as StorageError {
      return try instead(error).leaveOneOutResiduals(targets: targets)
    }
    var result = alpha.transposed
    for i in 0..<result.rows { for c in 0..<result.columns { result[i, c] /= inverse[i] } }
    return result
  }

  func groupResiduals(_ group: [Int], dual: Matrix<Double>) throws -> Matrix<Double> {
    do {
      return try residualsOfGroup(group, dual: dual, order: kept.order) {
        try kept.solve(rows: $0)
      }
    } catch let error as StorageError {
      return try instead(error).groupResiduals(group, dual: dual)
    }
  }
}

/// Keeps the ridge models of one kernel in a run's folder of factors.
struct FolderKeeper: RidgeKeeper {
  /// Below this many examples a factor is made in less time than it is worth keeping.
  static let leastCount = 8_192

  let folder: FactorFolder
  /// The checkpoint and the target, in the file's name.
  let label: String
  /// The run at the checkpoint.
  let identity: RunIdentity
  let target: KernelTarget

  func ridge(
    _ choice: DampingChoice, isZero: [Bool], notes: [String] = [],
    remake: @escaping @Sendable () throws -> DualRidge
  ) throws -> (any RidgeModel)? {
    guard let kept = folder.factor(label, fingerprint(choice)).factor, kept.order == isZero.count
    else { return nil }
    if choice.needsDiagonal && kept.contents.inverseDiagonal == nil { return nil }
    return KeptRidge(
      kept, diagnoses: choice.diagnoses, isZero: isZero, notes: notes, remake: remake,
      replace: { keep($0, choice) })
  }

  func damage(_ choice: DampingChoice) -> String? {
    let fingerprint = fingerprint(choice)
    let file = folder.file(label, fingerprint)
    guard FileManager.default.fileExists(atPath: file) else { return nil }
    let found = folder.factor(label, fingerprint)
    return found.factor == nil ? found.note : nil
  }

  func keep(_ made: DualRidge, _ choice: DampingChoice) -> String? {
    let contents = KeptFactor.Contents(
      damping: made.report, scales: choice.scales,
      inverseDiagonal: choice.needsDiagonal ? made.inverseDiagonal() : nil)
    switch folder.keep(
      made.ridge.factor, contents, label: label, fingerprint: fingerprint(choice))
    {
    case .kept: return nil
    case .notKept(let reason):
      return KeepingNote.text("the factor of \(label)", reason: reason)
    }
  }

  /// All that a kept factor follows from.
  func fingerprint(_ choice: DampingChoice) -> Fingerprint {
    var fingerprint = identity.fingerprint(of: .factor)
    fingerprint.append("target", target.text)
    fingerprint.append("damping", "\(choice.rule)")
    fingerprint.append(
      "scales", choice.scales.map { $0.withUnsafeBytes { "\(SHA256.digest(of: $0))" } } ?? "1")
    return fingerprint
  }
}

extension KernelTarget {
  /// As fingerprints and file names have it.
  var text: String {
    switch self {
    case .output(let function): function.rawValue
    case .loss: "loss"
    case .jacobian: "trace"
    }
  }
}
