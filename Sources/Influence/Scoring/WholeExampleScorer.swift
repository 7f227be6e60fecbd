// Letters: m queries.
import Datasets
import Factors
import Tensors

/// A scorer without a damped solve whose scores have no parts: by token and by component it is refused.
protocol WholeExampleScorer: CheckpointScorer {
  /// Why there is no score by token, and none by component.
  static var noParts: (token: String, component: String) { get }
}

extension WholeExampleScorer {
  var damping: DampingReport? { nil }
  var byteCount: Int { 0 }
  var deletedRows: [Int] { [] }

  func tokenScores(_ queries: Dataset, rows: [Int]) throws -> Matrix<Float> {
    throw InfluenceError.notDefined(
      name: "a score by token", reason: Self.noParts.token, option: "‹method›")
  }

  func partScores(
    _ queries: Dataset, rows: [Int], by partition: GradientPartition
  ) throws -> Matrix<Double> {
    throw InfluenceError.notDefined(
      name: "a score by component", reason: Self.noParts.component, option: "‹method›")
  }
}
