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
}

/// A method whose model can be refitted without a group in closed form.
protocol GroupDeletion: CheckpointScorer {
  /// f̂(x) − f̂₋S(x) of every query.
  ///
  /// - Parameters:
  ///   - group: S.
  ///   - weights: D of the whole training set, for methods that have them.
  func deletion(
    _ queries: Dataset, of group: [Int], weights: () throws -> [Float]
  ) throws -> Matrix<Float>
}

extension TRAK: GroupDeletion {
  func deletion(
    _ queries: Dataset, of group: [Int], weights: () throws -> [Float]
  ) throws -> Matrix<Float> {
    guard ridge.damping > 0 else { throw InfluenceError.groupNeedsDamping }
    let values = try weights()
    let dual = Matrix(
      group.map { Double(values[$0]) / (ridge.damping * (ridge.scales?[$0] ?? 1)) },
      rows: group.count, columns: 1)
    let residuals = try ridge.groupResiduals(group, dual: dual)
    return try scores(queries, mean: false).columnSums(group, weights: residuals.elements)
  }
}

extension NTKLeaveOneOut: GroupDeletion {
  func deletion(
    _ queries: Dataset, of group: [Int], weights: () throws -> [Float]
  ) throws -> Matrix<Float> {
    let classes = residuals.columns
    let dual = Matrix<Double>(uninitialized: group.count, classes)
    for (row, member) in group.enumerated() {
      for c in 0..<classes {
        dual.storage.base[row * classes + c] = residuals[member, c] * inverseDiagonal[member]
      }
    }
    let without = try ridge.groupResiduals(group, dual: dual)
    let columns = (0..<classes).map { c in group.indices.map { without[$0, c] } }
    let result = Matrix<Float>(uninitialized: queries.count, 1)
    try forEachSolvedBlock(queries) { range, rows, slopes in
      let falls = columns.map { rows.columnSums(group, weights: $0) }
      for row in 0..<rows.rows {
        result.storage.base[range.lowerBound + row] = (0..<classes).reduce(Float(0)) {
          $0 + slopes[row, $1] * falls[$1][row, 0]
        }
      }
    }
    return result
  }
}

extension InfluenceModel {
  /// What leaving out a group does to each query.
  ///
  /// - Parameter group: different rows of the training set, from one to all but one.
  /// - Throws: `InfluenceError.groupNeedsDamping` for `trak` with λ = 0.
  /// - Complexity: that of scoring, and 2sn² + s³/3 flops a checkpoint and part.
  public func groupInfluence(_ queries: Dataset, of group: [Int]) throws -> GroupInfluence {
    precondition(
      !group.isEmpty && group.count < training.count && Set(group).count == group.count,
      "a group of \(group.count) of \(training.count)")
    func part(_ method: Method) throws -> (scores: Matrix<Float>, fall: Matrix<Float>?) {
      var scores = try meanOverCheckpoints(method) { try $0.scores(queries, mean: false) }
      if method == .trak { scores.multiplyColumns(by: try weights()) }
      guard method.isDamped else { return (scores, nil) }
      let fall = try meanOverCheckpoints(method) { scorer in
        guard let deletable = scorer as? any GroupDeletion else {
          preconditionFailure("\(method) cannot delete groups")
        }
        return try deletable.deletion(queries, of: group, weights: self.weights)
      }
      return (scores, fall)
    }
    let parts = try self.parts.map(part)
    var additive = [Double](repeating: 0, count: queries.count)
    var exact = additive
    for (scores, fall) in parts {
      let sums = scores.columnSums(group)
      for query in additive.indices {
        // `trajectory` is ½ of each part at unit spread; the deletion is weighed like the scores.
        let share = parts.count == 1 ? 1 : 0.5 * Double(scores.inverseSpread(row: query))
        additive[query] += share * Double(sums[query, 0])
        exact[query] += share * Double(fall?[query, 0] ?? 0)
      }
    }
    return GroupInfluence(additive: additive, exact: parts.contains { $0.1 == nil } ? nil : exact)
  }
}

