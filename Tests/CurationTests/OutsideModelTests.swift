import Datasets
import LinearAlgebra
import Tensors
import TestSupport
import Testing

@testable import Curation

@Suite("What was brought from elsewhere")
struct OutsideModelTests {
  /// 300 examples of three classes with features around corners, and which of their labels are wrong.
  static func data(wrong share: Int) -> (Dataset, Matrix<Float>, [Bool]) {
    var draw = Draws(seed: 5)
    let n = 300
    var (labels, features, isWrong): ([Int32], [Float], [Bool]) = ([], [], [])
    for i in 0..<n {
      let truth = i % 3
      for k in 0..<4 {
        features.append(Float(uniform(&draw) + uniform(&draw) - 1) * 0.5 + (k == truth ? 1 : 0))
      }
      isWrong.append(share > 0 && i % share == 0)
      labels.append(Int32(isWrong[i] ? (truth + 1 + draw.integer(below: 2)) % 3 : truth))
    }
    return (
      Dataset(
        inputs: Tensor(features, shape: [n, 4]),
        targets: .classes(labels, names: ["a", "b", "c"])),
      Matrix(features, rows: n, columns: 4), isWrong
    )
  }

  /// A number from 0 to 1.
  private static func uniform(_ draw: inout Draws) -> Double {
    Double(draw.bits() >> 11) / Double(1 << 53)
  }

  @Test("predictions from features are those of the regression fitted again without the example")
  func leftOut() throws {
    let (train, features, _) = Self.data(wrong: 10)
    let rows = Array(0..<40)
    let few = Matrix<Float>(rows.flatMap { features.row($0) }, rows: 40, columns: 4)
    let labels = Array((train.classes ?? []).prefix(40))
    let found = try OutsideModel(probabilities: nil, features: few).predictions(labels, classes: 3)
    var trace = 0.0
    for value in few.elements { trace += Double(value) * Double(value) }
    for left in [0, 7, 39] {
      for c in 0..<3 {
        let mean = Double(labels.count { Int($0) == c }) / 40
        // Gram and right-hand side of the others alone; λ and the mean are those of all.
        var gram = Matrix<Double>(repeating: 0, rows: 4, columns: 4)
        var right = [Double](repeating: 0, count: 4)
        for i in rows where i != left {
          let y = (Int(labels[i]) == c ? 1 : 0) - mean
          for a in 0..<4 {
            right[a] += Double(few[i, a]) * y
            for b in 0..<4 { gram[a, b] += Double(few[i, a]) * Double(few[i, b]) }
          }
        }
        let slopes = try Cholesky(gram, damping: 0.2 * trace / 40).solve(right)
        let expected = mean + (0..<4).reduce(0.0) { $0 + slopes[$1] * Double(few[left, $1]) }
        #expect(abs(Double(found[c, left]) - expected) < 1e-5, "\(left), class \(c)")
      }
    }
  }

  @Test("planted errors are ranked first and counted, by features, probabilities, and both")
  func counted() throws {
    let (train, features, isWrong) = Self.data(wrong: 10)
    let wrong = isWrong.count { $0 }
    // Probabilities that are sure of the true class, about.
    var draw = Draws(seed: 9)
    let probabilities = Matrix<Float>(
      (0..<300).flatMap { i -> [Float] in
        let sure = Float(0.6 + 0.35 * Self.uniform(&draw))
        return (0..<3).map { $0 == i % 3 ? sure : (1 - sure) / 2 }
      }, rows: 300, columns: 3)
    for (given, features) in [(nil, features), (probabilities, nil), (probabilities, features)] {
      let search = try OutsideSearch(
        try OutsideModel(probabilities: given, features: features), train, run: "r")
      let ranking = search.ranking()
      #expect(ranking.order.prefix(wrong).count { isWrong[$0] } >= wrong * 8 / 10)
      let found = try search.cut(precision: 0.9, run: "r")
      #expect(found.low <= Double(wrong) && Double(wrong) <= found.high, "\(found)")
    }
  }

  @Test("what is no probability, and nothing at all, is refused in a sentence")
  func refusals() {
    let bad = Matrix<Float>([0.2, 0.2, 0.2], rows: 1, columns: 3)
    let error = diagnosed {
      _ = try OutsideModel(probabilities: bad, features: nil, file: "p.npy")
    }
    #expect(error?.what.hasPrefix("row 0 of p.npy sums to 0.6") == true)
    #expect(
      diagnosed { _ = try OutsideModel(probabilities: nil, features: nil) }?.what
        == "neither probabilities nor features are given")
  }
}
