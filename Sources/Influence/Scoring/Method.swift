import Networks

/// A method of METHODS.md section 4: one row of the table, one file beside it.
///
/// What a method is to the rest of the engine stands here: which gradients and kernel it takes, its
/// unit, what it needs and costs, and how it is made ready at a checkpoint. Weights, normalisation and
/// combination wrap what `prepare` makes.
public struct Method: Sendable {
  /// Which gradients the training examples enter with.
  public enum Gradients: String, Sendable, Codable {
    /// Of the loss.
    case loss
    /// Of the output function.
    case output
    /// Of every output.
    case jacobian
  }

  /// What one set of scores is made from.
  public enum Scope: String, Sendable, Codable {
    /// A checkpoint each, their mean.
    case checkpoint
    /// A whole run.
    case run
    /// The data alone.
    case data
  }

  /// What a method cannot do without.
  public enum Need: String, Sendable, Codable {
    /// A ridge model on the kernel: λ, and on the exact kernel an n × n matrix.
    case solve
    /// One target an example: sequences have none.
    case labels
    /// The run's own training, to be gone through again step by step (`Replay`).
    case training
    /// Texts.
    case texts
    /// One class an example: numbers and sequences have none.
    case classes
    /// The inverse of a curvature: λ in units of its eigenvalues.
    case damping
    /// Gradients as they are, layer by layer: stores of features have none.
    case layers
    /// Passes through the network itself: gradients from elsewhere have none.
    case network
  }

  /// The sizes that a method goes to.
  public struct Limits: Sendable, Equatable {
    /// Most training examples; nil: no limit of its own.
    public let examples: Int?
    /// Most parameters that gradients are taken by; nil: no limit of its own.
    public let parameters: Int?

    /// Limits; none unless given.
    public init(examples: Int? = nil, parameters: Int? = nil) {
      (self.examples, self.parameters) = (examples, parameters)
    }
  }

  /// What scores are measured in.
  public enum Unit: String, Sendable, Codable {
    /// The change of f by a step on the example, per unit of learning rate.
    case learningRate
    /// The change of f by steps on the example alone, at the rates of the training.
    case steps
    /// The change of f without the example.
    case change
    /// None: cosines.
    case cosine
    /// Standard deviations of a query's scores.
    case spreads
    /// None: how much two texts have in common.
    case similarity
    /// The example's share of the probability that its nearest neighbours give the query's label.
    case neighbours
    /// The example's Shapley share of what a kernel regression on the training set reaches on the query.
    case shapley
    /// A part of an output of a model that is a sum over the training examples.
    case share
    /// How far a model's outputs at the query move without the example, with the sign of its help.
    case distance
    /// Relative: the change of f for one unit of change of the model, or of the example's own loss.
    case relative
  }

  /// What scores are divided by.
  public enum Normalisation: String, Sendable, Codable {
    /// Nothing.
    case none
    /// The norms of both gradients.
    case cosine
    /// ‖g_i‖, the example's own.
    case unit
    /// √(g_iᵀ C⁻¹ g_i): how far the example moves its own loss (ℓ-RelatIF).
    case relative
    /// ‖C⁻¹ g_i‖: how far it moves the parameters (θ-RelatIF).
    case relativeParameters
    /// √(g_iᵀ C⁻¹ g_i) √(∇fᵀ C⁻¹ ∇f): the lengths of both in the curvature's inverse.
    case whitened
  }

  /// How scores come about.
  enum Form: Sendable {
    case scorer(@Sendable (ScoringContext) throws -> any CheckpointScorer)
    /// The mean of others, each at unit spread within a query.
    case combination([Method])
  }

  /// As it is written after `--method`.
  public private(set) var name: String
  /// What it computes, in a line.
  public private(set) var title: String
  /// Where it is from.
  public private(set) var source: String
  /// Which gradients the training examples enter with.
  public let gradients: Gradients
  /// What one set of scores is made from.
  public let scope: Scope
  /// What scores are measured in.
  public private(set) var unitKind: Unit
  /// What it cannot do without.
  public let needs: Set<Need>
  /// Whether scores are multiplied by the example weight D.
  public let weighs: Bool
  /// What scores are divided by.
  public private(set) var normalisation: Normalisation
  /// The checkpoints unless others are asked for: the last of each seed, or the log-spaced ones.
  public let checkpoints: CheckpointChoice
  /// How scores at several checkpoints are put together.
  public private(set) var pooling: Pooling
  /// How it weighs the visits of a training's steps; nil for methods that need every example at one
  /// checkpoint.
  public private(set) var visits: VisitWeight?
  /// The curvatures it can go by, the first unless another is asked for; none for methods without.
  public let curvatures: [Curvature]
  /// The sizes it goes to.
  public let limits: Limits
  /// The flops and bytes that it takes at one checkpoint.
  public let cost: @Sendable (WorkShape) -> MethodCost
  private(set) var form: Form

