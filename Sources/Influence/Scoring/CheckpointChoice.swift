import Runs
import Training

/// Which checkpoints of a run are scored.
public enum CheckpointChoice: Sendable, Equatable {
  /// The method's own: for `trajectory` the log-spaced ones, or all where fewer than
  /// `CheckpointChoice.fewCheckpoints` were kept; else the last.
  case standard
  /// The last of each seed.
  case final
  /// The log-spaced ones: 1, 2, 5, 10, 20, 50, … and the last.
  case logSpaced
  /// Every one that was kept.
  case all
  /// These epochs.
  case epochs([Int])

  /// Reads `final`, `log`, `all` or epochs such as `1,2,5`.
  public init?(_ text: String) {
    switch text {
    case "final": self = .final
    case "log": self = .logSpaced
    case "all": self = .all
    default:
      let epochs = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
      let numbers = epochs.compactMap { $0 }.filter { $0 >= 0 }
      guard numbers.count == epochs.count, !numbers.isEmpty else { return nil }
      self = .epochs(numbers)
    }
  }

  /// Below this many kept epochs none is passed over: what each costs is little, and what was kept
  /// elsewhere (epochs 25, 50, 75) need not be log-spaced.
  public static let fewCheckpoints = 6

  /// The run's checkpoints that fit, seeds in order.
  ///
  /// - Throws: `InfluenceError.noCheckpoints` with what there is.
  public func references(
    of run: Run, seeds: [UInt64]? = nil, method: Method
  ) throws -> [CheckpointReference] {
    try chosen(of: run, seeds: seeds, method: method).references
  }

  /// The run's checkpoints that fit, and what the rule of log spacing passes over.
  ///
  /// - Throws: `InfluenceError.noCheckpoints` with what there is.
  public func chosen(
    of run: Run, seeds: [UInt64]? = nil, method: Method
  ) throws -> ChosenCheckpoints {
    let absent = (seeds ?? []).filter { !run.seeds.contains($0) }
    let all = run.checkpoints.filter { seeds?.contains($0.seed) ?? true }
    let last = all.map(\.epoch).max() ?? 0
    let kept = Set(all.map(\.epoch))
    let wanted: Set<Int>?
    var passedOver: [Int] = []
    switch self {
    case .standard where method.checkpoints != .logSpaced, .final: wanted = [last]
    case .standard where kept.count < CheckpointChoice.fewCheckpoints: wanted = nil
    case .standard, .logSpaced:
      let log = Set(CheckpointSelection.log.numbers(epochs: last))
      (wanted, passedOver) = (log, kept.subtracting(log).sorted())
    case .all: wanted = nil
    case .epochs(let epochs): wanted = Set(epochs)
    }
    let chosen = all.filter { wanted?.contains($0.epoch) ?? true }
    let missing: Set<Int> =
      if case .epochs(let epochs) = self {
        Set(epochs).subtracting(chosen.map(\.epoch))
      } else {
        []
      }
    guard !chosen.isEmpty, missing.isEmpty, absent.isEmpty else {
      let have = Array(Set(run.checkpoints.map(\.epoch))).sorted().map(String.init)
      let selection =
        if !absent.isEmpty {
          "seed \(absent.map(String.init).joined(separator: ", "))"
        } else if !missing.isEmpty {
          "epoch \(missing.sorted().map(String.init).joined(separator: ", "))"
        } else {
          "the selection"
        }
      throw InfluenceError.noCheckpoints(
        selection: selection,
        available: "seeds \(run.seeds.map(String.init).joined(separator: ", ")), "
          + "epochs \(have.joined(separator: ", "))")
    }
    return ChosenCheckpoints(references: chosen, passedOver: passedOver, kept: kept.count)
  }
}

/// Checkpoints that are scored, and those that log spacing leaves out.
public struct ChosenCheckpoints: Sendable {
  /// The checkpoints, seeds in order.
  public let references: [CheckpointReference]
  /// Kept epochs that the rule of log spacing passes over, in order; none for other choices.
  public let passedOver: [Int]
  /// Number of kept epochs.
  let kept: Int

  /// What is passed over, in a line; nil when nothing is.
  public var sentence: String? {
    guard !passedOver.isEmpty else { return nil }
    let names = passedOver.prefix(8).map(String.init).joined(separator: ", ")
    return "\(passedOver.count) of \(kept) kept epochs are not log-spaced and are passed over: "
      + names + (passedOver.count > 8 ? ", …" : "")
  }
}
