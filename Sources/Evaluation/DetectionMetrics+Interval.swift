// Letters: n examples.
import Randomness
import Tensors

/// Intervals of detection metrics.
public struct DetectionErrors: Sendable, Codable, Equatable {
  /// Half the width of the 95 % bootstrap interval of ROC AUC.
  public let rocAUC: Double
  /// The same of average precision.
  public let averagePrecision: Double

  /// From resampling the n examples.
  ///
  /// - Parameters:
  ///   - suspicion: n values, higher = more suspect.
  ///   - planted: n truths.
  public init(suspicion: [Float], planted: [Bool], resamples: Int = 100, seed: UInt64 = 0) {
    let n = planted.count
    let found = Matrix<Double>(repeating: .nan, rows: resamples, columns: 2)
    let target = found.storage
    Workers.run(slices: resamples) { resample in
      let stream = RandomStream(seed: seed, purpose: .bootstrap, index: UInt64(resample))
      let rows = (0..<n).map { stream.integer(below: n, at: UInt64($0)) }
      let metrics = DetectionMetrics(
        suspicion: rows.map { suspicion[$0] }, planted: rows.map { planted[$0] })
      target.base[2 * resample] = metrics?.rocAUC ?? .nan
      target.base[2 * resample + 1] = metrics?.averagePrecision ?? .nan
    }
    func spread(_ column: Int) -> Double {
      let values = (0..<resamples).map { found[$0, column] }.filter { !$0.isNaN }
      let center = mean(values)
      return 1.96 * mean(values.map { ($0 - center) * ($0 - center) }).squareRoot()
    }
    (rocAUC, averagePrecision) = (spread(0), spread(1))
  }
}
