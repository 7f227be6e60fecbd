// Letters: n training examples, m queries, s examples of a group S, C checkpoints.
import Datasets
import LinearAlgebra
import Tensors

/// What leaving out a whole group of training examples does to each query, twice.
///
///     additive_x = Σ_{i∈S} τ(x, z_i)
///     exact_x    = f̂(x) − f̂₋S(x)
///
/// The sum takes every example as if the others of the group stayed. `exact` refits the ridge model
/// behind the method without the group, in closed form, λ and the features as they are:
///
/// - `ntk-loo`: kernel regression on the centred one-hot (or real) targets, whose leave-one-out it
///   is, h_S R_S ∂f/∂z with M = K + λ diag(s), h = κ(x, Z)M⁻¹ and R_S = [M⁻¹]_SS⁻¹ α_S. Of one
///   example, exact and additive are the same.
/// - `trak`: the ridge regression on the gradients (or projected features) whose training residuals
///   are the example weights D: h_S (λ diag(s_S) [M⁻¹]_SS)⁻¹ D_S. The same is one Newton step of the
///   linearised model from the gradients that are left, φ_xᵀ (ΦᵀΦ − Φ_SᵀΦ_S + λI)⁻¹ Φ_Sᵀ D_S, where
///   the sum keeps the whole ΦᵀΦ; of one example it is τ over 1 − its leverage.
/// - `trajectory`: both, weighted as its scores are; over checkpoints, their mean.
///
/// Positive = the group helped the query. In units of the scores.
public struct GroupInfluence: Sendable, Equatable {
  /// Σ_{i∈S} τ of every query, m values.
  public let additive: [Double]
  /// The exact deletion, m values; nil for methods without a model that could be refitted.
  public let exact: [Double]?
  /// Σ_i τ² of every query over all training examples, m values: what a sum over random ones varies by.
  public let squares: [Double]
}

/// A method whose model can be refitted without a group in closed form.
public protocol GroupDeletion: CheckpointScorer {
  /// f̂(x) − f̂₋S(x) of every query, m values.
  ///
  /// - Parameters:
  ///   - group: S.
  ///   - weights: D of the whole training set, for methods that have them.
  func deletion(
    of queries: Dataset, group: [Int], weights: () throws -> [Float]
  ) throws -> [Double]
}

extension Ensemble {
  /// What leaving out a group does to each query.
  ///
  /// - Parameter group: different rows of the training set, from one to all but one.
  /// - Throws: `InfluenceError.groupNeedsDamping` for `trak` with λ = 0; `.notDefined` for a deleted
  ///   row of a store.
  /// - Complexity: that of scoring, and 2sn² + s³/3 flops a checkpoint and part (on features 2sk² +
  ///   s²k + s³/3).
  public func groupInfluence(_ queries: Dataset, of group: [Int]) throws -> GroupInfluence {
    precondition(
      !group.isEmpty && group.count < training.count && Set(group).count == group.count,
      "a group of \(group.count) of \(training.count)")
    let parts = try options.method.parts.map { try part($0, queries, group) }
    var additive = [Double](repeating: 0, count: queries.count)
    var (exact, squares) = (additive, additive)
    let sums = parts.map { $0.scores.columnSums(group) }
    for query in additive.indices {
      var row = [Double](repeating: 0, count: training.count)
      for (part, (scores, falls)) in parts.enumerated() {
        // A combination is the mean of its parts at unit spread; the deletion is weighed likewise.
        let share =
          parts.count == 1
          ? 1 : Double(scores.inverseSpread(row: query)) / Double(parts.count)
        additive[query] += share * sums[part][query]
        exact[query] += share * (falls?[query] ?? 0)
        for i in row.indices { row[i] += share * Double(scores[query, i]) }
      }
      // Deleted rows of a store have no score.
      squares[query] = row.reduce(0.0) { $1.isFinite ? $0 + $1 * $1 : $0 }
    }
    return GroupInfluence(
      additive: additive, exact: parts.contains { $0.1 == nil } ? nil : exact, squares: squares)
  }

  /// The scores of one part of the method, and what the deletion takes from each query.
  private func part(
    _ method: Method, _ queries: Dataset, _ group: [Int]
  ) throws -> (scores: Matrix<Float>, falls: [Double]?) {
    var scores = try scores(queries, mean: false, of: method)
    if method.weighs { scores.multiplyColumns(by: try weights()) }
    var falls = [Double]?([Double](repeating: 0, count: queries.count))
    try forEachScorer(of: method, keeps: true) { scorer, _ in
      if let deleted = scorer.deletedRows.first(where: Set(group).contains) {
        throw InfluenceError.notDefined(
          name: "the group", reason: "row \(deleted) of the features was deleted", option: "‹ids›")
      }
      guard let scorer = scorer as? any GroupDeletion else { return falls = nil }
      let part = try scorer.deletion(of: queries, group: group, weights: self.weights)
      falls = falls.map { zip($0, part).map { $0 + $1 / Double(self.checkpoints.count) } }
    }
    return (scores, falls)
  }
}

extension TrainingProducts {
  /// Of every row the sum over some training examples, each times its weight, in double.
  func sums(_ chosen: [Int], weights: [Double]) throws -> [Double] {
    var result = [Double](repeating: 0, count: rows)
    let order = chosen.indices.sorted { chosen[$0] < chosen[$1] }
    var next = order.startIndex
    while next < order.endIndex {
      // Neighbours come with one read.
      let start = chosen[order[next]]
      let end = order[next...].prefix { chosen[$0] < start + 256 }.endIndex
      let range = start..<chosen[order[end - 1]] + 1
      let block = try block(range)
      for place in order[next..<end] {
        for row in 0..<rows {
          result[row] += weights[place] * Double(block[row, chosen[place] - start])
        }
      }
      next = end
    }
    return result
  }
}

extension Matrix where Scalar == Float {
  /// Of every row the sum over some columns, in double.
  func columnSums(_ chosen: [Int]) -> [Double] {
    (0..<rows).map { row in
      chosen.reduce(0.0) { $0 + Double(storage.base[row * columns + $1]) }
    }
  }
}
