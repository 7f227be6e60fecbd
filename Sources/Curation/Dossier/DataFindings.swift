// Letters: n training examples, m test examples, d inputs.
import Datasets
import Foundation
import LinearAlgebra
import Tensors

/// What is wrong with data before any model is asked: copies with other labels, test examples that
/// stand in training, classes too small to judge.
public struct DataFindings: Sendable, Equatable {
  /// Two examples whose inputs are the same, or nearly.
  public struct Copy: Sendable, Equatable {
    /// A training row.
    public let row: Int
    /// The other: a training row before it, or a test row.
    public let other: Int
    /// ‖x − x′‖/√(‖x‖ ‖x′‖); 0 for the same input.
    public let distance: Float
  }

  /// Distance up to which two inputs are near-duplicates.
  public static let nearness: Float = 0.05
  /// Training examples up to which near ones are looked for; beyond, equal ones alone.
  public static let nearLimit = 20_000
  /// Pairs that are kept at most, of each kind.
  public static let mostCopies = 10_000
  /// Fewest examples of a class that can be judged.
  public static let leastOfClass = 10

  /// Training examples that are copies of others with another label.
  public let otherLabels: [Copy]
  /// Training examples that are copies of test examples.
  public let inTest: [Copy]
  /// Classes with few training examples: index and number.
  public let smallClasses: [SmallClass]
  /// Whether near ones were looked for.
  public let looksNear: Bool

  /// A class with few training examples.
  public struct SmallClass: Sendable, Equatable {
    /// Its index.
    public let index: Int
    /// Its training examples.
    public let count: Int
  }

  /// The findings of a run's data.
  public init(_ data: SplitData) {
    let (train, test) = (data.train, data.test)
    // Numbers of tokens that are near say nothing.
    let isText = train.vocabulary != nil || train.tokenizer != nil
    looksNear = train.count <= DataFindings.nearLimit && train.featureCount > 0 && !isText
    let own = Copies(of: train, near: looksNear)
    otherLabels =
      train.classes.map { labels in own.pairs(with: train) { $1 < $0 && labels[$0] != labels[$1] } }
      ?? []
    inTest = test.count > 0 ? own.pairs(with: test) { _, _ in true } : []
    smallClasses = train.classSizes.enumerated().compactMap { index, count in
      count > 0 && count < DataFindings.leastOfClass ? SmallClass(index: index, count: count) : nil
    }
  }
}

/// Pairs of examples with near inputs.
private struct Copies {
  let data: Dataset
  let near: Bool
  private let norms: [Float]

  init(of data: Dataset, near: Bool) {
    (self.data, self.near) = (data, near)
    norms = Copies.norms(data)
  }

  private static func norms(_ data: Dataset) -> [Float] {
    let (base, width) = (data.inputs.storage.base, data.featureCount)
    return (0..<data.count).map { row in
      (0..<width).reduce(Float(0)) { $0 + base[row * width + $1] * base[row * width + $1] }
        .squareRoot()
    }
  }

  /// Pairs of a row with one of another set, as far as they are wanted; `mostCopies` at most.
  func pairs(with other: Dataset, where isWanted: (Int, Int) -> Bool) -> [DataFindings.Copy] {
    near ? nearPairs(with: other, isWanted) : equalPairs(with: other, isWanted)
  }

  private func equalPairs(
    with other: Dataset, _ isWanted: (Int, Int) -> Bool
  ) -> [DataFindings.Copy] {
    let index = EqualRows(of: other)
    var found: [DataFindings.Copy] = []
    for row in 0..<data.count {
      for candidate in index.rows(equalTo: row, of: data) where isWanted(row, candidate) {
        found.append(DataFindings.Copy(row: row, other: candidate, distance: 0))
        if found.count == DataFindings.mostCopies { return found }
      }
    }
    return found
  }

  /// ‖x − x′‖² = ‖x‖² + ‖x′‖² − 2⟨x, x′⟩ by blocks of rows; what rounding leaves of equal inputs is
  /// looked at again number by number.
  private func nearPairs(
    with other: Dataset, _ isWanted: (Int, Int) -> Bool
  ) -> [DataFindings.Copy] {
    let width = data.featureCount
    let otherNorms = Copies.norms(other)
    let all = Matrix<Float>(rows: other.count, columns: width, storage: other.inputs.storage)
    var found: [DataFindings.Copy] = []
    for range in (0..<data.count).blocks(of: 512) {
      let rows = data.inputs.gathered(Array(range))
      let block = Matrix<Float>(rows: range.count, columns: width, storage: rows.storage)
      let products = product(MatrixView(block), MatrixView(all).transposed)
      for (place, row) in range.enumerated() {
        for candidate in 0..<other.count where isWanted(row, candidate) {
          let scale = norms[row] * otherNorms[candidate]
          let square =
            norms[row] * norms[row] + otherNorms[candidate] * otherNorms[candidate]
            - 2 * products[place, candidate]
          // Twice the limit: rounding is a thousandth of it.
          let limit = DataFindings.nearness * DataFindings.nearness * scale
          guard square <= 4 * limit else { continue }
          let distance = scale > 0 ? distance(row, other, candidate) / scale.squareRoot() : 0
          if distance <= DataFindings.nearness {
            found.append(.init(row: row, other: candidate, distance: distance))
            if found.count == DataFindings.mostCopies { return found }
          }
        }
      }
    }
    return found
  }

  private func distance(_ row: Int, _ other: Dataset, _ candidate: Int) -> Float {
    let width = data.featureCount
    let (a, b) = (data.inputs.storage.base, other.inputs.storage.base)
    return (0..<width).reduce(Float(0)) { sum, k in
      let difference = a[row * width + k] - b[candidate * width + k]
      return sum + difference * difference
    }.squareRoot()
  }
}
