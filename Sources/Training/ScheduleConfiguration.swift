import Configuration
import Foundation

/// The learning rate over a run, as a factor of the configured rate.
///
///     warm-up     (s + 1)/w                                     for the first w steps
///     constant    1
///     cosine      m + (1 − m)(1 + cos(π (s − w)/(S − w)))/2     every step; m = minimum/rate
///     step        factor^⌊(e − 1)/every⌋                        every epoch
///
/// s counts steps from 0, S is all steps of the run, e counts epochs from 1.
/// - Source: PyTorch's `LinearLR(start_factor: 1/w, total_iters: w − 1)`, `CosineAnnealingLR` with
///   a scheduler step after every optimizer step, `StepLR` with one after every epoch.
public struct ScheduleConfiguration: Sendable, Equatable {
  /// How the rate falls after the warm-up.
  public enum Kind: Sendable, Equatable {
    /// It does not.
    case constant
    /// Along a half cosine to `minimum`, in units of the rate itself.
    case cosine(minimum: Double)
    /// By `factor` after every `every` epochs.
    case step(every: Int, factor: Double)
  }

  /// Length of the linear warm-up.
  public enum WarmUp: Sendable, Equatable {
    /// In epochs; fractions are rounded to steps.
    case epochs(Double)
    /// In optimisation steps.
    case steps(Int)

    func count(stepsPerEpoch: Int) -> Int {
      switch self {
      case .epochs(let epochs): Int((epochs * Double(stepsPerEpoch)).rounded())
      case .steps(let steps): steps
      }
    }
  }

  /// How the rate falls after the warm-up.
  public var kind: Kind
  /// The linear warm-up.
  public var warmUp: WarmUp

  /// A schedule; without arguments the rate stays.
  public init(_ kind: Kind = .constant, warmUp: WarmUp = .steps(0)) {
    (self.kind, self.warmUp) = (kind, warmUp)
  }

  private enum Word: String, CaseIterable { case constant, cosine, step }

  /// Reads `schedule: cosine` or `schedule: {kind: cosine, warmup: 2, minimum: 0.001}`.
  init(from map: ConfigurationMap) throws(ConfigurationError) {
    self.init()
    if case .string = map.value("schedule") {
      let word = try map.choice("schedule", of: Word.self)
      if word == .step {
        throw .wrongType(
          map.place("schedule"), found: "the text `step`",
          expected: "{kind: step, every: EPOCHS, factor: 0.1}")
      }
      if word == .cosine { kind = .cosine(minimum: 0) }
      return
    }
    guard let schedule = try map.map(ifPresent: "schedule") else { return }
    let shared = ["kind", "warmup", "warmupSteps"]
    switch try schedule.choice("kind", default: Word.constant) {
    case .constant:
      try schedule.checkKeys(known: shared)
      kind = .constant
    case .cosine:
      try schedule.checkKeys(known: shared + ["minimum"])
      kind = .cosine(minimum: try schedule.double("minimum", in: .notNegative, default: 0))
    case .step:
      try schedule.checkKeys(known: shared + ["every", "factor"])
      kind = .step(
        every: try schedule.int("every", in: 1...1_000_000),
        factor: try schedule.double("factor", in: .positive, default: 0.1))
    }
    switch try schedule.atMostOne(of: ["warmup", "warmupSteps"]) {
    case "warmup": warmUp = .epochs(try schedule.double("warmup", in: .between(0, 1e6)))
    case "warmupSteps": warmUp = .steps(try schedule.int("warmupSteps", in: 0...1_000_000_000))
    default: warmUp = .steps(0)
    }
  }

  /// The learning rate of a step.
  ///
  /// - Parameters:
  ///   - step: from 0.
  ///   - rate: the configured rate, which the warm-up reaches.
  public func rate(at step: Int, rate: Double, stepsPerEpoch: Int, epochs: Int) -> Double {
    let warm = warmUp.count(stepsPerEpoch: stepsPerEpoch)
    if step < warm { return rate * Double(step + 1) / Double(warm) }
    switch kind {
    case .constant: return rate
    case .cosine(let minimum):
      let length = max(1, epochs * stepsPerEpoch - warm)
      let turn = Double.pi * Double(step - warm) / Double(length)
      return minimum + (rate - minimum) * (1 + cos(turn)) / 2
    case .step(let every, let factor):
      let falls = step / max(1, stepsPerEpoch) / every
      return (0..<falls).reduce(rate) { product, _ in product * factor }
    }
  }

  /// The schedule written out, defaults included.
  var value: ConfigurationValue {
    var values: [String: ConfigurationValue]
    switch kind {
    case .constant: values = ["kind": .string("constant")]
    case .cosine(let minimum):
      values = ["kind": .string("cosine"), "minimum": .double(minimum)]
    case .step(let every, let factor):
      values = ["kind": .string("step"), "every": .int(every), "factor": .double(factor)]
    }
    switch warmUp {
    case .epochs(let epochs): values["warmup"] = .double(epochs)
    case .steps(let steps): values["warmupSteps"] = .int(steps)
    }
    return .map(values)
  }
}
