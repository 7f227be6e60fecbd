// Letters: α a share of components, M masks, Q queries.
import Evaluation
import LinearAlgebra
import Tensors

/// How well τ·m agrees with the outputs under masks that were not used to find τ.
public struct FreshCorrelation: Sendable, Codable, Equatable {
  /// α of the masks.
  public let alpha: Double
  /// Mean over the queries of Pearson's correlation.
  public let pearson: Double
  /// Half the width of its 95 % interval, from resampling queries and masks.
  public let pearsonError: Double
  /// Mean over the queries of Spearman's correlation.
  public let spearman: Double

  /// The agreement under one bank.
  public init(_ scores: Matrix<Float>, _ bank: AblationBank, alpha: Double) {
    let predicted = product(MatrixView(bank.masks), MatrixView(scores).transposed)
    func columns(_ matrix: Matrix<Float>) -> [[Double]] {
      (0..<matrix.columns).map { query in
        (0..<matrix.rows).map { Double(matrix[$0, query]) }
      }
    }
    let (p, truth) = (columns(predicted), columns(bank.outputs))
    let found = QueryCorrelation(.pearson, predictions: p, truths: [truth])
    self.alpha = alpha
    (pearson, pearsonError) = (found.mean, found.error)
    spearman =
      QueryCorrelation(.spearman, predictions: p, truths: [truth], resamples: 0).mean
  }
}

extension ComponentStudy {
  /// The shares that answers are judged at: the study's own first, then others.
  public var judgedShares: [Double] { ComponentStudy.judgedShares(share) }

  static func judgedShares(_ share: Double) -> [Double] {
    [share] + [2 * share, 4 * share].filter { $0 < 0.9 }
  }

  /// Masks of the study's own share, and of each other one, that answers are judged by.
  public static let freshMasks = (own: 48, other: 24)

  /// Judges estimates under fresh masks, the same for all of them.
  ///
  /// - Parameter count: masks of the study's own share; nil: `freshMasks`.
  /// - Returns: for each estimate, the shares in order.
  public func judged(
    _ estimates: [ComponentEstimate], masks count: Int? = nil
  ) throws -> [[FreshCorrelation]] {
    let banks = try judgedShares.enumerated().map { index, share in
      let number =
        index == 0 ? count ?? ComponentStudy.freshMasks.own : ComponentStudy.freshMasks.other
      return (
        share,
        try bank(
          "fresh-\(index)",
          MaskDesign.random(
            components, share: share, count: number, seed: seed, for: .fresh(index)),
          counts: false)
      )
    }
    return estimates.map { estimate in
      banks.map { FreshCorrelation(estimate.scores, $1, alpha: $0) }
    }
  }
}
