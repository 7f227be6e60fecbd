// Letters: B examples, T positions, C tokens of the vocabulary; p softmax of the logits z, y the next
// token.
import Foundation
import Networks
import Tensors

/// Loss, its derivative and the signals of sequences that predict their next tokens.
extension OutputSignals {
  /// Calls `body` with each sequence's signals and gives the scaled derivatives, B × T × C.
  ///
  /// - Parameters:
  ///   - tokens: B × T; below 0 for padding.
  ///   - body: called from several threads, once a sequence.
  /// - Precision: p in fp32, 1 − p_y as the sum of the others; loss and margin in fp64 from those.
  static func forEachSequence(
    _ outputs: Tensor, _ tokens: Tensor, scale: Double, _ body: @Sendable (Int, Row) -> Void
  ) -> Tensor {
    precondition(
      outputs.shape.count == 3 && tokens.shape == Array(outputs.shape.prefix(2)),
      "tokens \(tokens.shape), \(outputs.shape)")
    let gradient = Tensor(uninitialized: outputs.shape)
    let (z, dz, ids) = (outputs.storage, gradient.storage, tokens.storage)
    let (places, width) = (outputs.shape[1], outputs.shape[2])
    Workers.run(slices: outputs.shape[0]) { example in
      var (total, count) = (Row(), 0)
      for place in 0..<places {
        let start = (example * places + place) * width
        let next = place + 1 < places ? ids.base[example * places + place + 1] : -1
        guard next >= 0 else {
          (dz.base + start).update(repeating: 0, count: width)
          continue
        }
        let row = token(
          z.base + start, count: width, y: Int(next), scale: Float(scale),
          gradient: dz.base + start)
        total.loss += row.loss
        total.margin += row.margin
        total.probability += row.probability
        total.residual += row.residual
        total.el2n += row.el2n
        count += 1
      }
      total.probability /= Double(max(1, count))
      total.residual /= Double(max(1, count))
      total.el2n = total.el2n.squareRoot()
      body(example, total)
    }
    return gradient
  }

  /// −log p_y, its derivative times `scale`, and the signals of one position, EL2N squared.
  private static func token(
    _ z: UnsafePointer<Float>, count: Int, y: Int, scale: Float,
    gradient p: UnsafeMutablePointer<Float>
  ) -> Row {
    precondition(y < count, "token \(y) of \(count)")
    VectorMath.softmaxRows(z, into: p, rows: 1, columns: count)
    let right = Double(p[y])
    p[y] = 0
    let wrong = VectorMath.sum(p, count: count)
    let loss: Double
    if right > 0.5 {
      loss = -log1p(-Double(wrong))
    } else {
      // p_y may be too small for a number: from the logits and the largest p.
      var m = y == 0 ? 1 : 0
      for k in 0..<count where p[k] > p[m] { m = k }
      loss = Double(z[m]) - Double(z[y]) - log(Double(p[m]))
    }
    let squares = Double(VectorMath.squaredNorm(p, count: count)) + Double(wrong) * Double(wrong)
    p[y] = -wrong
    VectorMath.scale(scale, p, count: count)
    return Row(
      loss: loss, margin: -loss - log(max(Double(wrong), 1e-38)), probability: right,
      residual: Double(wrong), isCorrect: false, el2n: squares)
  }
}
