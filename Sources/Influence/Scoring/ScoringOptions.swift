import Networks

/// At which checkpoints λ is set beside the spectrum and what cross-validation would choose.
public enum DampingDiagnosis: String, Sendable, CaseIterable {
  /// Nowhere: λ alone.
  case none
  /// At the last checkpoint.
  case last
  /// Everywhere.
  case all

  /// Whether it is done at a checkpoint.
  func includes(_ index: Int, of count: Int) -> Bool {
    self == .all || (self == .last && index == count - 1)
  }
}

/// How training examples are scored: the choices that are recorded with every score.
///
/// All of them are made here; what a user leaves open, `ScoringRequest` fills in.
public struct ScoringOptions: Sendable, Equatable {
  /// The method.
  public var method: Method
  /// The measurement f that is attributed.
  public var outputFunction: OutputFunction
  /// The weight D of methods that have one.
  public var exampleWeight: ExampleWeight
  /// How λ is chosen.
  public var damping: DampingRule
  /// How λ is spread over the training examples.
  public var dampingProfile: DampingProfile
  /// The curvature of influence functions; nil for methods without.
  public var curvature: Curvature?
  /// Where the spectrum and what cross-validation would choose are computed as well.
  public var diagnosesDamping: DampingDiagnosis

  /// The choices for a method.
  ///
  /// - Parameters:
  ///   - classification: whether targets are classes, or the next tokens of sequences.
  ///   - outputFunction: nil: the method's own.
  ///   - exampleWeight: nil: `final`, the paper's; what a run should have follows from its data
  ///     (`ScoringRequest`).
  ///   - damping: nil: the method's own.
  ///   - dampingProfile: nil: `residual` for classes.
  ///   - curvature: nil: the method's first, where it has one.
  /// - Throws: `InfluenceError.notDefined` for a choice that the data or method does not have.
  public init(
    method: Method, classification: Bool, outputFunction: OutputFunction? = nil,
    exampleWeight: ExampleWeight?, damping: DampingRule? = nil,
    dampingProfile: DampingProfile? = nil, curvature: Curvature? = nil,
    diagnosesDamping: DampingDiagnosis = .none
  ) throws(InfluenceError) {
    let function =
      outputFunction ?? method.standardOutputFunction(classification: classification)
    self.method = method
    self.outputFunction = function
    self.damping = damping ?? method.standardDamping
    self.curvature = curvature ?? method.curvatures.first
    self.diagnosesDamping = diagnosesDamping
    // Numbers under squared error are observations of the same noise.
    let standard: DampingProfile = classification && method.needsSolve ? .residual : .uniform
    self.dampingProfile = dampingProfile ?? standard
    if let curvature, !method.curvatures.contains(curvature) {
      throw .notDefined(
        name: "curvature \(curvature.rawValue)",
        reason: method.curvatures.isEmpty
          ? "\(method.name) has none"
          : "\(method.name) goes by "
            + method.curvatures.map(\.rawValue).joined(separator: " or "),
        option: "‹curvature›")
    }
    if method.needs.contains(.damping),
      [.generalisedCrossValidation, .leaveOneOut].contains(self.damping)
    {
      throw .notDefined(
        name: "damping \(self.damping)",
        reason: "it is chosen on the kernel of a ridge model, and \(method.name) has none",
        option: "‹damping›")
    }
    guard self.dampingProfile == .uniform || (classification && method.needsSolve) else {
      throw .notDefined(
        name: "damping profile \(self.dampingProfile.rawValue)",
        reason: classification
          ? "\(method.name) has no damping of the examples"
          : "it is 1 − p, and these targets are numbers",
        option: "‹dampingProfile›")
    }
    guard method.weighs else {
      if let exampleWeight, exampleWeight.source != .none {
        throw .notDefined(
          name: "example weight \(exampleWeight)",
          reason: "\(method.name) has none; it belongs to trak and trajectory",
          option: "‹exampleWeight›")
      }
      self.exampleWeight = ExampleWeight(.none)
      return
    }
    self.exampleWeight = exampleWeight ?? ExampleWeight(.final)
    if self.exampleWeight.source == .trajectory && !classification {
      throw .notDefined(
        name: "example weight \(self.exampleWeight)",
        reason: "it is a mean of 1 − p over the epochs, and these targets are numbers",
        option: "‹exampleWeight›")
    }
  }

  /// The unit of the scores; those fused with a bank estimate the change of f itself.
  public func unit(fused: Bool = false) -> String {
    (fused ? Method.trak : method).unit(outputFunction)
  }
}
