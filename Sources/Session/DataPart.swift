import Datasets

/// The parts of a run's data.
public enum DataPart: String, CaseIterable, Codable, Sendable {
  /// Training examples.
  case train
  /// Test examples.
  case test

  func part(of data: SplitData) -> Dataset { self == .train ? data.train : data.test }
}
