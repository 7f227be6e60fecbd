// Letters: M masks, d components, Q queries, α the share of components that random masks take away.
import Datasets
import Storage
import Synchronization
import Tensors

/// What an estimate of components is made from: queries, masks, and banks of what came out.
///
/// Banks are kept under the run's folder of projections by what they are made from, so that
/// estimates share them and a job that was killed goes on.
public final class ComponentStudy: Sendable {
  /// What is evaluated.
  public let outputs: MaskedOutputs
  /// α.
  public let share: Double
  /// How many masks estimates may take.
  public let preset: ComponentPreset
  /// Of the masks.
  public let seed: UInt64
  /// Where progress is reported to.
  let control: JobControl
  private let folder: String
  private let identity: Fingerprint

  /// What the study's answers follow from.
  public var fingerprint: Fingerprint {
    AblationBankJob(
      outputs, masks: Matrix(uninitialized: 0, count), seed: seed, identity: identity
    ).fingerprint
  }
  private let state = Mutex<(passes: Int, paths: [String])>((0, []))

  /// - Parameters:
  ///   - share: α, in (0, 1).
  ///   - identity: fields of the run that banks follow from.
  ///   - folder: where banks are kept.
  /// - Throws: `ComponentError.request` for a share outside (0, 1).
  public init(
    _ outputs: MaskedOutputs, share: Double = ComponentStudy.standardShare,
    preset: ComponentPreset = .standard, seed: UInt64 = 0, identity: Fingerprint, folder: String,
    control: JobControl = .silent
  ) throws(ComponentError) {
    guard share > 0, share < 1 else {
      throw .request(
        problem: "a share of \(share) is not between 0 and 1", field: "‹alpha›",
        remedy: "the part of the components that a mask takes away, for instance ‹alpha: 0.05›")
    }
    (self.outputs, self.share, self.preset, self.seed) = (outputs, share, preset, seed)
    (self.identity, self.folder, self.control) = (identity, folder, control)
  }

  /// α unless told otherwise.
  public static let standardShare = 0.05

  /// The components.
  public var components: ComponentSet { outputs.components }
  /// Number of components d.
  public var count: Int { components.count }

  /// Masked forward passes of a query so far, one with gradients counted as three; those of banks
  /// that were there already count, too.
  public var passes: Int { state.withLock { $0.passes } }

  /// The same study of a network without some components, for the banks of what is left.
  public func without(_ places: [Int]) throws -> ComponentStudy {
    try ComponentStudy(
      outputs.without(places), share: share, preset: preset, seed: seed, identity: identity,
      folder: folder, control: control)
  }

  /// Adds passes of every query that no bank is made of.
  func count(passes: Int) { state.withLock { $0.passes += passes } }

  /// The banks that were asked for, in order.
  public var paths: [String] { state.withLock { $0.paths } }

  /// Outputs under some masks, from the bank that is there or is made.
  ///
  /// - Parameters:
  ///   - use: what the masks are for: the first word of the file's name.
  ///   - counts: whether its passes count as the estimate's.
  /// - Throws: errors of files; `JobCancelled`.
  public func bank(
    _ use: String, _ masks: Matrix<Float>, takesGradients: Bool = false, counts: Bool = true
  ) throws -> AblationBank {
    let job = AblationBankJob(
      outputs, masks: masks, takesGradients: takesGradients, seed: seed, identity: identity)
    try AtomicFile.makeFolder(folder)
    let path = "\(folder)/\(job.fileName(use))"
    let bank: AblationBank
    do {
      bank = try job.run(
        to: path, control: control, stage: control.stage("masked passes: \(use)", unit: "passes"))
    } catch StorageError.fingerprintMismatch(let field, let expected, let found, let file) {
      throw ComponentError.otherBank(field: field, expected: expected, found: found, file: file)
    }
    state.withLock {
      if counts { $0.passes += job.passes }
      $0.paths.append(path)
    }
    return bank
  }

  /// Random masks of the study's α.
  func masks(_ count: Int, for use: MaskDesign.Use) -> Matrix<Float> {
    MaskDesign.random(components, share: share, count: count, seed: seed, for: use)
  }
}
