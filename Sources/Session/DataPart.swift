import Datasets

/// The parts of a run's data.
public enum DataPart: String, CaseIterable, Codable, Sendable {
  /// Training examples.
  case train
  /// Test examples.
  case test

  /// As an adjective: `test`, `training`.
  var name: String { self == .test ? "test" : "training" }

  /// - Throws: `DatasetError.noTestSet`.
  func part(of data: SplitData) throws -> Dataset {
    if self == .test { try data.requireTest() }
    return self == .train ? data.train : data.test
  }
}
