import Networks

extension Method {
  /// The unit of its scores, in words.
  public func unit(_ function: OutputFunction) -> String {
    let name = function.rawValue
    switch unitKind {
    case .learningRate:
      return function.isNegatedWhenPrinted
        ? "fall of the query's \(name) by a step on the example, per unit of learning rate"
        : "rise of the query's \(name) by a step on the example, per unit of learning rate"
    case .steps:
      return (function.isNegatedWhenPrinted ? "fall" : "rise")
        + " of the query's \(name) by steps on the example alone, at the training's rates"
    case .cosine: return "cosine"
    case .similarity: return "words in common (BM25)"
    case .spreads: return "spreads (1 = the standard deviation of the query's scores)"
    case .neighbours:
      return
        "Shapley share of the probability that the nearest training examples give the query's label"
    case .shapley: return "Shapley share of the kernel regression's \(name) of the query"
    case .share: return "share of the refitted last layer's \(name) of the query"
    case .distance:
      return "distance that the kernel regression's outputs move by without the example"
    case .relative: return "\(name), relative to what the example changes beside"
    case .change:
      return "\(name) (estimated \(function.isNegatedWhenPrinted ? "rise" : "fall")"
        + " of the query's \(name) without the example)"
    }
  }
}

extension OutputFunction {
  /// Whether its name means the opposite of what is computed: `loss` stands for f = −ℓ inside, so
  /// that higher is better; a change that is printed under that name is one of ℓ.
  public var isNegatedWhenPrinted: Bool { self == .loss }

  /// A change of f as a change of what its name says.
  public func printed(change: Double) -> Double { isNegatedWhenPrinted ? -change : change }
}

/// What a score's sign means, in words: the convention of every method here.
public let signSentence = "positive = training on the example helped the query"

extension OutputFunction {
  /// What the sign means where it is not help: a prediction that rises is not always a better one.
  public var signSentence: String {
    self == .prediction
      ? "positive = training on the example raised the prediction" : Influence.signSentence
  }
}
