import Factors
import Tensors

/// Collects per-example gradients in factored form during `backward`.
package struct FactorRecorder: Sendable {
  private var blocks: [Int: FactorBlock] = [:]
  /// Squared norms by offset of the weight; nil when factors are wanted.
  var squares: [Int: [Double]]?
  /// The parameters to record; nil records all.
  package let selection: ParameterSelection?

  /// A recorder of all parameters, or of some.
  package init(selection: ParameterSelection? = nil) { self.selection = selection }

  /// Adds one use of a weight.
  ///
  /// A bias that is not with this weight in every use (tied weights, biases of their own) gets a
  /// block of its own, so that no product mixes two biases.
  package mutating func record(weight: Parameter, bias: Parameter?, _ term: OuterProductTerm) {
    guard selection.selects(weight) else {
      if let bias, selection.selects(bias) { recordBias(bias, term.left) }
      return
    }
    guard bias.map({ selection.selects($0) }) ?? true else {
      let alone = FactorBlock(weight: weight, bias: bias, term: term).withoutBias()
      return record(weight: weight, bias: nil, alone.terms[0])
    }
    guard let existing = blocks[weight.offset] else {
      blocks[weight.offset] = FactorBlock(weight: weight, bias: bias, term: term)
      return
    }
    if existing.bias == bias {
      blocks[weight.offset]?.append(term)
      return
    }
    var joined = existing.withoutBias()
    if let first = existing.bias {
      for use in existing.terms { recordBias(first, use.left) }
    }
    let alone = FactorBlock(weight: weight, bias: bias, term: term).withoutBias()
    for use in alone.terms { joined.append(use) }
    blocks[weight.offset] = joined
    if let bias { recordBias(bias, term.left) }
  }

  /// Adds one use of an element-wise parameter, whose gradient is the sum of `left` over positions.
  package mutating func record(elementwise parameter: Parameter, _ left: FactorSide) {
    if selection.selects(parameter) { recordBias(parameter, left) }
  }

  /// A bias as element-wise parameter: its gradient is the sum of its left sides over positions.
  private mutating func recordBias(_ bias: Parameter, _ left: FactorSide) {
    let term = OuterProductTerm(left: left.summedOverPositions(), right: .one)
    if blocks[bias.offset] == nil {
      blocks[bias.offset] = FactorBlock(weight: bias, bias: nil, term: term)
    } else {
      blocks[bias.offset]?.append(term)
    }
  }

  /// What was recorded, in parameter order.
  package func gradients(count: Int) -> ExampleGradients {
    ExampleGradients(
      count: count, blocks: blocks.sorted { $0.key < $1.key }.map(\.value))
  }
}
