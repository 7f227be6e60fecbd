// Letters: n training examples, s forgotten examples S, m examples, C outputs z.
import Datasets
import Influence
import Networks
import Tensors

/// By how much the outputs of a network are predicted to be others without some training examples.
///
///     z*(x) − z(x) = a (ŷ₋S(x) − ŷ(x))
///
/// ŷ is the kernel ridge regression behind `ntk-loo`, the mean over the log-spaced checkpoints of the run's
/// first seed (on features at the last), damped by the mean eigenvalue of each; ŷ₋S the same without S,
/// exactly (`GroupPredictions`). The slope a takes predicted targets to outputs: the line by least squares
/// from ŷ to what the network says at the end of examples that it was not trained on. Outputs of classes are
/// taken less their mean over the classes, which means nothing, and have one slope; numbers have one each.
/// Without a test set the line is fitted to training examples that stay.
///
/// Of 50 examples of 5,000 of MNIST the shift of their margins, the mean of 16 networks trained again, is
/// predicted with a correlation of .75, and .75 of 1.52 is left of it; predicting the margins themselves,
/// instead of their shift, is worse than nothing.
struct UnlearnTargets {
  /// Fewest test examples that a line is fitted to.
  static let leastHeldOut = 20
  /// Most training examples that stand in for a test set.
  static let mostKept = 1_000

  private let influence: RunInfluence
  private let forgotten: [Int]
  private let ensemble: Ensemble
  private let line: OutputLine

  /// - Parameters:
  ///   - forgotten: S, rows of the training set.
  ///   - job: collects features where the exact kernel is too large.
  init(
    _ influence: RunInfluence, forgetting forgotten: [Int], collecting job: MislabelJob
  ) throws {
    (self.influence, self.forgotten) = (influence, forgotten)
    let seeds = Array(influence.run.seeds.prefix(1))
    func scoring(_ checkpoints: CheckpointChoice?) throws -> ResolvedScoring {
      try influence.resolved(
        ScoringRequest(
          method: .ntkLeaveOneOut, damping: .timesMeanEigenvalue(1), dampingProfile: .uniform,
          checkpoints: checkpoints, seeds: seeds, factorBytes: 0))
    }
    var resolved = try scoring(.standard)
    if resolved.usesFeatures {
      resolved = try scoring(.final)
      try job.collectTraceFeatures(resolved)
    }
    ensemble = try influence.ensemble(resolved)
    let data = influence.data
    let isGone = Set(forgotten)
    let held =
      data.test.count >= UnlearnTargets.leastHeldOut
      ? data.test
      : data.train.subset(
        Array(
          (0..<data.train.count).lazy.filter { !isGone.contains($0) }
            .prefix(UnlearnTargets.mostKept)))
    line = OutputLine(
      try influence.predictions(for: held).logits,
      try ensemble.groupPredictions(of: held, without: forgotten).whole,
      centres: data.train.classes != nil)
  }

  /// z* − z of some training examples, m × C.
  func changes(_ rows: [Int]) throws -> Tensor {
    let predicted = try ensemble.groupPredictions(
      of: influence.data.train.subset(rows), without: forgotten)
    let result = Tensor(uninitialized: [rows.count, predicted.whole.columns])
    for place in rows.indices {
      let whole = line.values(predicted.whole.row(place))
      let without = line.values(predicted.without.row(place))
      for (c, value) in without.enumerated() {
        result.storage.base[place * without.count + c] = Float(value - whole[c])
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
