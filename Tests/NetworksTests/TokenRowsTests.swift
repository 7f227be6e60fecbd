import Factors
import Tensors
import TestSupport
import Testing

@testable import Networks

@Suite struct TokenRowsTests {
  /// Tokens of each example; the rest of its five places is padding.
  static let lengths = [5, 1, 3, 2]
  static let tokens: [[Float]] = [[3, 6, 1, 2, 5], [4], [6, 2, 6], [5, 1]]

  static var inputs: Tensor {
    Tensor(
      tokens.flatMap { $0 + [Float](repeating: -1, count: 5 - $0.count) }, shape: [4, 5])
  }

  /// Slopes that differ at every output, 0 where there is no token.
  static func slopes(_ outputs: Tensor, _ lengths: [Int], row: Int = 0) -> Tensor {
    let slopes = Tensor(uninitialized: outputs.shape)
    let (size, width) = (outputs.count / lengths.count, outputs.rowLength)
    for i in 0..<outputs.count {
      let (example, place) = (i / size, i % size)
      let isToken = outputs.shape.count == 2 || place / width < lengths[example]
      slopes.storage.base[i] = isToken ? Float(1 + (row + example) * 7 % 5) - Float(place % 4) : 0
    }
    return slopes
  }

  @Test(
    "a padded batch gives what its examples give alone, without padding",
    arguments: [Family.bert, .gpt2, .llama])
  func alone(_ family: Family) {
    let network = family.network()
    let theta = family.parameters(network)
    func passed(_ x: Tensor, _ lengths: [Int], row: Int) -> (Tensor, Matrix<Float>) {
      let pass = network.pass(theta, batch: lengths.count, for: .factors)
      let outputs = network.root.forward(x, pass)
      _ = network.root.backward(Self.slopes(outputs, lengths, row: row), pass)
      return (outputs, pass.takeFactors().fullGradients(parameterCount: theta.count))
    }
    let (outputs, gradients) = passed(Self.inputs, Self.lengths, row: 0)
    for (row, tokens) in Self.tokens.enumerated() {
      let x = Tensor(tokens, shape: [1, tokens.count])
      let (own, gradient) = passed(x, [tokens.count], row: row)
      let size = outputs.count / 4
      let together = outputs.elements[row * size..<row * size + own.count]
      #expect(relativeDifference(Array(together), own.elements) < 1e-5)
      #expect(relativeDifference(gradients.row(row), gradient.elements) < 1e-5)
    }
  }

  @Test("the share of tokens is that of places before the padding")
  func share() {
    #expect(Family.gpt2.network().tokenShare(of: Self.inputs) == 11.0 / 20)
    #expect(Family.mlp.network().tokenShare(of: Family.mlp.inputs) == 1)
  }

  @Test("rows are packed and padded by hand; without padding all are taken")
  func byHand() throws {
    let rows = try #require(TokenRows(lengths: [2, 0, 1], positions: 3))
    #expect(rows.counts == [2, 1, 1] && rows.count == 4)
    let x = Tensor((0..<18).map(Float.init), shape: [3, 3, 2])
    let packed = rows.packed(x)
    #expect(packed.shape == [4, 2] && packed.elements == [0, 1, 2, 3, 6, 7, 12, 13])
    let padded = rows.padded(packed)
    #expect(padded.shape == [3, 3, 2])
    #expect(padded.elements == [0, 1, 2, 3, 0, 0, 6, 7, 0, 0, 0, 0, 12, 13, 0, 0, 0, 0])
    let doubled = rows.mapped(x) { x, y, count in for i in 0..<count { y[i] = 2 * x[i] } }
    #expect(doubled.elements == padded.elements.map { 2 * $0 })
    #expect(TokenRows(lengths: [3, 3], positions: 3) == nil)
  }
}
