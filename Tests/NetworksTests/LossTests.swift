import Foundation
import Networks
import Tensors
import TestSupport
import Testing

/// The loss that trains, predicts and is differentiated, against plain fp64.
@Suite("Losses")
struct LossTests {
  /// Outputs with targets of one loss, ordinary and extreme.
  struct Case: Sendable, CustomTestStringConvertible {
    let loss: Loss
    let outputs: Tensor
    let targets: TargetValues
    var testDescription: String { loss.rawValue }
    var width: Int { outputs.rowLength }
    /// Rows of the outputs that an example has.
    var places: Int { outputs.rowCount / targets.count }
  }

  static let cases = [
    Case(
      loss: .crossEntropy,
      outputs: Tensor(
        gaussian([4, 5], seed: 1, index: 0, scale: 3).elements + [30, 0, 1, 2, 3, -40, 0, 0, 1, 0],
        shape: [6, 5]),
      targets: .classes([0, 4, 2, 1, 0, 0])),
    Case(
      loss: .squaredError, outputs: gaussian([3, 2], seed: 1, index: 1),
      targets: .values(gaussian([3, 2], seed: 1, index: 2))),
    Case(
      loss: .nextToken, outputs: gaussian([2, 4, 6], seed: 1, index: 3, scale: 3),
      targets: .tokens(Tensor([0, 5, 5, 2, 1, 3, -1, -1], shape: [2, 4]))),
  ]

