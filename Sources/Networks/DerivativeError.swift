import Tensors

/// Why no outputs or derivatives of a network can be taken.
public enum DerivativeError: DiagnosableError, Equatable {
  /// A vector over the parameters has another length than the network's.
  case length(of: String, found: Int, expected: Int)
  /// Inputs are not a batch of the network's.
  case inputs(found: [Int], expected: [Int])
  /// An input that should be a token is none.
  case token(value: Float, vocabulary: Int, example: Int, position: Int)
  /// A gradient by the outputs has another shape than they.
  case outputGradient(found: [Int], expected: [Int])
  /// The loss is not that of such targets.
  case loss(String, targets: String)
  /// There are more or fewer targets than outputs.
  case targetCount(found: Int, expected: Int)
  /// A target is no class of the network's.
  case targetClass(Int, classes: Int, example: Int)
  /// An adjoint is of something that is no running statistic of the network, or of another length.
  case statistics(offset: Int, count: Int, known: [String])
  /// A place in a step's batch is below 0.
  case place(Int)
  /// A layer that no tangent goes through.
  case layer(String, reason: String)

  /// What went wrong.
  public var what: String {
    switch self {
    case .length(let name, let found, let expected):
      "\(found) values are given as \(name), the network has \(expected) parameters"
    case .inputs(let found, let expected):
      "inputs are \(DerivativeError.text(found)), the network reads "
        + DerivativeError.text(["B"] + expected.map(String.init))
    case .token(let value, let vocabulary, let example, let position):
      "\(value) at position \(position) of example \(example) is no token below \(vocabulary)"
    case .outputGradient(let found, let expected):
      "the gradient by the outputs is \(DerivativeError.text(found)), the outputs are "
        + DerivativeError.text(expected)
    case .loss(let loss, let targets): "\(loss) is no loss of \(targets)"
    case .targetCount(let found, let expected):
      "there are \(found) targets for \(expected) outputs"
    case .targetClass(let found, let classes, let example):
      "the target \(found) of example \(example) is no class below \(classes)"
    case .statistics(let offset, let count, _):
      "an adjoint of \(count) values is of no running statistic at offset \(offset)"
    case .place(let place): "a batch has no place \(place)"
    case .layer(let name, let reason): "no tangent goes through \(name): \(reason)"
    }
  }

  /// Where.
  public var location: String {
    switch self {
    case .length(let name, _, _): name
    case .inputs, .token: "inputs"
    case .outputGradient: "the gradient by the outputs"
    case .loss, .targetCount, .targetClass: "targets"
    case .statistics: "adjoints of the running statistics"
    case .place: "dropout"
    case .layer(let name, _): name
    }
  }

  /// What the user can do.
  public var remedy: String {
    switch self {
    case .length(_, _, let expected):
      "give \(expected) values, in the order of the network's parameters"
    case .inputs: "give a batch of examples of the network's shape"
    case .outputGradient: "give one number an output"
    case .token(_, let vocabulary, _, _):
      "tokens are whole numbers below \(vocabulary), padding is below 0"
    case .loss:
      "take the loss of the targets: crossEntropy of classes, squaredError of numbers, "
        + "nextToken of sequences"
    case .targetCount(_, let expected): "give \(expected)"
    case .targetClass(_, let classes, _): "classes are 0 to \(classes - 1)"
    case .statistics(_, _, let known):
      known.isEmpty
        ? "the network has no running statistics"
        : "the running statistics are " + known.joined(separator: ", ")
    case .place: "the first example's place in its step's batch is 0 or more"
    case .layer: "take first derivatives of this network, or give the layer its tangents"
    }
  }

  private static func text(_ shape: [Int]) -> String { text(shape.map(String.init)) }

  private static func text(_ shape: [String]) -> String { shape.joined(separator: " × ") }
}
