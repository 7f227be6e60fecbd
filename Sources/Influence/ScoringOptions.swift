import Networks

/// How training examples are scored: the choices that are recorded with every score.
public struct ScoringOptions: Sendable, Equatable {
  /// The method.
  public var method: Method
  /// The measurement f that is attributed.
  public var outputFunction: OutputFunction
  /// The weight D of `trak` (and of the `trak` part of `trajectory`).
  public var exampleWeight: ExampleWeight
  /// How λ is chosen.
  public var damping: DampingRule
  /// Whether the spectrum and what cross-validation would choose are computed as well.
  public var diagnosesDamping: Bool

  /// The choices for a method; what is left out takes the method's default.
  ///
  /// - Throws: `InfluenceError.notDefined` for a weight that the data or method does not have.
  public init(
    method: Method, classification: Bool, outputFunction: OutputFunction? = nil,
    exampleWeight: ExampleWeight? = nil, damping: DampingRule = .standard,
    diagnosesDamping: Bool = false
  ) throws(InfluenceError) {
    let function =
      outputFunction ?? method.standardOutputFunction(classification: classification)
    self.method = method
    self.outputFunction = function
    self.damping = damping
    self.diagnosesDamping = diagnosesDamping
    guard method == .trak || method == .trajectory else {
      if let exampleWeight, exampleWeight.source != .none {
        throw .notDefined(
          name: "example weight \(exampleWeight)",
          reason: "\(method.rawValue) has none; it belongs to trak and trajectory")
      }
      self.exampleWeight = ExampleWeight(.none)
      return
    }
    self.exampleWeight = exampleWeight ?? ExampleWeight(.final)
    if self.exampleWeight.source == .trajectory && !classification {
      throw .notDefined(
        name: "example weight trajectory", reason: "it is a mean of 1 − p over classes")
    }
  }
}
