// Letters: d components, Q queries.
import Datasets
import Tensors

/// Internal influence: the mean gradient by a component's activations over a distribution of interest.
///
///     τ_i(x) = mean over the queries x′ of x's class of Σ over the activations z of i of ∂f/∂z (x′)
///
/// Without classes the distribution is that of all queries. The unit is f per unit of activation,
/// not a change of f: it says what more of a component would do.
///
/// - Source: Leino et al. 2018 (arXiv:1802.03788), with the classes as distributions; units of more
///   than one activation, and channels at all their pixels, by the sum.
public struct InternalInfluence: ComponentEstimator {
  /// By one backward pass.
  public init() {}

  /// Mean gradients by class.
  ///
  /// - Precision: fp64 sums in the order of the queries.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    let slopes = try study.unmaskedSums("internal") { Double($1) }
    let (queries, d) = (slopes.rows, slopes.columns)
    var distributions = [Int](repeating: 0, count: queries)
    if case .classes(let classes, _) = study.outputs.queries.targets {
      distributions = classes.map(Int.init)
    }
    var sums: [Int: (total: [Double], count: Double)] = [:]
    for (query, own) in distributions.enumerated() {
      var sum = sums[own] ?? ([Double](repeating: 0, count: d), 0)
      for place in 0..<d { sum.total[place] += Double(slopes[query, place]) }
      sum.count += 1
      sums[own] = sum
    }
    let scores = Matrix<Float>(uninitialized: queries, d)
    for (query, own) in distributions.enumerated() {
      guard let sum = sums[own] else { continue }
      for place in 0..<d {
        scores.storage.base[query * d + place] = Float(sum.total[place] / sum.count)
      }
    }
    return ComponentEstimate(scores, notes: ["f per unit of activation, not changes of f"])
  }
}
