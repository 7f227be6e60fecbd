// Letters: n rows, k features, λ damping.
import Foundation
import LinearAlgebra
import Storage
import Tensors

/// The factored Gram matrix of a checkpoint's features, with what is to be said about it.
///
///     Φᵀ diag(s)⁻¹ Φ + λ I = L Lᵀ
package struct StoreFactor: Sendable {
  /// L and λ.
  package let cholesky: Cholesky<Double>
  /// tr(ΦᵀΦ), without the scales.
  package let trace: Double
  /// Rows of the store that are zero, ascending; deleted ones are not among them.
  package let zeroRows: [Int]
  /// Features that are zero for every row.
  package let deadFeatures: Int
  /// Rows that count.
  package let count: Int
  /// How λ was chosen.
  package let report: DampingReport

  /// Factors the Gram matrix with the report's λ.
  ///
  /// - Throws: `LinearAlgebraError.notPositiveDefinite` when λ = 0 and the features are not
  ///   independent.
  /// - Complexity: k³/3 flops.
  package init(_ sums: consuming StoreGram, report: DampingReport) throws {
    let k = sums.gram.rows
    (trace, zeroRows, count) = (sums.trace, sums.zeroRows, sums.count)
    deadFeatures = (0..<k).count { sums.gram.storage.base[$0 * (k + 1)] == 0 }
    cholesky = try Cholesky(
      sums.gram, damping: report.damping, name: "Gram matrix of the features")
    self.report = report
  }

  /// The factor at a checkpoint of a store: read from beside the store, else made, with the sums it
  /// needs, and kept there.
  ///
  /// - Parameters:
  ///   - scales: s > 0, a value for every row of the store; nil for 1.
  ///   - rule: everything that `report` depends on besides the store and the sums: the damping rule,
  ///     and whether it is diagnosed.
  ///   - isKept: whether files are read and written.
  ///   - note: called with a line for the user where a file cannot be used or written.
  ///   - report: chooses λ; called only when the factor is made.
  /// - Throws: what `report` throws, `StorageError` of reading the store, `LinearAlgebraError`.
  package static func keptOrMade(
    _ store: FeatureStoreReader, group: String, scales: [Double]? = nil, rule: String,
    isKept: Bool = true, note: (String) -> Void, report: (StoreGram) throws -> DampingReport
  ) throws -> StoreFactor {
    var fingerprint = try StoreGram.fingerprint(store, group: group, scales: scales)
    fingerprint.append("damping", rule)
    let file = PreconditionerFile(
      store: store, group: group, kind: "factor", fingerprint: fingerprint)
    let k = store.columns
    if isKept, let kept = file.usable(note, { try StoreFactor(contents: $0, order: k) }) {
      return kept
    }
    let sums = try StoreGram.keptOrMade(
      store, group: group, scales: scales, isKept: isKept, note: note)
    let made = try StoreFactor(sums, report: try report(sums))
    if isKept { file.keep(try made.contents(), note) }
    return made
  }

  private func contents() throws -> PreconditionerFile.Contents {
    var contents = PreconditionerFile.Contents()
    contents.lower["factor"] = cholesky.factor
    contents.values["damping"] = [cholesky.damping]
    contents.values["norm"] = [cholesky.norm]
    contents.values["trace"] = [trace]
    contents.rows["zero"] = zeroRows
    contents.rows["dead"] = [deadFeatures]
    contents.rows["count"] = [count]
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    contents.texts["report"] = String(decoding: try encoder.encode(report), as: UTF8.self)
    return contents
  }

  /// Nil when something is missing or not of `order` features.
  private init?(contents: PreconditionerFile.Contents, order: Int) throws {
    guard let factor = contents.lower["factor"], factor.rows == order,
      let damping = contents.values["damping"]?.first,
      let norm = contents.values["norm"]?.first, let trace = contents.values["trace"]?.first,
      let count = contents.rows["count"]?.first, let zeroRows = contents.rows["zero"],
      let dead = contents.rows["dead"]?.first, let report = contents.texts["report"]
    else { return nil }
    (self.trace, self.zeroRows, self.count, deadFeatures) = (trace, zeroRows, count, dead)
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    self.report = try decoder.decode(DampingReport.self, from: Data(report.utf8))
    cholesky = try Cholesky(
      factor: factor, damping: damping, norm: norm, name: "Gram matrix of the features")
  }
}
