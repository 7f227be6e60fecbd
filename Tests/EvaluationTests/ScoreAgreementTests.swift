import Randomness
import Tensors
import Testing

@testable import Evaluation

@Suite("Agreement of scores")
struct ScoreAgreementTests {
  private func normal(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix<Float> {
    let matrix = Matrix<Float>(repeating: 0, rows: rows, columns: columns)
    RandomStream(seed: seed, purpose: .probe).fillGaussian(
      matrix.storage.base, count: matrix.count, scale: 1)
    return matrix
  }

  @Test("by hand: ranks, shared tops, flipped signs")
  func hand() {
    let a = Matrix<Float>([3, 2, 1, -1, -2, 0.5], rows: 1, columns: 6)
    let b = Matrix<Float>([3, -2, 1, 2, -3, 0.5], rows: 1, columns: 6)
    let found = ScoreAgreement(a, b, top: 2)
    // Ranks of a: 6 5 4 2 1 3; of b: 6 2 4 5 1 3. Σd² = 0 + 9 + 0 + 9 = 18; 1 − 6·18/210.
    #expect(abs(found.spearman - (1 - 108.0 / 210)) < 1e-12)
    // Tops {0, 1} and {0, 3}; ends of a {0, 1, 3, 4}, of which 1 and 3 flip.
    #expect(found.topOverlap == 0.5 && found.signFlips == 0.5 && found.top == 2)
    // r = .486: .9 · .514 / (.486 · .1) = 9.5.
    #expect(found.models() == 10)
    let all = ScoreAgreement.spearman(between: [a, b, a])
    let between: Double = found.spearman
    #expect(all == [[1, between, 1], [between, 1, between], [1, between, 1]])
    let same = ScoreAgreement(a, a)
    #expect(same.spearman == 1 && same.topOverlap == 1 && same.signFlips == 0)
    #expect(same.models() == 1 && same.top == 6)
  }

  @Test("of two runs that know nothing of each other nothing is found, but rarely")
  func null() {
    let found = (0..<40).count { trial in
      let (a, b) = (
        normal(3, 60, seed: UInt64(2 * trial)), normal(3, 60, seed: UInt64(2 * trial + 1))
      )
      return !AgreedExamples(a, b, seed: UInt64(trial)).pairs.isEmpty
    }
    #expect(found <= 4)
  }

  @Test("what both runs were given is found, with its sign and first")
  func planted() {
    let (a, b) = (normal(3, 60, seed: 1), normal(3, 60, seed: 2))
    for matrix in [a, b] {
      matrix.storage.base[60 + 7] = 9
      matrix.storage.base[120 + 3] = -8
    }
    let pairs = AgreedExamples(a, b).pairs
    #expect(pairs.prefix(2).map(\.query) == [1, 2] && pairs.prefix(2).map(\.example) == [7, 3])
    #expect(pairs.count >= 2 && pairs[0].strength > 0 && pairs[1].strength < 0)
  }
}
