import Training

/// Which checkpoints of a run are scored.
public enum CheckpointChoice: Sendable, Equatable {
  /// The method's own: the log-spaced ones for `trajectory`, else the last.
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

  /// The run's checkpoints that fit, seeds in order.
  ///
  /// - Throws: `InfluenceError.noCheckpoints` with what there is.
  public func references(
    of run: Run, seeds: [UInt64]? = nil, method: Method
  ) throws -> [CheckpointReference] {
    let absent = (seeds ?? []).filter { !run.seeds.contains($0) }
    let all = run.checkpoints.filter { seeds?.contains($0.seed) ?? true }
    let last = all.map(\.epoch).max() ?? 0
    let wanted: Set<Int>?
    switch self {
    case .standard where method.checkpoints != .logSpaced, .final: wanted = [last]
    case .standard, .logSpaced:
      wanted = Set(CheckpointSelection.log.numbers(epochs: last))
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
    return chosen
  }
}
