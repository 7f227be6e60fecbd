// Letters: n training examples.
import Gradients
import Networks

/// Exact kernel or features, by counted flops and bytes: the same choice on every machine.
///
/// In this order:
///
/// 1. What was asked for, and a limit that was asked for (`exactLimit`).
/// 2. Where an n × n kernel with its factor takes more than `matrixBytes`, n > 20,000: features, but
///    the exact kernel for a method that has no such matrix when no features are there.
/// 3. The exact kernel where no features are there, below `leastFlops`, and up to `factor` times the
///    flops of the same method on the features that are there; up to `wideFactor` times where an
///    example has at least twice as many features as there are examples.
/// 4. Else features.
///
/// With no features there a method that was asked for is never sent to collect them for speed alone:
/// what the exact kernel takes is said beforehand, with the cheaper commands. Where the method is
/// open, too, jobs collect them first if that pays (`paysToCollect`).
public struct KernelChoice: Sendable, Equatable {
  /// Why.
  public enum Reason: Sendable, Equatable {
    /// It was asked for, or a limit of examples was.
    case asked
    /// The exact kernel's matrix and factor take more than `matrixBytes`.
    case matrix(bytes: Int)
    /// The exact kernel is affordable, or there is nothing else.
    case affordable
    /// The exact kernel takes this many times the flops of the features that are there.
    case dear(times: Double)
  }

  /// Bytes of an exact kernel with its factor: 20,000 examples.
  public static let matrixBytes = 8 * 20_000 * 20_000
  /// Flops below which the exact kernel is taken in any case: a few minutes of one core.
  public static var leastFlops: Double { limits.leastFlops }
  /// How many times the flops of features the exact kernel may take.
  public static let factor = 64.0

  /// The same for features that are twice as many as the examples, whose kernel is close to the exact
  /// one; and of collecting them before a question whose method is open.
  public static var wideFactor: Double { limits.wideFactor }

  /// What a test sets otherwise, to have small problems take the ways of large ones.
  struct Limits: Sendable {
    var leastFlops = 1e13
    var wideFactor = 4.0
    var landmarkBytes = 4 << 30
  }
  @TaskLocal static var limits = Limits()

  /// Whether an open question is better answered on wide features that must be collected first, by
  /// the flops of collecting and of the question on the exact kernel.
  ///
  /// Landmarks, at most one an example, are never wide.
  public static func paysToCollect(
    _ projection: ProjectionChoice, examples: Int, flops: Double, insteadOf exact: Double
  ) -> Bool {
    projection.kind != .landmarks
      && FeatureDualRidge.suits(rows: examples, columns: projection.dimension)
      && exact > leastFlops && exact > wideFactor * flops
  }

  /// The scoring on features that are there.
  public struct Stored: Sendable {
    /// On them.
    public let features: ScoringCost
    /// The same method on the exact kernel.
    public let exact: ScoringCost
    /// Whether an example has at least twice as many features as there are examples.
    public let isWide: Bool

    /// The scoring on features of so many columns.
    public init(_ features: ScoringCost, exact: ScoringCost, examples: Int, columns: Int) {
      (self.features, self.exact) = (features, exact)
      isWide = FeatureDualRidge.suits(rows: examples, columns: columns)
    }
  }

  /// Bytes of the exact kernel of n examples and of its factor.
  public static func bytes(examples: Int) -> Int {
    let (square, overflows) = examples.multipliedReportingOverflow(by: 8 * examples)
    return overflows ? .max : square
  }

  /// Whether scores are of stored features; else of exact kernels.
  public let usesFeatures: Bool
  /// Why.
  public let reason: Reason

  /// The exact kernel, or none at all: nothing was weighed.
  static let exact = KernelChoice(usesFeatures: false, reason: .asked)

  private init(usesFeatures: Bool, reason: Reason) {
    (self.usesFeatures, self.reason) = (usesFeatures, reason)
  }

  /// The choice for a scoring.
  ///
  /// - Parameters:
  ///   - kernel: what was asked for.
  ///   - exactLimit: training examples up to which the exact kernel was asked for; nil: open.
  ///   - exact: the scoring on the exact kernel.
  ///   - stored: the scoring on the features that are there; nil: there are none.
  public init(
    kernel: ScoringRequest.Kernel, exactLimit: Int?, examples: Int, exact: ScoringCost,
    stored: Stored?
  ) {
    switch kernel {
    case .exact: (usesFeatures, reason) = (false, .asked)
    case .features, .steps: (usesFeatures, reason) = (true, .asked)
    case .auto:
      if let exactLimit {
        (usesFeatures, reason) = (examples > exactLimit, .asked)
        return
      }
      let bytes = KernelChoice.bytes(examples: examples)
      if bytes > KernelChoice.matrixBytes && (exact.method.needsSolve || stored != nil) {
        (usesFeatures, reason) = (true, .matrix(bytes: bytes))
        return
      }
      guard let stored, exact.flops > KernelChoice.leastFlops,
        stored.exact.flops > KernelChoice.factor * stored.features.flops
          || stored.isWide && exact.flops > KernelChoice.wideFactor * stored.features.flops
      else {
        (usesFeatures, reason) = (false, .affordable)
        return
      }
      (usesFeatures, reason) = (true, .dear(times: exact.flops / stored.features.flops))
    }
  }
}
