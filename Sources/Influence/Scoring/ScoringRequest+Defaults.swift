import Configuration
import Datasets
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
  /// - Throws: `ConfigurationError` for unknown keys, values of the wrong type and names that do not
  ///   exist.
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
    method = try map.string(ifPresent: "method").map { name in
      try map.naming("method", name) { () throws(InfluenceError) in try methods.method(named: name)
      }
    }
    outputFunction = try map.choice(ifPresent: "outputFunction", of: OutputFunction.self)
    exampleWeight = try map.string(ifPresent: "exampleWeight").map { name in
      try map.naming("exampleWeight", name) { () throws(InfluenceError) in
        try ExampleWeight(name: name)
      }
    }
    damping = try text("damping").map { text in
      try map.naming("damping", text) { () throws(InfluenceError) in try DampingRule(text) }
    }
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

extension ScoringRequest {
  /// Refuses defaults that no command could take after the training: before it, at their place in the
  /// run file.
  ///
  /// - Throws: `ConfigurationError`.
  public static func requireDefaults(
    of configuration: RunConfiguration, for data: Dataset, methods: MethodTable = .standard
  ) throws {
    guard let map = configuration.defaultsMap else { return }
    let request = try ScoringRequest(defaults: map, methods: methods)
    if case .epochs(let epochs)? = request.checkpoints {
      let kept = configuration.training.checkpoints.numbers(epochs: configuration.training.epochs)
      if let absent = epochs.first(where: { !kept.contains($0) }) {
        throw ConfigurationError.unfit(
          map.place("checkpoints"), value: "\(absent)",
          reason: "the training keeps epochs " + kept.map(String.init).joined(separator: ", "))
      }
    }
    let targets = TargetValues(data.targets)
    if let function = request.outputFunction, !function.accepts(targets) {
      throw ConfigurationError.notAChoice(
        map.place("outputFunction"), value: function.rawValue,
        choices: OutputFunction.allCases.filter { $0.accepts(targets) }.map(\.rawValue))
    }
    guard let method = request.method else { return }
    try map.fitting("method", method.name) { () throws(InfluenceError) in
      if method.needs.contains(.labels) { try data.targets.requireLabels(method.name) }
    }
    var isClassification = true
    if case .values = data.targets { isClassification = false }
    let weight = request.exampleWeight
    try map.fitting("exampleWeight", weight?.description ?? "") { () throws(InfluenceError) in
      _ = try ScoringOptions(
        method: method, classification: isClassification, exampleWeight: weight,
        dampingProfile: .uniform)
    }
    try map.fitting(
      "dampingProfile", request.dampingProfile?.rawValue ?? ""
    ) { () throws(InfluenceError) in
      _ = try ScoringOptions(
        method: method, classification: isClassification, exampleWeight: nil,
        dampingProfile: request.dampingProfile)
    }
  }
}

extension ConfigurationMap {
  /// A choice by name, whose error names the key.
  fileprivate func naming<Choice>(
    _ key: String, _ name: String, _ make: () throws(InfluenceError) -> Choice
  ) throws -> Choice {
    do throws(InfluenceError) { return try make() } catch {
      switch error {
      case .unknownMethod(_, let known), .unknownWeight(_, let known):
        throw ConfigurationError.notAChoice(place(key), value: name, choices: known)
      case .dampingText:
        throw ConfigurationError.wrongType(
          place(key), found: "the text `\(name)`",
          expected: "mean, 2·mean, gcv, loo or a number of at least 0")
      default: throw error
      }
    }
  }

  /// A choice that the data or another choice may rule out, whose error names the key.
  fileprivate func fitting(
    _ key: String, _ value: String, _ make: () throws(InfluenceError) -> Void
  ) throws {
    do throws(InfluenceError) { try make() } catch {
      guard case .notDefined(_, let reason, _) = error else { throw error }
      throw ConfigurationError.unfit(place(key), value: value, reason: reason)
    }
  }
}