  /// The softmax of a row.
  private func softmax(_ c: Case, _ row: Int) -> [Double] {
    let z = (0..<c.width).map { Double(c.outputs[row * c.width + $0]) }
    let top = z.max() ?? 0
    let powers = z.map { exp($0 - top) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  /// The class that a row is to predict.
  private func target(_ c: Case, _ row: Int) -> Int? {
    switch c.targets {
    case .classes(let classes): return Int(classes[row])
    case .values: return nil
    case .tokens(let tokens):
      guard row % c.places + 1 < c.places, tokens[row + 1] >= 0 else { return nil }
      return Int(tokens[row + 1])
    }
  }

  /// ℓ and ∂ℓ/∂z of a row.
  private func plain(_ c: Case, _ row: Int) -> (loss: Double, gradient: [Double]) {
    if case .values(let t) = c.targets {
      let errors = (row * c.width..<(row + 1) * c.width).map {
        Double(c.outputs[$0]) - Double(t[$0])
      }
      return (0.5 * errors.reduce(0) { $0 + $1 * $1 }, errors)
    }
    guard let y = target(c, row) else { return (0, [Double](repeating: 0, count: c.width)) }
    var p = softmax(c, row)
    let others = p.indices.filter { $0 != y }.reduce(0) { $0 + p[$1] }
    let loss = p[y] > 0.5 ? -log1p(-others) : -log(p[y])
    p[y] = -others
    return (loss, p)
  }

  @Test("values and gradients are the formulas'", arguments: cases)
  func gradients(_ c: Case) {
    let rows = (0..<c.outputs.rowCount).map { plain(c, $0) }
    let gradient = c.loss.gradient(c.outputs, c.targets)
    let scaled = c.loss.gradient(c.outputs, c.targets, scale: 0.25)
    for (row, known) in rows.enumerated() {
      let range = row * c.width..<(row + 1) * c.width
      let own = Array(gradient.elements[range])
      #expect(relativeDifference(own, known.gradient) < 3e-7, "row \(row)")
      #expect(Array(scaled.elements[range]) == own.map { 0.25 * $0 })
      // Also the small ones: a memorised row's 1 − p_y.
      let y = target(c, row)
      if let y { #expect(relativeDifference([own[y]], [known.gradient[y]]) < 1e-6) }
    }
    let losses = (0..<c.targets.count).map { example in
      (0..<c.places).reduce(0) { $0 + rows[example * c.places + $1].loss }
    }
    #expect(relativeDifference(c.loss.values(c.outputs, c.targets), losses) < 3e-7)
  }

  @Test("the curvature is the derivative of the gradient", arguments: cases, [1.0, 0.25])
  func curvature(_ c: Case, scale: Double) {
    let u = gaussian(c.outputs.shape, seed: 2, index: 0)
    let bend = c.loss.curvature(c.outputs, c.targets, times: u, scale: scale)
    for row in 0..<c.outputs.rowCount {
      let range = row * c.width..<(row + 1) * c.width
      let own = u.elements[range].map { Double($0) }
      var expected = own
      if c.loss != .squaredError {
        let p = target(c, row) == nil ? own.map { _ in 0 } : softmax(c, row)
        // Σ_j p_k p_j (u_k − u_j): no difference of large numbers.
        expected = p.indices.map { k in
          p.indices.reduce(0) { $0 + p[k] * p[$1] * (own[k] - own[$1]) }
        }
      }
      #expect(
        relativeDifference(Array(bend.elements[range]), expected.map { scale * $0 }) < 1e-6,
        "row \(row)")
    }
  }

  /// Signals as six rows of doubles, an example a column.
  private func signals(_ c: Case) -> [[Double]] {
    let n = c.targets.count
    let found = Buffer<Double>(uninitialized: 6 * n)
    _ = c.loss.forEach(c.outputs, c.targets) { example, signals in
      let row = found.base + 6 * example
      (row[0], row[1], row[2]) = (signals.loss, signals.margin, signals.probability)
      (row[3], row[4], row[5]) = (signals.residual, signals.el2n, signals.isCorrect ? 1 : 0)
    }
    return (0..<n).map { i in (0..<6).map { found.base[6 * i + $0] } }
  }

  @Test("signals are those of the same softmax", arguments: cases)
  func signalsOfOutputs(_ c: Case) {
    for (example, found) in signals(c).enumerated() {
      let rows = (0..<c.places).map { example * c.places + $0 }
      let gradients = rows.map { plain(c, $0) }
      let squares = gradients.flatMap(\.gradient).reduce(0) { $0 + $1 * $1 }
      #expect(abs(found[0] - gradients.reduce(0) { $0 + $1.loss }) < 1e-5)
      #expect(abs(found[4] - squares.squareRoot()) < 1e-5)
      let targets = rows.compactMap { row in target(c, row).map { (row, $0) } }
      guard !targets.isEmpty else { continue }
      let p = targets.map { softmax(c, $0.0)[$0.1] }
      let count = Double(targets.count)
      #expect(abs(found[2] - p.reduce(0, +) / count) < 1e-5)
      #expect(abs(found[3] - (count - p.reduce(0, +)) / count) < 1e-5)
      let margin = targets.reduce(0.0) { sum, target in
        let wrong = -plain(c, target.0).gradient[target.1]
        return sum + log(softmax(c, target.0)[target.1]) - log(wrong)
      }
      #expect(abs(found[1] - margin) < 1e-4 * max(1, abs(margin)))
    }
  }

  @Test("confident outputs keep their margin, loss and gradient")
  func extremes() {
    let z = Tensor([40, -60, 0, 40, -60, 0], shape: [2, 3])
    let c = Case(loss: .crossEntropy, outputs: z, targets: .classes([0, 1]))
    let (right, wrong) = (signals(c)[0], signals(c)[1])
    #expect(abs(right[1] - 40) < 1e-9 && right[2] == 1 && right[5] == 1)
    let tail = exp(-40.0)
    #expect(abs(right[0] / tail - 1) < 1e-9)
    #expect(abs(wrong[1] + 100) < 1e-9 && abs(wrong[0] - 100) < 1e-9 && wrong[5] == 0)
    let gradient = Loss.crossEntropy.gradient(z, c.targets, scale: 0.5)
    let half: Double = 0.5 * tail
    #expect(abs(Double(gradient[0]) / -half - 1) < 1e-6)
    #expect(Array(gradient.elements[3...]) == [0.5, -0.5, Float(half)])
  }

  @Test("of equal outputs the first is the prediction")
  func ties() {
    let z = Tensor([1, 1, 1, 1], shape: [2, 2])
    let found = signals(Case(loss: .crossEntropy, outputs: z, targets: .classes([0, 1])))
    #expect(found[0][5] == 1 && found[1][5] == 0)
  }

  @Test("a vocabulary of one token has neither loss nor slope, NaN stays NaN")
  func oneToken() {
    let tokens = TargetValues.tokens(Tensor([0, 0], shape: [1, 2]))
    let z = Tensor([3, 4], shape: [1, 2, 1])
    #expect(Loss.nextToken.values(z, tokens) == [0])
    #expect(Loss.nextToken.gradient(z, tokens).elements == [0, 0])
    #expect(Loss.nextToken.curvature(z, tokens, times: z).elements == [0, 0])
    let nan = Tensor([.nan, 4], shape: [1, 2, 1])
    #expect(Loss.nextToken.values(nan, tokens)[0].isNaN)
  }

  @Test("a loss has targets of one kind")
  func acceptance() {
    for loss in [Loss.crossEntropy, .squaredError, .nextToken] {
      #expect(Self.cases.map { loss.accepts($0.targets) } == Self.cases.map { $0.loss == loss })
    }
  }
}
