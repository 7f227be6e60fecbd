import Datasets
import Gradients
import Networks

extension Method {
  /// Refuses data, gradients and stores that the method is not defined on: before any work.
  ///
  /// - Parameters:
  ///   - training: the training examples.
  ///   - source: where gradients come from.
  ///   - isExact: whether they are as they are; else features of them are stored.
  /// - Throws: `InfluenceError.notDefined` with the reason in a sentence.
  public func requireFit(
    _ training: Dataset, _ source: any GradientProvider, isExact: Bool
  ) throws(InfluenceError) {
    for part in parts {
      try part.requireFit(training)
      try part.require(
        part.readsFeatures || isExact, option: "‹kernel›",
        "it takes gradients as they are, layer by layer, and features are projections of them")
      try part.require(
        !part.needs.contains(.network) || source is GradientSource,
        "it is made of passes through the network, and these gradients come from elsewhere")
      if let most = part.limits.parameters {
        let count = (source as? GradientSource)?.network.selectedCount ?? source.parameterCount
        try part.require(
          count <= most, "it takes at most \(most) parameters, and gradients are by \(count)")
      }
    }
  }

  /// What follows from the training examples alone.
  func requireFit(_ training: Dataset) throws(InfluenceError) {
    if needs.contains(.labels) { try training.targets.requireLabels(name) }
    if needs.contains(.texts), !TextTerms.isText(training) {
      try require(false, "it compares words, and these examples are no texts")
    }
    if needs.contains(.classes), training.classes == nil {
      try require(false, "it compares classes, and these examples have none")
    }
    if let most = limits.examples {
      try require(
        training.count <= most,
        "it takes at most \(most) training examples, and there are \(training.count)")
    }
  }

  private func require(
    _ holds: Bool, option: String = "‹method›", _ reason: String
  ) throws(InfluenceError) {
    guard !holds else { return }
    throw .notDefined(name: name, reason: reason, option: option)
  }

  /// Whether it can be had at all for so many examples and parameters.
  func isWithinLimits(examples: Int, parameters: Int) -> Bool {
    examples <= limits.examples ?? .max && parameters <= limits.parameters ?? .max
  }
}
