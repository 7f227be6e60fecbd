// Letters: n training examples, C outputs.
import Tensors

/// What the kernel regression, fitted without each training example, says of it.
public struct LeaveOneOutPredictions: Sendable {
  /// The prediction for the example's label less that for the best other class, n values; of
  /// numbers minus the squared residual.
  public let margins: [Float]
  /// The predicted targets, C × n: of classes near a probability.
  public let predictions: Matrix<Float>

  /// What another regression says.
  package init(margins: [Float], predictions: Matrix<Float>) {
    (self.margins, self.predictions) = (margins, predictions)
  }

  /// The class that the others say, n values; the first of equal ones.
  public var classes: [Int32] {
    (0..<predictions.columns).map { i in
      Int32((0..<predictions.rows).reduce(0) { predictions[$1, i] > predictions[$0, i] ? $1 : $0 })
    }
  }
}
