import Influence

/// A file of scores that was written.
public struct ScoreAnswer: Answer, Equatable {
  /// The file.
  public let path: String
  /// Its rows and columns.
  public let queries, trainingExamples: Int
  /// What made it.
  public let header: ScoreDescription

  package init(path: String, queries: Int, trainingExamples: Int, header: ScoreDescription) {
    (self.path, self.queries, self.trainingExamples) = (path, queries, trainingExamples)
    self.header = header
  }

  /// For reading.
  public var text: String { "wrote \(path): \(queries) × \(trainingExamples) scores" }
}
