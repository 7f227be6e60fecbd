import Configuration
import Networks

/// One linear layer for classes: `model: {kind: logistic}`.
public struct LogisticModel: ModelFamily {
  /// The model.
  public init() {}

  /// Reads the mapping `model`, which has no settings.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    try map.checkKeys(known: ["kind"])
  }

  /// Classes.
  public func predicts(_ loss: Loss) -> Bool { loss == .crossEntropy }

  /// The network for examples of any shape.
  public func network(inputShape: [Int], outputs: Int) -> Network? {
    .multilayerPerceptron(inputShape: inputShape, hidden: [], outputs: outputs)
  }
}

/// One linear layer for numbers: `model: {kind: linear}`.
public struct LinearModel: ModelFamily {
  /// The model.
  public init() {}

  /// Reads the mapping `model`, which has no settings.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    try map.checkKeys(known: ["kind"])
  }

  /// Numbers.
  public func predicts(_ loss: Loss) -> Bool { loss == .squaredError }

  /// The network for examples of any shape.
  public func network(inputShape: [Int], outputs: Int) -> Network? {
    .multilayerPerceptron(inputShape: inputShape, hidden: [], outputs: outputs)
  }
}
