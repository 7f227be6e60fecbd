import Configuration
import Networks
import Runs

extension ScoringRequest {
  /// The `defaults` of a run's file.
  ///
  /// - Throws: as `init(defaults:methods:)`.
  public init(defaultsOf run: Run, methods: MethodTable = .standard) throws {
    try self.init(defaults: try run.defaults(), methods: methods)
  }

  /// The `defaults` of a run file: `method`, `outputFunction`, `exampleWeight`, `damping`,
  /// `dampingProfile`, `checkpoints`, `kernel`.
  ///
  /// - Throws: `ConfigurationError` for unknown keys and values of the wrong type; the errors of the
  ///   choices for names that do not exist.
  public init(defaults map: ConfigurationMap?, methods: MethodTable = .standard) throws {
    self.init()
    guard let map else { return }
    try map.checkKeys(known: [
      "method", "outputFunction", "exampleWeight", "damping", "dampingProfile", "checkpoints",
      "kernel",
    ])
    func text(_ key: String) throws -> String? {
      switch map.value(key) {
      case .int(let number): "\(number)"
      case .double(let number): "\(number)"
      default: try map.string(ifPresent: key)
      }
    }
    method = try map.string(ifPresent: "method").map { try methods.method(named: $0) }
    outputFunction = try map.choice(ifPresent: "outputFunction", of: OutputFunction.self)
    exampleWeight = try map.string(ifPresent: "exampleWeight").map { try ExampleWeight(name: $0) }
    damping = try text("damping").map { try DampingRule($0) }
    dampingProfile = try map.choice(ifPresent: "dampingProfile", of: DampingProfile.self)
    kernel = try map.choice(ifPresent: "kernel", of: Kernel.self)
    checkpoints = try text("checkpoints").map {
      guard let choice = CheckpointChoice($0) else {
        throw ConfigurationError.wrongType(
          map.place("checkpoints"), found: "the text `\($0)`",
          expected: "final, log, all or epochs such as 1,2,5")
      }
      return choice
    }
    try map.finish()
  }
}
