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
package struct StackCompaction: Sendable {
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
  package init(of gradients: ExampleGradients, outputs: Int) {
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
  package func applied(to gradients: ExampleGradients) -> ExampleGradients {
    ExampleGradients(
      count: gradients.count,
      blocks: zip(gradients.blocks, directions).map { block, directions in
        guard let directions, let left = StackCompaction.stack(block, outputs) else {
          return block
        }
        let width = directions.count / outputs
        let result = Tensor(repeating: 0, shape: [gradients.count, 1, width])
        let (source, target) = (left.storage, result.storage)
        let outputs = outputs
        Workers.run(over: gradients.count, grain: 64) { examples in
          for i in examples {
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
    nonisolated(unsafe) let base = left.storage.base
    let chosen = largestExamples(base, count, outputs, width)
    let result = Buffer<Float>(uninitialized: outputs * width)
    result.base.update(repeating: 0, count: result.count)
    for (o, example) in chosen.enumerated() {
      guard let (i, norm) = example else { continue }
      for c in 0..<outputs {
        result.base[c * width + o] = base[(i * outputs + c) * width + o] / norm.squareRoot()
      }
    }
    let fits = Workers.map(slices: (count + 63) / 64) { slice in
      (slice * 64..<min(count, slice * 64 + 64)).allSatisfy {
        isAlong(result.base, base + $0 * outputs * width, outputs, width)
      }
    }
    guard !fits.contains(false) else { return nil }
    return Array(UnsafeBufferPointer(start: result.base, count: result.count))
  }

  /// Each unit's example with the largest gradient, which says where w points, and its squared norm;
  /// nil where all are 0.
  private static func largestExamples(
    _ base: UnsafeMutablePointer<Float>, _ count: Int, _ outputs: Int, _ width: Int
  ) -> [(example: Int, norm: Float)?] {
    let norms = Buffer<Float>(uninitialized: count * width)
    nonisolated(unsafe) let base = base
    Workers.run(over: count, grain: 64) { examples in
      for i in examples {
        let sums = norms.base + i * width
        sums.update(repeating: 0, count: width)
        for c in 0..<outputs {
          let row = base + (i * outputs + c) * width
          for o in 0..<width { sums[o] += row[o] * row[o] }
        }
      }
    }
    var largest = [(example: Int, norm: Float)?](repeating: nil, count: width)
    for i in 0..<count {
      for o in 0..<width where norms.base[i * width + o] > largest[o]?.norm ?? 0 {
        largest[o] = (i, norms.base[i * width + o])
      }
    }
    return largest
  }

  /// Whether one example's gradients, C × O, are multiples of the directions up to rounding.
  private static func isAlong(
    _ directions: UnsafePointer<Float>, _ gradients: UnsafePointer<Float>, _ outputs: Int,
    _ width: Int
  ) -> Bool {
    let sums = Buffer<Float>(uninitialized: 3 * width)
    sums.base.update(repeating: 0, count: 3 * width)
    let (along, norm, rest) = (sums.base, sums.base + width, sums.base + 2 * width)
    for c in 0..<outputs {
      let (row, w) = (gradients + c * width, directions + c * width)
      for o in 0..<width {
        along[o] += row[o] * w[o]
        norm[o] += row[o] * row[o]
      }
    }
    for c in 0..<outputs {
      let (row, w) = (gradients + c * width, directions + c * width)
      for o in 0..<width {
        let left = row[o] - along[o] * w[o]
        rest[o] += left * left
      }
    }
    return (0..<width).allSatisfy { rest[$0] <= tolerance * tolerance * norm[$0] }
  }
}
