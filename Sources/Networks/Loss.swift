// Letters: B examples, T positions, C outputs z, p softmax of z, y the true class, t real targets.
import Tensors

/// The training loss of one example: its value, its derivatives by the outputs, and what the
/// outputs say beside it.
///
/// In order of priority: who trains, who predicts and who differentiates takes the same rule, so
/// that a curvature is that of the gradient that moved the weights; no digit is lost as p_y → 1 or
/// p_y → 0; what is not a number stays so.
public enum Loss: String, Sendable, Codable {
  /// ℓ = −log p_y.
  case crossEntropy
  /// ℓ = ½‖z − t‖² (half of PyTorch's sum-reduced `mse_loss`).
  case squaredError
  /// ℓ = −Σ_t log p(token t + 1 | tokens up to t): the sum over a sequence's targets.
  case nextToken

  /// Whether the loss is that of such targets.
  public func accepts(_ targets: TargetValues) -> Bool {
    switch (self, targets) {
    case (.crossEntropy, .classes), (.squaredError, .values), (.nextToken, .tokens): true
    default: false
    }
  }
}

extension Loss {
  /// Calls `body` with each example's signals and gives ∂ℓ/∂z times `scale`, as the outputs.
  ///
  /// - Parameters:
  ///   - outputs: B × C, or B × T × C of sequences.
  ///   - body: called from several threads, once an example.
  /// - Precision: classes and numbers in fp64, each derivative rounded at most twice; sequences by
  ///   the fp32 softmax of their vocabulary, 1 − p_y as the sum of the others, their losses added in
  ///   fp64. An example's bits depend on its own outputs alone.
  package func forEach(
    _ outputs: Tensor, _ targets: TargetValues, scale: Double = 1,
    _ body: @Sendable (Int, OutputSignals) -> Void
  ) -> Tensor {
    requireFit(outputs, targets)
    let gradient = Tensor(uninitialized: outputs.shape)
    let (z, dz, width) = (outputs.storage, gradient.storage, outputs.rowLength)
    switch targets {
    case .classes(let classes):
      forEachRow(outputs) { row in
        let softmax = ClassRow(
          z.base + row * width, count: width, y: Int(classes[row]), scratch: dz.base + row * width)
        body(row, softmax.writeGradient(scale: scale))
      }
    case .values(let values):
      let t = values.storage
      forEachRow(outputs) { row in
        let start = row * width
        var squares = 0.0
        for k in start..<start + width {
          let error = Double(z.base[k]) - Double(t.base[k])
          squares += error * error
          dz.base[k] = Float(error * scale)
        }
        body(row, OutputSignals(loss: squares / 2, el2n: squares.squareRoot()))
      }
    case .tokens:
      forEachSequence(outputs, targets) { example, rows in
        var sum = TokenSum()
        for row in rows {
          let p = dz.base + row * width
          guard let y = targets.trueClass(row: row) else {
            // What has no target has no loss.
            p.update(repeating: 0, count: width)
            continue
          }
          let token = TokenRow(z.base + row * width, count: width, y: y, scratch: p)
          sum.add(token.writeGradient(scale: Float(scale)))
        }
        body(example, sum.signals)
      }
    }
    return gradient
  }

  /// ∂ℓ/∂z times `scale`, as the outputs: p − e_y, or z − t.
  package func gradient(
    _ outputs: Tensor, _ targets: TargetValues, scale: Double = 1
  ) -> Tensor {
    forEach(outputs, targets, scale: scale) { _, _ in }
  }

  /// ℓ of every example, B values; of NaN outputs NaN.
  package func values(_ outputs: Tensor, _ targets: TargetValues) -> [Float] {
    let result = Buffer<Float>(uninitialized: targets.count)
    _ = forEach(outputs, targets) { result.base[$0] = Float($1.loss) }
    return Array(UnsafeBufferPointer(start: result.base, count: result.count))
  }

  /// (∂²ℓ/∂z²) u times `scale`, as the outputs: p ∘ (u − ⟨p, u⟩), or u; the derivative of `gradient`
  /// along u.
  ///
  /// Positive semi-definite: the Gauss–Newton middle. The targets say which outputs have a loss.
  package func curvature(
    _ outputs: Tensor, _ targets: TargetValues, times u: Tensor, scale: Double = 1
  ) -> Tensor {
    requireFit(outputs, targets)
    precondition(u.count == outputs.count, "direction \(u.shape), outputs \(outputs.shape)")
    let result = Tensor(uninitialized: outputs.shape)
    let (z, r, direction) = (outputs.storage, result.storage, u.storage)
    let width = outputs.rowLength
    switch targets {
    case .classes(let classes):
      forEachRow(outputs) { row in
        let start = row * width
        let softmax = ClassRow(
          z.base + start, count: width, y: Int(classes[row]), scratch: r.base + start)
        softmax.writeCurvature(times: direction.base + start, scale: scale)
      }
    case .values:
      for k in 0..<u.count { r.base[k] = Float(Double(direction.base[k]) * scale) }
    case .tokens:
      forEachSequence(outputs, targets) { _, rows in
        for row in rows {
          let p = r.base + row * width
          guard let y = targets.trueClass(row: row) else {
            p.update(repeating: 0, count: width)
            continue
          }
          let token = TokenRow(z.base + row * width, count: width, y: y, scratch: p)
          token.writeCurvature(times: direction.base + row * width, scale: Float(scale))
        }
      }
    }
    return result
  }

  /// Exponentials a worker takes at a time, of some ten nanoseconds each.
  private static let grain = 320

  private func forEachRow(_ outputs: Tensor, _ body: @Sendable (Int) -> Void) {
    let rows = max(1, Loss.grain / max(1, outputs.rowLength))
    Workers.run(over: outputs.rowCount, grain: rows) { rows in
      for row in rows { body(row) }
    }
  }

  /// Calls `body` with every sequence and its rows of the outputs.
  private func forEachSequence(
    _ outputs: Tensor, _ targets: TargetValues, _ body: @Sendable (Int, Range<Int>) -> Void
  ) {
    let places = targets.rowsOfExample
    Workers.run(slices: targets.count) { body($0, $0 * places..<($0 + 1) * places) }
  }

  private func requireFit(_ outputs: Tensor, _ targets: TargetValues) {
    precondition(
      accepts(targets) && targets.count * targets.rowsOfExample == outputs.rowCount,
      "\(self) of \(targets.count) targets, \(outputs.shape)")
  }
}
