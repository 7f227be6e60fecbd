// Letters: n training examples, C checkpoints.
import Datasets
import Networks
import Tensors

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
    for prefix in ["sqrt-", "√"] where word.hasPrefix(prefix) {
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

extension OutputFunction {
  /// −∂ℓ/∂f of every example at the given outputs: what is left to learn, in units of ℓ by f.
  ///
  /// - Returns: 1 − p_y for margin, hardMargin and logit; t − z for a prediction; 1 where f = −ℓ.
  func residuals(_ outputs: Tensor, _ targets: Targets) -> [Float] {
    switch (self, targets) {
    case (.margin, .classes(let classes, _)), (.hardMargin, .classes(let classes, _)),
      (.logit, .classes(let classes, _)):
      let p = outputs.softmax()
      let width = p.rowLength
      // 1 − p_y as the sum of the others: exact where p_y rounds to 1.
      return classes.enumerated().map { row, y in
        (0..<width).reduce(Float(0)) {
          $1 == Int(y) ? $0 : $0 + p.storage.base[row * width + $1]
        }
      }
    case (.prediction, .values(let values)):
      return (values - outputs.reshaped(values.shape)).elements
    default:
      return [Float](repeating: 1, count: targets.count)
    }
  }
}
