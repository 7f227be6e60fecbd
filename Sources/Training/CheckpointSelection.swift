import Configuration

/// After which epochs the parameters are kept.
///
/// The last epoch always is.
public enum CheckpointSelection: Sendable, Equatable {
  /// 1, 2, 5, 10, 20, 50, 100, …
  case log
  /// Every epoch.
  case every
  /// The last alone.
  case last
  /// Epochs by number, from 1.
  case epochs([Int])

  /// Reads `checkpoints: log`, `every`, `last` or a list of epochs.
  init(from map: ConfigurationMap, epochs: Int) throws(ConfigurationError) {
    if case .list = map.value("checkpoints") {
      let list = try map.ints("checkpoints", in: 1...epochs)
      self = .epochs(Array(Set(list)).sorted())
      return
    }
    enum Word: String, CaseIterable { case log, every, last }
    switch try map.choice("checkpoints", default: Word.log) {
    case .log: self = .log
    case .every: self = .every
    case .last: self = .last
    }
  }

  /// The epochs in ascending order, the last of the run among them.
  public func numbers(epochs: Int) -> [Int] {
    var chosen: Set<Int> = [epochs]
    switch self {
    case .log:
      var decade = 1
      while decade <= epochs {
        chosen.formUnion([1, 2, 5].map { $0 * decade }.filter { $0 <= epochs })
        decade *= 10
      }
    case .every: chosen.formUnion(1...epochs)
    case .last: break
    case .epochs(let list): chosen.formUnion(list.filter { $0 <= epochs })
    }
    return chosen.sorted()
  }

  /// The selection as it is written.
  var value: ConfigurationValue {
    switch self {
    case .log: .string("log")
    case .every: .string("every")
    case .last: .string("last")
    case .epochs(let list): .list(list.map { .int($0) })
    }
  }
}
