import Networks

/// The methods of METHODS.md section 4 that score training examples against queries.
public enum Method: String, Sendable, CaseIterable, Codable {
  /// ⟨∇f(x), −∇ℓ(z_i)⟩ (Charpiat 2019).
  case graddot
  /// The cosine of the same.
  case gradcos
  /// [mean_c φ_x (ΦᵀΦ + λI)⁻¹ φ_i] · D_i (Park 2023).
  case trak
  /// Exact leave-one-out of kernel ridge regression with the trace kernel.
  case ntkLeaveOneOut = "ntk-loo"
  /// The mean of `trak` and `ntk-loo` over a run's checkpoints, each at unit spread.
  case trajectory

  /// The method of a name on the command line.
  ///
  /// - Throws: `InfluenceError.unknownMethod`.
  public init(name: String) throws(InfluenceError) {
    guard let method = Method(rawValue: name) else {
      throw .unknownMethod(name, known: Method.allCases.map(\.rawValue))
    }
    self = method
  }

  /// The method unless another is asked for.
  ///
  /// Features have no second kernel, and sequences no one-hot target: they have `trak`.
  public static func standard(onFeatures: Bool, isSequence: Bool) -> Method {
    onFeatures || isSequence ? .trak : .trajectory
  }

  /// The output function it is used with unless another is asked for.
  public func standardOutputFunction(classification: Bool) -> OutputFunction {
    switch self {
    case .graddot, .gradcos: .loss
    case .trak, .ntkLeaveOneOut, .trajectory: classification ? .margin : .prediction
    }
  }

  /// Whether it solves with a damped kernel.
  public var isDamped: Bool { self != .graddot && self != .gradcos }

  /// The unit of its scores.
  public func unit(_ function: OutputFunction) -> String {
    switch self {
    case .graddot: "\(function.rawValue) per unit of learning rate"
    case .gradcos: "cosine"
    case .trak, .ntkLeaveOneOut:
      "\(function.rawValue) (estimated fall of the query's \(function.rawValue) without the example)"
    case .trajectory: "spreads (1 = the standard deviation of the query's scores)"
    }
  }
}

/// What a score's sign means, in words: the convention of every method here.
public let signSentence = "positive = training on the example helped the query"
