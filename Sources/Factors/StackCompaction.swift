// Letters: n examples, C outputs, O left width of one output.
import Foundation
import Tensors

/// Stacked left sides without what their outputs have in common.
///
/// Before the last layers the outputs' gradients of one unit are the same numbers for every example,
/// up to a factor: D[i, c, o] = m[i, o] w[c, o] (a last layer: w is the identity, m is 1; the layer
/// before it: w its weights, m the activation's slope). Then
///
///     Σ_c D[i, c, o] E[j, c, o] = m[i, o] ‖w_o‖ · ⟨E[j, ·, o], w_o⟩/‖w_o‖
///
/// for any E: one number in place of C for each unit on both sides, and no approximation.
public struct StackCompaction: Sendable {
  /// w_o/‖w_o‖, C × O, of each block that has the form.
  private let directions: [[Float]?]
  private let outputs: Int

  /// Rounding that is left beside a multiple of w, relative to the values.
  private static let tolerance: Float = 1e-6

  /// What can be left out of stacked gradients.
  ///
  /// - Parameters:
  ///   - gradients: of the training examples, C outputs side by side.
  ///   - outputs: C.
  /// - Complexity: 4nCO flops for a block that has the form, a few rows for one that has not.
  public init(of gradients: ExampleGradients, outputs: Int) {
    self.outputs = outputs
    directions = gradients.blocks.map { block -> [Float]? in
      guard outputs > 1, let left = StackCompaction.stack(block, outputs) else { return nil }
      // A few examples tell of most blocks that they do not have the form.
      let few = min(16, left.rowCount)
      guard StackCompaction.directions(of: left, among: few, outputs: outputs) != nil else {
        return nil
      }
      return StackCompaction.directions(of: left, among: left.rowCount, outputs: outputs)
    }
  }

  /// The gradients with one number a unit, of these examples or of others.
  public func applied(to gradients: ExampleGradients) -> ExampleGradients {
    ExampleGradients(
      count: gradients.count,
      blocks: zip(gradients.blocks, directions).map { block, directions in
        guard let directions, let left = StackCompaction.stack(block, outputs) else {
          return block
        }
        let width = directions.count / outputs
        let result = Tensor(repeating: 0, shape: [gradients.count, 1, width])
        let (source, target) = (left.storage, result.storage)
        directions.withUnsafeBufferPointer { directions in
          for i in 0..<gradients.count {
            let sums = target.base + i * width
            for c in 0..<outputs {
              let row = source.base + (i * outputs + c) * width
              for o in 0..<width { sums[o] += row[o] * directions[c * width + o] }
            }
          }
        }
        return FactorBlock(
          weight: block.weight, bias: block.bias,
          term: OuterProductTerm(left: .dense(result), right: block.terms[0].right))
      })
  }

  /// The left sides of a block with one position and all outputs side by side.
  private static func stack(_ block: FactorBlock, _ outputs: Int) -> Tensor? {
    guard block.terms.count == 1, block.weight.shape[0] * outputs == block.leftWidth,
      case .dense(let left) = block.terms[0].left, left.shape[1] == 1
    else { return nil }
    return left
  }

  private static func directions(
    of left: Tensor, among count: Int, outputs: Int
  ) -> [Float]? {
    let width = left.rowLength / outputs
    let base = left.storage.base
    // Each unit's example with the largest gradient says where w points.
    var largest = [Float](repeating: 0, count: width)
    var chosen = [Int](repeating: -1, count: width)
    for i in 0..<count {
      for o in 0..<width {
        var norm: Float = 0
        for c in 0..<outputs {
          let value = base[(i * outputs + c) * width + o]
          norm += value * value
        }
        if norm > largest[o] { (largest[o], chosen[o]) = (norm, i) }
      }
    }
    var result = [Float](repeating: 0, count: outputs * width)
    for o in 0..<width where chosen[o] >= 0 {
      for c in 0..<outputs {
        result[c * width + o] =
          base[(chosen[o] * outputs + c) * width + o] / largest[o].squareRoot()
      }
    }
    for i in 0..<count {
      for o in 0..<width {
        var (along, norm): (Float, Float) = (0, 0)
        for c in 0..<outputs {
          let value = base[(i * outputs + c) * width + o]
          along += value * result[c * width + o]
          norm += value * value
        }
        var rest: Float = 0
        for c in 0..<outputs {
          let value = base[(i * outputs + c) * width + o] - along * result[c * width + o]
          rest += value * value
        }
        if rest > tolerance * tolerance * norm { return nil }
      }
    }
    return result
  }
}
