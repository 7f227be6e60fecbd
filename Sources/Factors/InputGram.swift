// Letters: n examples, I inputs of the network.
import Foundation
import LinearAlgebra
import Synchronization
import Tensors

/// Dot products of the network's inputs, computed once for every kernel whose first layer reads them.
///
///     G[i,j] = ⟨x_i, x_j⟩        the right sides' part of the first layer's kernel
///
/// It is the same for every checkpoint and every method: over four checkpoints of `trajectory` on
/// 784 inputs it saves an eighth of all flops for n²/2 floats: only the lower triangle is kept.
package final class InputGram: Sendable {
  private let inputs: Tensor
  private let products = Mutex<Matrix<Float>?>(nil)

  /// Of the inputs of n examples, n × …; computed when it is first needed.
  package init(_ inputs: Tensor) {
    self.inputs = inputs
  }

  /// G in the lower triangle when the other values are these very inputs (`ExampleGradients.adopting`), else nil.
  ///
  /// - Complexity: n²I flops, once.
  func matrix(of values: Tensor) -> Matrix<Float>? {
    guard values.storage === inputs.storage else { return nil }
    return products.withLock { kept in
      if let kept { return kept }
      let rows = inputs.shape[0]
      let made = lowerProduct(
        MatrixView(
          storage: inputs.storage, rows: rows, columns: inputs.count / max(1, rows),
          stride: inputs.count / max(1, rows)))
      kept = made
      return made
    }
  }
}

extension ExampleGradients {
  /// The same gradients, with right sides that equal the network's inputs on the inputs' storage.
  ///
  /// Saves their copy, and lets `InputGram` know them.
  ///
  /// - Parameter inputs: n × …, the examples in this order.
  public func adopting(inputs: Tensor) -> ExampleGradients {
    func adopted(_ side: FactorSide) -> FactorSide {
      switch side {
      case .dense(let values) where values.hasElements(of: inputs):
        .dense(Tensor(shape: values.shape, storage: inputs.storage))
      case .denseWithOne(let values) where values.hasElements(of: inputs):
        .denseWithOne(Tensor(shape: values.shape, storage: inputs.storage))
      default: side
      }
    }
    return ExampleGradients(
      count: count,
      blocks: blocks.map { block in
        block.mapTerms { OuterProductTerm(left: $0.left, right: adopted($0.right)) }
      })
  }
}

extension Tensor {
  /// Whether the elements are those of another tensor of the same first dimension, bit by bit.
  fileprivate func hasElements(of other: Tensor) -> Bool {
    shape[0] == other.shape[0] && count == other.count && count > 0
      && memcmp(storage.base, other.storage.base, count * MemoryLayout<Float>.size) == 0
  }
}
