// Letters: n training examples, m queries, C targets.
import Storage
import Synchronization
import Tensors

/// The dual form with its factor in a file: n-vectors in memory, a solve streams the file.
///
/// What the file lacks, or a damaged file, is made again from the kernel.
final class KeptRidge: RidgeModel {
  let report: DampingReport
  let scales: [Double]?
  private let kept: KeptFactor
  private let isZero: [Bool]
  private let remake: @Sendable () throws -> DualRidge
  private let remade = Once<DualRidge>()

  init(
    _ kept: KeptFactor, diagnoses: Bool, isZero: [Bool],
    remake: @escaping @Sendable () throws -> DualRidge
  ) {
    self.kept = kept
    report = diagnoses ? kept.contents.damping : kept.contents.damping.brief
    scales = kept.contents.scales
    self.isZero = isZero
    self.remake = remake
  }

  var byteCount: Int { 8 * kept.order * 3 }
  var notes: [String] { [] }

  func solve(_ rows: Matrix<Float>) throws -> any TrainingProducts {
    do {
      return HeldProducts(try kept.solve(rows: rows))
    } catch is StorageError {
      return try remade(remake).solve(rows)
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
    } catch is StorageError {
      return try remade(remake).leaveOneOutResiduals(targets: targets)
    }
    var result = alpha.transposed
    for i in 0..<result.rows { for c in 0..<result.columns { result[i, c] /= inverse[i] } }
    return result
  }

  func groupResiduals(_ group: [Int], dual: Matrix<Double>) throws -> Matrix<Double> {
    try residualsOfGroup(group, dual: dual, order: kept.order) { try kept.solve(rows: $0) }
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
    _ choice: DampingChoice, isZero: [Bool], remake: @escaping @Sendable () throws -> DualRidge
  ) throws -> (any RidgeModel)? {
    guard let kept = folder.factor(label, fingerprint(choice)).factor, kept.order == isZero.count
    else { return nil }
    if choice.needsDiagonal && kept.contents.inverseDiagonal == nil { return nil }
    return KeptRidge(kept, diagnoses: choice.diagnoses, isZero: isZero, remake: remake)
  }

  func keep(_ made: DualRidge, _ choice: DampingChoice) -> String? {
    let contents = KeptFactor.Contents(
      damping: made.report, scales: choice.scales,
      inverseDiagonal: choice.needsDiagonal ? made.inverseDiagonal() : nil)
    switch folder.keep(
      made.ridge.factor, contents, label: label, fingerprint: fingerprint(choice))
    {
    case .kept: return nil
    case .notKept(let reason): return "the factor of \(label) is not kept: \(reason)"
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
