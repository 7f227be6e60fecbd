// Letters: n examples, T positions, O left width, I right width, C outputs, S functions of the outputs.
import Factors
import Networks

/// What a file of factors holds: its layers, and which functions were differentiated.
public struct FactorLayout: Sendable, Equatable {
  /// One weight, with its bias where it has one.
  public struct Layer: Sendable, Equatable {
    /// The weight's name.
    package let name: String
    /// T.
    package let positions: Int
    /// O.
    package let outputs: Int
    /// I, without the bias; nil for element-wise parameters, whose gradient is the left side.
    package let inputs: Int?
    /// Whether the sums of the left sides are the gradient of a bias.
    package let hasBias: Bool

    /// A layer.
    package init(name: String, positions: Int, outputs: Int, inputs: Int?, hasBias: Bool) {
      (self.name, self.positions, self.outputs) = (name, positions, outputs)
      (self.inputs, self.hasBias) = (inputs, hasBias)
    }

    /// Parameters of the weight.
    var weightCount: Int { outputs * (inputs ?? 1) }
    /// Parameters of weight and bias.
    var parameterCount: Int { weightCount + (hasBias ? outputs : 0) }
    /// Numbers that are kept of an example's right side.
    var rightCount: Int { positions * (inputs ?? 0) }

    /// `fc1 16 × 784 + bias`.
    package var text: String {
      "\(name) " + (inputs.map { "\(outputs) × \($0)" } ?? "\(outputs)")
        + (hasBias ? " + bias" : "")
    }
  }

  /// The layers, in the order of the parameters.
  public let layers: [Layer]
  /// C.
  public let outputCount: Int
  /// What was differentiated, each with left sides of its own.
  public let targets: [GradientSource.Target]
  /// Functions of the outputs side by side in the left sides of `trace`, S: C where they are the
  /// outputs themselves.
  public let functionCount: Int

  /// A layout.
  public init(
    layers: [Layer], outputCount: Int, targets: [GradientSource.Target], functionCount: Int
  ) {
    (self.layers, self.outputCount) = (layers, outputCount)
    (self.targets, self.functionCount) = (targets, functionCount)
  }

  /// p.
  public var parameterCount: Int { layers.reduce(0) { $0 + $1.parameterCount } }

  /// Numbers of a layer's left sides of an example.
  func leftCount(_ layer: Layer, _ target: GradientSource.Target) -> Int {
    layer.positions * leftWidth(layer, target)
  }

  /// O, or S · O of all functions side by side.
  func leftWidth(_ layer: Layer, _ target: GradientSource.Target) -> Int {
    layer.outputs * (target == .jacobian ? functionCount : 1)
  }

  /// Bytes of one example's factors of a target.
  func bytes(_ target: GradientSource.Target) -> Int {
    4 * layers.reduce(0) { $0 + $1.rightCount + leftCount($1, target) }
  }

  /// Whether an example's numbers of these sizes are few enough for sums and products of them.
  static func fits(_ sizes: [Int]) -> Bool {
    var product = 1
    for size in sizes {
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      guard size > 0, !overflow, next <= 1 << 40 else { return false }
      product = next
    }
    return true
  }

  /// Where the left sides of a layer are.
  static func leftName(_ layer: String, _ target: GradientSource.Target) -> String {
    "left/\(target.name)/\(layer)"
  }

  /// Where the right sides of a layer are.
  static func rightName(_ layer: String) -> String { "right/\(layer)" }
}

extension GradientSource.Target {
  /// The target of a name in stores: an output function, or `trace`.
  public init?(name: String) {
    if name == GradientSource.Target.jacobian.name {
      self = .jacobian
    } else if let function = OutputFunction(rawValue: name) {
      self = .output(function)
    } else {
      return nil
    }
  }

  /// Every name.
  static let names =
    OutputFunction.allCases.map(\.rawValue) + [GradientSource.Target.jacobian.name]
}
