// Letters: d components, Q queries.
import Tensors

/// Each component taken away alone, the others kept: τ_i = f(all) − f(all but i).
///
/// Exact where nothing else is taken away; d + 1 passes.
public struct SingleAblation: ComponentEstimator {
  /// By one ablation each.
  public init() {}

  /// τ by one ablation each.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    let bank = try study.bank("loo", MaskDesign.leaveOneOut(study.count))
    let scores = Matrix<Float>(uninitialized: study.outputs.count, study.count)
    for query in 0..<scores.rows {
      for place in 0..<scores.columns {
        scores.storage.base[query * scores.columns + place] =
          bank.outputs[0, query] - bank.outputs[place + 1, query]
      }
    }
    return ComponentEstimate(scores)
  }
}