extension FeatureModel {
  /// What leaving out a group does to each query: φ_xᵀ A⁻¹ Φ_Sᵀ (I − Φ_S A⁻¹ Φ_Sᵀ)⁻¹ D_S with
  /// A = ΦᵀΦ + λI, the primal form of the same deletion.
  ///
  /// - Parameter group: different rows of the store, from one to all but one.
  /// - Throws: `InfluenceError.groupNeedsDamping` for λ = 0; `.notDefined` for a deleted row.
  /// - Complexity: one pass over the store, and 2sk² + s²k + s³/3 flops a checkpoint.
  public func groupInfluence(_ queries: Dataset, of group: [Int]) throws -> GroupInfluence {
    precondition(
      !group.isEmpty && group.count < store.rows && Set(group).count == group.count,
      "a group of \(group.count) of \(store.rows)")
    if let deleted = store.deletedRows.first(where: Set(group).contains) {
      throw InfluenceError.notDefined(
        name: "the group", reason: "row \(deleted) of the features was deleted", option: "--ids")
    }
    let additive = try scores(queries).columnSums(group).elements.map { Double($0) }
    guard options.method == .trak else { return GroupInfluence(additive: additive, exact: nil) }
    var exact = [Double](repeating: 0, count: queries.count)
    for (index, checkpoint) in checkpoints.enumerated() {
      guard let factor = factors[index] else { continue }
      guard factor.damping > 0 else { throw InfluenceError.groupNeedsDamping }
      let members = try store.rows(group, of: checkpoint.group)
      var half = factor.halfSolve(rows: members.double)
      // Rows of diag(s)^(−½) Φ: the deletion is that of an evenly damped model on them.
      let roots = group.map { (scales?[$0] ?? 1).squareRoot() }
      half.divide(rows: roots)
      let left = symmetricProduct(MatrixView(half))
      for i in 0..<left.count { left.storage.base[i] = -left.storage.base[i] }
      let residuals = try Cholesky(left, damping: 1, name: "I − the group's leverages")
        .solve(group.indices.map { Double(weights[group[$0]]) * roots[$0] })
      let solved = try preconditioned(queries, mean: false, at: index)
      let falls = product(MatrixView(solved), MatrixView(members).transposed)
        .columnSums(Array(group.indices), weights: zip(residuals, roots).map { $0 / $1 })
      for query in exact.indices {
        exact[query] += Double(falls[query, 0]) / Double(checkpoints.count)
      }
    }
    return GroupInfluence(additive: additive, exact: exact)
  }
}

extension RunScorer {
  /// What leaving out a group does to each query.
  public func groupInfluence(_ queries: Dataset, of group: [Int]) throws -> GroupInfluence {
    switch self {
    case .exact(let model): try model.groupInfluence(queries, of: group)
    case .features(let model, _): try model.groupInfluence(queries, of: group)
    }
  }
}

extension Matrix where Scalar == Double {
  /// Divides every row by a number of its own.
  fileprivate mutating func divide(rows divisors: [Double]) {
    let target = writableStorage()
    for row in 0..<rows {
      for column in 0..<columns { target.base[row * columns + column] /= divisors[row] }
    }
  }
}

extension Matrix where Scalar == Float {
  /// Of every row the sum over some columns, each times its weight, added in double; rows × 1.
  func columnSums(_ chosen: [Int], weights: [Double]? = nil) -> Matrix<Float> {
    let result = Matrix<Float>(uninitialized: rows, 1)
    for row in 0..<rows {
      var sum = 0.0
      for (place, column) in chosen.enumerated() {
        sum += (weights?[place] ?? 1) * Double(storage.base[row * columns + column])
      }
      result.storage.base[row] = Float(sum)
    }
    return result
  }
}
