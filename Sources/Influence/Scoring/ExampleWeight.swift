// Letters: n training examples, C checkpoints.
/// The weight D_i of a training example in `trak`: how much of it the network has still to learn.
///
/// METHODS.md, *Example weight*: the derivation asks for the residual at z_i of a network that did
/// not see z_i; (1 − p_i) of a memorised network is not that.
public struct ExampleWeight: Sendable, Equatable, CustomStringConvertible {
  /// Where the residual comes from.
  public enum Source: String, Sendable, CaseIterable {
    /// −∂ℓ/∂f at the scored checkpoints, their mean: 1 − p_i for the margin (the paper).
    case final
    /// The mean of 1 − p_i over the recorded epochs of training.
    case trajectory
    /// The kernel leave-one-out residual of the true class, from the scored checkpoints.
    case leaveOneOut
    /// 1 throughout.
    case none
  }

  /// Where the residual comes from.
  public let source: Source
  /// Whether its square root is taken, the sign kept.
  public let isSquareRoot: Bool

  /// A weight.
  public init(_ source: Source, squareRoot: Bool = false) {
    self.source = source
    isSquareRoot = squareRoot
  }

  /// Reads `final`, `trajectory`, `leaveOneOut`, `none`, or `sqrt-` before one of them.
  ///
  /// - Throws: `InfluenceError.unknownWeight`.
  public init(name: String) throws(InfluenceError) {
    var word = name
    if let prefix = ["sqrt-", "√"].first(where: { name.hasPrefix($0) }) {
      word = String(word.dropFirst(prefix.count))
    }
    guard let source = Source(rawValue: word) else {
      let known = Source.allCases.flatMap { [$0.rawValue, "sqrt-" + $0.rawValue] }
      throw .unknownWeight(name, known: known)
    }
    self.init(source, squareRoot: word != name)
  }

  /// As it is written after `--example-weight`.
  public var description: String { (isSquareRoot ? "sqrt-" : "") + source.rawValue }

  /// The weights from residuals: themselves or their roots.
  func applied(to residuals: [Float]) -> [Float] {
    guard isSquareRoot else { return residuals }
    return residuals.map { $0 < 0 ? -(-$0).squareRoot() : $0.squareRoot() }
  }
}
