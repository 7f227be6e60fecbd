// Letters: T positions, O and I widths of a factored gradient.
import Factors
import Gradients
import Networks

extension ExampleFootprint {
  /// Flops of a pass forward, and back for so many functions of the outputs.
  func passFlops(functions: Int) -> Double {
    2 * tokenShare * (forward + Double(functions) * backward)
  }

  /// Flops of a training step on one example: forward, back, and the weights' gradients.
  var trainingFlops: Double { 2 * tokenShare * (forward + backward + products) }

  /// Bytes of an example's gradients that an exact kernel keeps, for so many functions of the outputs.
  func keptBytes(functions: Int) -> Int {
    if functions == 1 { return kept }
    return 4
      * blocks.reduce(0) {
        let (left, right) = (functions * $1.left, $1.right)
        return $0
          + ($1.positions > 1
            ? min($1.positions * (left + right), left * right) : left + right)
      }
  }

  /// The same once the trace kernel leaves out what the functions have in common: in the last two
  /// layers one number a unit, where each weight is used at one position (`StackCompaction`).
  func compactBytes(functions: Int) -> Int {
    guard functions > 1 else { return keptBytes(functions: functions) }
    let last = blocks.suffix(2).filter { $0.positions == 1 }
    return keptBytes(functions: functions) - last.reduce(0) { $0 + 4 * (functions - 1) * $1.left }
  }

  /// Bytes of the largest slice that a kernel writes out at a time.
  func sliceBytes(functions: Int, examples: Int) -> Int {
    4
      * blocks.reduce(0) {
        $1.isWrittenOut(functions)
          ? max($0, min(FactorBlock.sliceCount, examples * functions * $1.left * $1.right)) : $0
      }
  }

  /// Flops of one dot product of two examples' gradients.
  func pairFlops(functions: Int) -> Double {
    blocks.reduce(0) {
      let (t, left, right) = (Double($1.positions), Double(functions * $1.left), Double($1.right))
      // Of tokens at most the rows of all, where two examples have the same.
      if $1.isLookup { return $0 + 2 * t * right }
      return $0 + 2 * ($1.isWrittenOut(functions) ? left * right : t * t * (left + right))
    }
  }

  /// Flops of writing one example's gradients out where kernels do.
  func gradientFlops(functions: Int) -> Double {
    blocks.reduce(0) {
      $0
        + ($1.isWrittenOut(functions)
          ? 2 * tokenShare * Double($1.positions) * Double(functions * $1.left) * Double($1.right)
          : 0)
    }
  }
}

extension ExampleFootprint.Block {
  /// Whether exact kernels write the gradient out.
  fileprivate func isWrittenOut(_ functions: Int) -> Bool {
    !isLookup
      && FactorBlock.prefersFullGradients(
        pairs: positions * positions, left: functions * left, right: right)
  }
}
