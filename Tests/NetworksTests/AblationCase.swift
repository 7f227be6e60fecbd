import Networks
import Tensors
import Testing

/// Random masks at the points of a network, with every kind of value.
struct AblationCase: CustomTestStringConvertible {
  /// Which values ablated activations get.
  enum Value: String, CaseIterable {
    case zero, constant, rows, positions
  }
  /// What the masks are made of.
  enum Mask: String, CaseIterable {
    case binary, fractional
  }

  let value: Value
  let mask: Mask

  static let all = Value.allCases.flatMap { value in
    Mask.allCases.map { AblationCase(value: value, mask: $0) }
  }

  var testDescription: String { "\(value), \(mask)" }

  /// Masks at some groups, of rows that differ; the first example keeps everything.
  ///
  /// - Parameter activations: those of an unmasked pass, whose shapes values by position have.
  func masks(
    _ groups: [ComponentGroup], activations: [Int: Tensor], seed: UInt64 = 9
  ) -> [Int: AblationMask] {
    let batch = Family.batch
    return Dictionary(
      uniqueKeysWithValues: groups.map { group in
        let draws = gaussian([batch, group.units], seed: seed, index: UInt64(group.point))
        let values = draws.elements.enumerated().map { place, draw -> Float in
          if place < group.units { return 1 }
          // Whole parts are ablated now and then, so that something is left.
          let isKept = draw > (group.kind.isWhole ? -0.5 : 0)
          return mask == .binary ? (isKept ? 1 : 0) : isKept ? 1 : 0.5 + 0.25 * draw
        }
        let shape = activations[group.point]?.shape ?? []
        let drawn = { gaussian($0, seed: seed, index: UInt64(100 + group.point)) }
        let filler: AblationValue =
          switch value {
          case .zero: .zero
          case .constant: .constant(drawn([group.width]))
          case .rows: .rows(drawn([batch, group.width]))
          case .positions: .rows(drawn(shape))
          }
        return (
          group.point,
          AblationMask(mask: Tensor(values, shape: [batch, group.units]), value: filler)
        )
      })
  }
}

/// A network of a family at parameters, and what reaches its points when nothing is masked.
struct MaskedProblem {
  let network: Network
  let theta: Tensor
  let inputs: Tensor
  let activations: [Int: Tensor]
  let outputs: Tensor

  init(_ family: Family) {
    network = family.network()
    theta = family.parameters(network)
    inputs = family.inputs
    let pass = network.pass(theta, batch: Family.batch, for: .activations)
    outputs = network.root.forward(inputs, pass)
    activations = pass.observed.activations
  }

  /// A direction of the outputs.
  var d: Tensor { gaussian(outputs.shape, seed: 5, index: 6) }

  func masks(_ c: AblationCase) -> [Int: AblationMask] {
    c.masks(network.components, activations: activations)
  }

  /// ⟨d, f⟩ under masks.
  func value(_ masks: [Int: AblationMask], at parameters: Tensor? = nil) -> Double {
    network.uncheckedOutputs(inputs, parameters: parameters ?? theta, ablation: masks).dot(d)
  }

  func pass(for purpose: Pass.Purpose, _ masks: [Int: AblationMask]) -> Pass {
    let pass = network.pass(theta, batch: Family.batch, for: purpose, ablation: masks)
    _ = network.root.forward(inputs, pass)
    return pass
  }
}

extension Tensor {
  /// The tensor moved along a direction.
  func moved(along v: Tensor, by step: Float) -> Tensor {
    var moved = self
    moved.add(scaled: v, by: step)
    return moved
  }
}
