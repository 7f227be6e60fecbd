// Letters: Q queries, d components.
import Tensors

/// What the components of a network do to the outputs of some queries.
public struct ComponentEstimate: Sendable {
  /// τ, Q × d: the change of f(query) by keeping a component, the others being as in the masks.
  public let scores: Matrix<Float>
  /// Standard error of each component's mean over the queries, d values; nil: the method has none.
  public let errors: [Double]?
  /// What was chosen and found on the way, in sentences.
  public let notes: [String]

  /// - Parameters:
  ///   - scores: τ, Q × d.
  ///   - errors: of the mean over the queries, d values.
  public init(_ scores: Matrix<Float>, errors: [Double]? = nil, notes: [String] = []) {
    (self.scores, self.errors, self.notes) = (scores, errors, notes)
  }

  /// Mean of τ over the queries, d values.
  public var weights: [Double] { means { $0 } }

  /// Mean of |τ| over the queries, d values.
  public var magnitudes: [Double] { means { abs($0) } }

  /// - Precision: fp64 sums in the order of the queries.
  private func means(_ value: (Double) -> Double) -> [Double] {
    let d = scores.columns
    var sums = [Double](repeating: 0, count: d)
    for query in 0..<scores.rows {
      let row = scores.storage.base + query * d
      for place in 0..<d { sums[place] += value(Double(row[place])) }
    }
    return sums.map { $0 / Double(max(1, scores.rows)) }
  }

  /// The same τ for every query.
  static func shared(_ values: [Double], queries: Int, notes: [String] = []) -> ComponentEstimate {
    let scores = Matrix<Float>(uninitialized: queries, values.count)
    for query in 0..<queries {
      for (place, value) in values.enumerated() {
        scores.storage.base[query * values.count + place] = Float(value)
      }
    }
    return ComponentEstimate(scores, notes: notes)
  }
}

/// A way to find what components do; one file each, one row of `ComponentMethod.all`.
public protocol ComponentEstimator: Sendable {
  /// Estimates τ.
  ///
  /// - Throws: `ComponentError.notDefined` where the network or the queries do not have it; errors
  ///   of banks; `JobCancelled`.
  func estimate(_ study: ComponentStudy) throws -> ComponentEstimate
}
