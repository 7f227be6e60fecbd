// Letters: d components, Q queries.
import Tensors

/// One component at a time: taken away alone with the others kept, or kept alone with the others away.
///
///     leave one out: τ_i = f(all) − f(all but i)        leave one in: τ_i = f(i alone) − f(none)
///
/// Exact where nothing else, or everything else, is taken away; d + 1 passes.
public struct SingleAblation: ComponentEstimator {
  /// What the other components are.
  public enum Others: Sendable {
    /// Kept: leave one out.
    case kept
    /// Taken away: leave one in.
    case takenAway
  }

  /// What the other components are.
  public let others: Others

  /// By one ablation each.
  public init(others: Others = .kept) { self.others = others }

  /// τ by one ablation each.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    let isOut = others == .kept
    let bank = try study.bank(
      isOut ? "loo" : "loi",
      isOut ? MaskDesign.leaveOneOut(study.count) : MaskDesign.leaveOneIn(study.count))
    let sign: Float = isOut ? 1 : -1
    let scores = Matrix<Float>(uninitialized: study.outputs.count, study.count)
    for query in 0..<scores.rows {
      for place in 0..<scores.columns {
        scores.storage.base[query * scores.columns + place] =
          sign * (bank.outputs[0, query] - bank.outputs[place + 1, query])
      }
    }
    return ComponentEstimate(scores)
  }
}
