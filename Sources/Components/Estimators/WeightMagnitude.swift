// Letters: d components, Q queries.

/// The size of a component's own weights; no query is looked at.
///
///     τ_i = ‖w_i‖₂          w_i the weights and biases that make i, `ComponentWeights`
///
/// Norms are not in it: behind a batch norm sizes of channels say little.
///
/// - Source: magnitude pruning by groups, as Li et al. 2017 (arXiv:1608.08710) for filters, there
///   with the 1-norm.
public struct WeightMagnitude: ComponentEstimator {
  /// Of no pass.
  public init() {}

  /// ‖w‖, the same for every query.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    let weights = ComponentWeights(study.components, of: study.outputs.network)
    return .shared(
      weights.own.map { $0.squaredNorm(study.outputs.parameters).squareRoot() },
      queries: study.outputs.count, notes: ["norms of weights, not changes of f"])
  }
}

/// Layer-adaptive magnitude: a component's share of the squared weights that are not smaller.
///
///     τ_i = ‖w_i‖² / Σ of ‖w_j‖² over the j of i's layer and kind that come no earlier in the
///                   ascending order of ‖w‖²
///
/// The largest of a layer has 1; scores of different layers can be compared.
///
/// - Source: Lee et al. 2021 (arXiv:2010.07611), LAMP; there of single weights, here of components.
public struct LayerAdaptiveMagnitude: ComponentEstimator {
  /// Of no pass.
  public init() {}

  /// Shares, the same for every query.
  ///
  /// - Throws: `ComponentError.notDefined` for what is whole: alone in its layer it has 1 always.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    try study.requireUnits("lamp", reason: "has no others in its layer to be compared with")
    let weights = ComponentWeights(study.components, of: study.outputs.network)
    let squares = weights.own.map { $0.squaredNorm(study.outputs.parameters) }
    var scores = [Double](repeating: 0, count: study.count)
    let points = Dictionary(grouping: squares.indices) { study.components.components[$0].point }
    for places in points.values {
      var notSmaller = 0.0
      for place in places.sorted(by: { (squares[$0], $0) > (squares[$1], $1) }) {
        notSmaller += squares[place]
        scores[place] = notSmaller > 0 ? squares[place] / notSmaller : 0
      }
    }
    return .shared(
      scores, queries: study.outputs.count, notes: ["shares of squared weights, not changes of f"])
  }
}

extension ComponentStudy {
  /// Refuses kinds that are whole blocks or layers.
  ///
  /// - Throws: `ComponentError.notDefined` naming the kind.
  func requireUnits(_ method: String, reason: String) throws(ComponentError) {
    guard let whole = components.kinds.first(where: \.isWhole) else { return }
    throw .notDefined(
      name: "\(method) of \(whole.rawValue)", reason: "it \(reason)", field: "‹kinds›")
  }
}
