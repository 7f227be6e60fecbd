import Randomness
import Tensors
import Testing

@testable import Curation

@Suite struct FeatureSelectionTests {
  private func matrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix<Float> {
    let result = Matrix<Float>(uninitialized: rows, columns)
    RandomStream(seed: seed, purpose: .probe).fillGaussian(
      result.storage.base, count: rows * columns)
    return result
  }

  private func cosines(_ m: Matrix<Float>) -> Matrix<Float> {
    func dot(_ i: Int, _ j: Int) -> Double {
      (0..<m.columns).reduce(0.0) { $0 + Double(m[i, $1]) * Double(m[j, $1]) }
    }
    var values: [Float] = []
    for i in 0..<m.rows {
      for j in 0..<m.rows { values.append(Float(dot(i, j) / (dot(i, i) * dot(j, j)).squareRoot())) }
    }
    return Matrix(values, rows: m.rows, columns: m.rows)
  }

  @Test(arguments: [UInt64(0), 1, 2, 3, 4])
  func `lazy facility location picks what the plain greedy picks`(seed: UInt64) {
    let s = cosines(matrix(37, 5, seed: seed))
    var covered = [Double](repeating: 0, count: 37)
    let picked = PruneStrategy.facilities(s, 20)
    for place in 0..<20 {
      let before = picked.prefix(place)
      let gains = (0..<37).map { j in
        before.contains(j)
          ? -1 : (0..<37).reduce(0.0) { $0 + max(0, Double(s[$1, j]) - covered[$1]) }
      }
      // Each pick is the plain greedy's, but for 37 roundings of floats below 1.
      let most = gains.max() ?? 0
      #expect(abs(gains[picked[place]] - most) < 37 * 0x1p-23 * max(1, most), "pick \(place)")
      for i in 0..<37 { covered[i] = max(covered[i], Double(s[i, picked[place]])) }
    }
    #expect(Set(PruneStrategy.facilities(s, 37)).count == 37)
  }

  @Test(arguments: [UInt64(0), 1, 2])
  func `k-center picks the farthest, herding the nearest to the mean`(seed: UInt64) {
    let m = matrix(23, 4, seed: seed)
    let s = cosines(m)
    let centers = PruneStrategy.centers(s, 8)
    for place in 1..<8 {
      let before = centers.prefix(place)
      let nearness = (0..<23).map { i in before.map { s[i, $0] }.max() ?? 0 }
      let farthest = (0..<23).filter { !before.contains($0) }.map { nearness[$0] }.min()
      #expect(nearness[centers[place]] == farthest)
    }
    // By vectors: w ← w + μ − φ.
    let unit: [[Float]] = (0..<23).map { row in
      let values = Array(m.row(row))
      let norm = values.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
      return values.map { $0 / norm }
    }
    let mean: [Float] = (0..<4).map { c in unit.reduce(Float(0)) { $0 + $1[c] } / 23 }
    var (weight, plain) = (mean, [Int]())
    for _ in 0..<10 {
      let values: [Float] = unit.map { row in
        (0..<4).reduce(Float(0)) { $0 + row[$1] * weight[$1] }
      }
      let best = (0..<23).filter { !plain.contains($0) }.max { values[$0] < values[$1] } ?? 0
      plain.append(best)
      for c in 0..<4 { weight[c] += mean[c] - unit[best][c] }
    }
    #expect(PruneStrategy.herd(s, 10) == plain)
  }

  /// Two classes of 30 and 10 examples, mixed.
  private func context(_ features: Matrix<Float>) -> PruneContext {
    var sources = GivenSources()
    sources.matrix = features
    return PruneContext(
      count: 40, classes: (0..<40).map { $0 % 4 == 0 ? 1 : 0 }, classNames: ["a", "b"],
      sources: sources)
  }

  @Test func `classes get their quotas, and blocks and groups their part of them`() throws {
    var selection = FeatureSelection(context(matrix(40, 6, seed: 1)))
    for (blockRows, most) in [(40, 100), (7, 100), (40, 4), (9, 2)] {
      (selection.blockRows, selection.mostInGroup) = (blockRows, most)
      for (share, wanted) in [(FeatureSelection.Share.evenly, 8), (.proportionally, 4)] {
        let kept = try selection.kept(
          16, of: Array(0..<40), share: share, pick: PruneStrategy.facilities)
        #expect(Set(kept).count == 16)
        #expect(kept.count { $0 % 4 == 0 } == wanted)
      }
    }
  }

  @Test func `in one block it is the pick of each class, and zeros are like nothing`() throws {
    let features = matrix(40, 6, seed: 2)
    for column in 0..<6 { features.storage.base[5 * 6 + column] = 0 }
    let kept = try FeatureSelection(context(features)).kept(
      10, of: Array(0..<40), share: .evenly, pick: PruneStrategy.facilities)
    let second = stride(from: 0, to: 40, by: 4).map { $0 }
    let own = Matrix(second.flatMap { Array(features.row($0)) }, rows: 10, columns: 6)
    let expected = PruneStrategy.facilities(cosines(own), 5).map { second[$0] }
    #expect(kept.filter { $0 % 4 == 0 }.sorted() == expected.sorted())
    #expect(!kept.contains(5))
  }

  @Test func `only the rows that are offered are chosen`() throws {
    let offered = (10..<35).map { $0 }
    let kept = try FeatureSelection(context(matrix(40, 6, seed: 3))).kept(
      12, of: offered, share: .evenly, pick: PruneStrategy.centers)
    #expect(kept.allSatisfy { offered.contains($0) } && Set(kept).count == 12)
  }
}
