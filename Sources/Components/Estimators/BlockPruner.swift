// Letters: d components, Q queries.
import LinearAlgebra
import Tensors

/// Whole parts removed one after another, each time the one that is missed least.
///
///     until nothing is left:  i ← argmax over what is left of mean_x f(x without i and those before)
///     τ_i = (how many went before i, and i) / d
///
/// d(d + 1)/2 − 1 passes. The unit is an order: 1 is what is left at the end.
///
/// - Source: Zhong et al. 2024, BlockPruner, with f in the place of the perplexity.
public struct BlockPruner: ComponentEstimator {
  /// By d(d + 1)/2 − 1 passes.
  public init() {}

  /// Orders of removal, the same for every query.
  ///
  /// - Throws: `ComponentError.notDefined` for units of layers: they are too many.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    if let unit = study.components.kinds.first(where: { !$0.isWhole }) {
      throw ComponentError.notDefined(
        name: "blockpruner of \(unit.rawValue)", reason: "it removes whole parts, one by one",
        field: "‹kinds›")
    }
    let d = study.count
    var scores = [Double](repeating: 0, count: d)
    var left = Array(0..<d)
    for step in 1...d {
      let next = left.count == 1 ? 0 : try BlockPruner.leastMissed(left, study, step)
      scores[left[next]] = Double(step) / Double(d)
      left.remove(at: next)
    }
    return .shared(
      scores, queries: study.outputs.count, notes: ["an order of removal, not changes of f"])
  }

  /// The index of the one without which the mean of f is largest; the first of equal ones.
  private static func leastMissed(
    _ left: [Int], _ study: ComponentStudy, _ step: Int
  ) throws -> Int {
    let masks = Matrix<Float>(repeating: 0, rows: left.count, columns: study.count)
    for row in left.indices {
      for (index, place) in left.enumerated() where index != row {
        masks.storage.base[row * study.count + place] = 1
      }
    }
    let bank = try study.bank("blockpruner-\(step)", masks)
    let means = left.indices.map { row in
      (0..<bank.outputs.columns).reduce(0.0) { $0 + Double(bank.outputs[row, $1]) }
    }
    return means.indices.reduce(0) { means[$1] > means[$0] ? $1 : $0 }
  }
}
