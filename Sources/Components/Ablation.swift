import Foundation

/// What the activations of a component that is taken away become.
public enum Ablation: Sendable, Hashable {
  /// 0.
  case zero
  /// Their mean over a reference set: examples, and positions of sequences.
  case mean
  /// Those of another example, which is drawn for each query: one of the reference set.
  case resample
  /// What they are, times x.
  case scale(Float)

  /// `zero`, `mean`, `resample`, `scale:x`.
  ///
  /// - Throws: `ComponentError.request`.
  public init(_ text: String) throws(ComponentError) {
    switch text {
    case "zero": self = .zero
    case "mean": self = .mean
    case "resample": self = .resample
    default:
      guard text.hasPrefix("scale:"), let x = Float(text.dropFirst(6)), x.isFinite, x != 1 else {
        throw .request(
          problem: "there is no ablation `\(text)`", field: "‹ablation›",
          remedy: "zero, mean, resample, or scale:x with a number x other than 1")
      }
      self = .scale(x)
    }
  }

  /// As it is written.
  public var description: String {
    switch self {
    case .zero: "zero"
    case .mean: "mean"
    case .resample: "resample"
    case .scale(let x): "scale:\(x)"
    }
  }

  /// The mask value of a component that is taken away.
  var off: Float { if case .scale(let x) = self { x } else { 0 } }

  /// What part of a component is taken away.
  var share: Float { 1 - off }

  /// Whether activations of other examples are needed.
  package var needsReference: Bool { self == .mean || self == .resample }
}
