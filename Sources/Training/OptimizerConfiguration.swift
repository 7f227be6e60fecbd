import Configuration

/// The optimizer of a run and its constants, as PyTorch names them.
public enum OptimizerConfiguration: Sendable, Equatable {
  /// `torch.optim.SGD`.
  case sgd(momentum: Double = 0, nesterov: Bool = false, weightDecay: Double = 0)
  /// `torch.optim.Adam`: the decay is added to the gradient.
  case adam(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0)
  /// `torch.optim.AdamW`: the decay is apart from the moments.
  case adamw(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0.01)

  /// What it remembers of every parameter.
  var bufferNames: [String] {
    switch self {
    case .sgd(let momentum, _, _): momentum == 0 ? [] : ["velocity"]
    case .adam, .adamw: ["firstMoment", "secondMoment"]
    }
  }

  /// How many numbers it remembers of every parameter.
  public var bufferCount: Int { bufferNames.count }

  private enum Kind: String, CaseIterable { case sgd, adam, adamw }

  /// The keys of all optimizers.
  static let keys = ["momentum", "nesterov", "weightDecay", "betas", "epsilon"]

  /// Reads `optimizer` and its constants; `shared` are the other keys of the mapping.
  init(from map: ConfigurationMap, shared: [String]) throws(ConfigurationError) {
    switch try map.choice("optimizer", default: Kind.sgd) {
    case .sgd:
      try map.checkKeys(known: shared + ["momentum", "nesterov", "weightDecay"])
      let momentum = try map.double("momentum", in: .from(0, below: 1), default: 0)
      let nesterov = try map.bool("nesterov", default: false)
      if nesterov && momentum == 0 {
        throw .missingKey(map.place(), key: "momentum", present: map.keys)
      }
      self = .sgd(
        momentum: momentum, nesterov: nesterov,
        weightDecay: try map.double("weightDecay", in: .notNegative, default: 0))
    case let kind:
      try map.checkKeys(known: shared + ["weightDecay", "betas", "epsilon"])
      let betas =
        try map.doubles(ifPresent: "betas", in: .from(0, below: 1), count: 2) ?? [0.9, 0.999]
      let epsilon = try map.double("epsilon", in: .positive, default: 1e-8)
      let decay = try map.double(
        "weightDecay", in: .notNegative, default: kind == .adamw ? 0.01 : 0)
      self =
        kind == .adam
        ? .adam(beta1: betas[0], beta2: betas[1], epsilon: epsilon, weightDecay: decay)
        : .adamw(beta1: betas[0], beta2: betas[1], epsilon: epsilon, weightDecay: decay)
    }
  }

  /// The keys written out, defaults included.
  var values: [String: ConfigurationValue] {
    switch self {
    case .sgd(let momentum, let nesterov, let decay):
      return [
        "optimizer": .string("sgd"), "momentum": .double(momentum), "nesterov": .bool(nesterov),
        "weightDecay": .double(decay),
      ]
    case .adam(let beta1, let beta2, let epsilon, let decay):
      return adamValues("adam", beta1, beta2, epsilon, decay)
    case .adamw(let beta1, let beta2, let epsilon, let decay):
      return adamValues("adamw", beta1, beta2, epsilon, decay)
    }
  }

  private func adamValues(
    _ name: String, _ beta1: Double, _ beta2: Double, _ epsilon: Double, _ decay: Double
  ) -> [String: ConfigurationValue] {
    [
      "optimizer": .string(name), "betas": .list([.double(beta1), .double(beta2)]),
      "epsilon": .double(epsilon), "weightDecay": .double(decay),
    ]
  }
}