  /// A row of the table.
  ///
  /// - Parameter prepare: makes a scorer ready at one checkpoint.
  public init(
    name: String, title: String, source: String, gradients: Gradients, scope: Scope = .checkpoint,
    unit: Unit, needs: Set<Need> = [], weighs: Bool = false, normalisation: Normalisation = .none,
    checkpoints: CheckpointChoice = .final, pooling: Pooling = .mean, visits: VisitWeight? = nil,
    curvatures: [Curvature] = [], limits: Limits = Limits(),
    cost: @escaping @Sendable (WorkShape) -> MethodCost,
    prepare: @escaping @Sendable (ScoringContext) throws -> any CheckpointScorer
  ) {
    self.init(
      name: name, title: title, source: source, gradients: gradients, scope: scope, unit: unit,
      needs: needs, weighs: weighs, normalisation: normalisation, checkpoints: checkpoints,
      pooling: pooling, visits: visits, curvatures: curvatures, limits: limits, cost: cost,
      form: .scorer(prepare))
  }

  private init(
    name: String, title: String, source: String, gradients: Gradients, scope: Scope, unit: Unit,
    needs: Set<Need>, weighs: Bool, normalisation: Normalisation, checkpoints: CheckpointChoice,
    pooling: Pooling, visits: VisitWeight?, curvatures: [Curvature] = [],
    limits: Limits = Limits(), cost: @escaping @Sendable (WorkShape) -> MethodCost, form: Form
  ) {
    (self.name, self.title, self.source) = (name, title, source)
    (self.gradients, self.scope, unitKind) = (gradients, scope, unit)
    (self.needs, self.weighs, self.normalisation) = (needs, weighs, normalisation)
    (self.checkpoints, self.pooling, self.visits) = (checkpoints, pooling, visits)
    (self.curvatures, self.limits) = (curvatures, limits)
    (self.cost, self.form) = (cost, form)
  }

  /// The same method with its scores divided by norms.
  ///
  /// - Parameter source: where the division is from; nil: where the method is.
  public func normalised(
    _ normalisation: Normalisation, name: String, title: String, unit: Unit = .cosine,
    source: String? = nil
  ) -> Method {
    var method = self
    (method.name, method.title, method.source) = (name, title, source ?? self.source)
    (method.normalisation, method.unitKind, method.visits) = (normalisation, unit, nil)
    return method
  }

  /// The same method on the gradients that a training took at its steps; nil for methods that need
  /// every example at one checkpoint.
  ///
  /// What the visits after each checkpoint add is summed: `pooling` is `.sum`.
  var onSteps: Method? {
    guard let visits else { return nil }
    var method = self
    method.pooling = .sum
    method.form = .scorer { try StepDot($0, visits) }
    return method
  }

  /// The mean of several methods, each at unit spread within a query.
  public static func combined(
    _ parts: [Method], name: String, title: String, source: String, checkpoints: CheckpointChoice
  ) -> Method {
    Method(
      name: name, title: title, source: source, gradients: .output, scope: .checkpoint,
      unit: .spreads, needs: parts.reduce(into: []) { $0.formUnion($1.needs) },
      weighs: parts.contains(where: \.weighs), normalisation: .none, checkpoints: checkpoints,
      pooling: .mean, visits: nil,
      cost: { shape in
        parts.map { $0.cost(shape) }.reduce(MethodCost()) { $0.followed(by: $1) }
      }, form: .combination(parts))
  }

  /// The methods it is made of: itself, or what it combines.
  var parts: [Method] {
    switch form {
    case .scorer: [self]
    case .combination(let parts): parts
    }
  }

  /// Names of the methods it is the mean of; nil for one of its own.
  public var combinedNames: [String]? {
    if case .combination(let parts) = form { parts.map(\.name) } else { nil }
  }

  /// Whether it goes through the run's training again; it takes no kernel.
  public var replays: Bool { needs.contains(.training) }

  /// Whether it solves with a damped kernel or curvature.
  public var isDamped: Bool { needsSolve || needs.contains(.damping) }

  /// Whether it solves with a damped kernel: an n × n matrix where that is exact.
  var needsSolve: Bool { needs.contains(.solve) }

  /// Whether it is of gradients that were projected and stored as well.
  public var readsFeatures: Bool { !needs.contains(.layers) && !replays }

  /// How λ is chosen unless asked for: a tenth of the mean eigenvalue of a curvature.
  public var standardDamping: DampingRule {
    needs.contains(.damping) ? .timesMeanEigenvalue(0.1) : .standard
  }

  /// The targets whose kernels it takes, for stores of features.
  public func targets(_ kernelFunction: OutputFunction) -> [KernelTarget] {
    parts.map {
      switch $0.gradients {
      case .loss: .loss
      case .output: .output(kernelFunction)
      case .jacobian: .jacobian
      }
    }
  }

  /// The output function it is used with unless another is asked for.
  ///
  /// Of numbers it is −½ squared error, whose gradient is the residual times the prediction's:
  /// positive = brings the prediction nearer its label.
  public func standardOutputFunction(classification: Bool) -> OutputFunction {
    if gradients == .loss { return .loss }
    return classification ? .margin : .negativeHalfSquaredError
  }
}

extension Method: Hashable {
  /// By name.
  public static func == (a: Method, b: Method) -> Bool { a.name == b.name }
  /// By name.
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Method: CustomStringConvertible {
  /// The name.
  public var description: String { name }
}
