import Storage

/// The names of files: those of former versions first, which are read as well.
extension ScoreDescription: Codable {
  private enum Key: String, CodingKey {
    case run, method, outputFunction, unit, sign, exampleWeight, dampingProfile, checkpoints
    case damping, kernel, layers, trainHash, queryHash, fusion, identity, dampingRule
    case dampingOrder, kernelKind, curvature, projector, projectionDimension, engine
  }

  /// Reads a description; what former versions did not record is nil.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    func text(_ key: Key) throws -> String { try values.decode(String.self, forKey: key) }
    func textIfPresent(_ key: Key) throws -> String? {
      try values.decodeIfPresent(String.self, forKey: key)
    }
    (run, method, outputFunction) = try (text(.run), text(.method), text(.outputFunction))
    (unit, sign, exampleWeight) = try (text(.unit), text(.sign), text(.exampleWeight))
    dampingProfile = try textIfPresent(.dampingProfile)
    checkpoints = try values.decode([String].self, forKey: .checkpoints)
    let reports = try values.decode([String: DampingReport].self, forKey: .damping)
    let order = try values.decodeIfPresent([String].self, forKey: .dampingOrder)
    damping = (order ?? reports.keys.sorted()).compactMap { name in
      reports[name].map { Damping(name: name, report: $0) }
    }
    let name = try text(.kernel)
    kernel = Kernel(
      name: name,
      kind: try values.decodeIfPresent(Kernel.Kind.self, forKey: .kernelKind)
        ?? (name.hasPrefix("exact") ? .exact : .features),
      projector: try textIfPresent(.projector),
      dimension: try values.decodeIfPresent(Int.self, forKey: .projectionDimension))
    layers = try textIfPresent(.layers)
    (trainHash, queryHash) = try (text(.trainHash), text(.queryHash))
    fusion = try values.decodeIfPresent(ScoreFile.Fusion.self, forKey: .fusion)
    identity = try values.decodeIfPresent(RunIdentity.self, forKey: .identity)
    dampingRule = try textIfPresent(.dampingRule)
    engine = try textIfPresent(.engine)
    curvature = try textIfPresent(.curvature)
  }

  /// Writes it; absent values are left out.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    for (key, value) in [
      (Key.run, run), (.method, method), (.outputFunction, outputFunction), (.unit, unit),
      (.sign, sign), (.exampleWeight, exampleWeight), (.kernel, kernel.name),
      (.kernelKind, kernel.kind.rawValue), (.trainHash, trainHash), (.queryHash, queryHash),
    ] { try values.encode(value, forKey: key) }
    for (key, value) in [
      (Key.dampingProfile, dampingProfile), (.layers, layers), (.dampingRule, dampingRule),
      (.projector, kernel.projector), (.engine, engine), (.curvature, curvature),
    ] { try values.encodeIfPresent(value, forKey: key) }
    try values.encode(checkpoints, forKey: .checkpoints)
    try values.encode(
      Dictionary(damping.map { ($0.name, $0.report) }) { first, _ in first }, forKey: .damping)
    try values.encode(damping.map(\.name), forKey: .dampingOrder)
    try values.encodeIfPresent(kernel.dimension, forKey: .projectionDimension)
    try values.encodeIfPresent(fusion, forKey: .fusion)
    try values.encodeIfPresent(identity, forKey: .identity)
  }
}
