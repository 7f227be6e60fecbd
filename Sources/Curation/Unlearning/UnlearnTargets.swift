// Letters: n training examples, s forgotten examples S, m examples, C outputs z.
import Datasets
import Influence
import Networks
import Tensors

/// The outputs that a network trained without some examples is predicted to have.
///
///     forgotten   z*(x) = z̄(x) + a ŷ₋S(x) + b
///     all others  z*(x) = z(x) + a (ŷ₋S(x) − ŷ(x))
///
/// ŷ is the kernel ridge regression behind `ntk-loo` at the last checkpoint, ŷ₋S the same without S, exactly
/// (`GroupPredictions`). The line a, b is fitted by least squares to what the network says of examples
/// that it was not trained on: outputs of classes less their mean z̄(x) over the classes, which means
/// nothing, with one slope and an intercept a class; numbers with a line each. Without a test set it is
/// fitted to training examples that stay.
struct UnlearnTargets {
  /// Fewest test examples that a line is fitted to.
  static let leastHeldOut = 20
  /// Most training examples that stand in for a test set.
  static let mostKept = 1_000

  private let influence: RunInfluence
  private let forgotten: [Int]
  private let ensemble: Ensemble
  private let line: OutputLine
  private let isOfClasses: Bool

  /// - Parameter forgotten: S, rows of the training set.
  init(
    _ influence: RunInfluence, forgetting forgotten: [Int], collecting job: MislabelJob
  ) throws {
    (self.influence, self.forgotten) = (influence, forgotten)
    let scoring = try job.scoring(ScoringRequest(checkpoints: .final))
    if scoring.usesFeatures { try job.collectTraceFeatures(scoring) }
    ensemble = try influence.ensemble(scoring)
    let data = influence.data
    isOfClasses = data.train.classes != nil
    let isGone = Set(forgotten)
    let held =
      data.test.count >= UnlearnTargets.leastHeldOut
      ? data.test
      : data.train.subset(
        Array(
          (0..<data.train.count).lazy.filter { !isGone.contains($0) }
            .prefix(UnlearnTargets.mostKept)))
    let predicted = try ensemble.groupPredictions(of: held, without: forgotten).whole
    line = OutputLine(
      try influence.predictions(for: held).logits, predicted, centres: isOfClasses)
  }

  /// z* of some training examples, m × C.
  func outputs(_ rows: [Int]) throws -> Tensor {
    let data = influence.data.train.subset(rows)
    let z = try influence.predictions(for: data).logits
    let predicted = try ensemble.groupPredictions(of: data, without: forgotten)
    let isGone = Set(forgotten)
    let width = z.rowLength
    let result = Tensor(uninitialized: z.shape)
    for (place, row) in rows.enumerated() {
      let own = (0..<width).map { Double(z.storage.base[place * width + $0]) }
      let without = line.values(predicted.without.row(place))
      let whole = line.values(predicted.whole.row(place))
      let mean = isOfClasses ? own.reduce(0, +) / Double(width) : 0
      for c in 0..<width {
        let target = isGone.contains(row) ? mean + without[c] : own[c] + without[c] - whole[c]
        result.storage.base[place * width + c] = Float(target)
      }
    }
    return result
  }
}

/// What a network's outputs are to a regression's predictions: a line fitted by least squares.
struct OutputLine: Equatable {
  /// a, C values: of classes all the same.
  let slopes: [Double]
  /// b, C values.
  let intercepts: [Double]
  private let centres: Bool

  /// - Parameters:
  ///   - outputs: z, m × C.
  ///   - predicted: ŷ, m × C.
  ///   - centres: whether rows are taken less their means, and one slope serves all columns.
  init(_ outputs: Tensor, _ predicted: Matrix<Float>, centres: Bool) {
    self.centres = centres
    let (m, width) = (predicted.rows, predicted.columns)
    let z = (0..<m).map { row in
      OutputLine.centred(
        (0..<width).map { Double(outputs.storage.base[row * width + $0]) }, centres)
    }
    let y = (0..<m).map { row in
      OutputLine.centred(predicted.row(row).map { Double($0) }, centres)
    }
    func mean(_ values: [[Double]], _ c: Int) -> Double {
      values.reduce(0) { $0 + $1[c] } / Double(max(1, m))
    }
    let (zMeans, yMeans) = (
      (0..<width).map { mean(z, $0) }, (0..<width).map { mean(y, $0) }
    )
    var (products, squares) = (
      [Double](repeating: 0, count: width), [Double](repeating: 0, count: width)
    )
    for row in 0..<m {
      for c in 0..<width {
        let difference = y[row][c] - yMeans[c]
        products[c] += difference * (z[row][c] - zMeans[c])
        squares[c] += difference * difference
      }
    }
    if centres {
      products = [Double](repeating: products.reduce(0, +), count: width)
      squares = [Double](repeating: squares.reduce(0, +), count: width)
    }
    let slopes = zip(products, squares).map { $1 > 0 ? $0 / $1 : 0 }
    self.slopes = slopes
    intercepts = (0..<width).map { zMeans[$0] - slopes[$0] * yMeans[$0] }
  }

  /// a ŷ + b of one example, C values.
  func values(_ predicted: [Float]) -> [Double] {
    OutputLine.centred(predicted.map { Double($0) }, centres).enumerated().map { c, value in
      slopes[c] * value + intercepts[c]
    }
  }

  private static func centred(_ values: [Double], _ centres: Bool) -> [Double] {
    guard centres else { return values }
    let mean = values.reduce(0, +) / Double(max(1, values.count))
    return values.map { $0 - mean }
  }
}
