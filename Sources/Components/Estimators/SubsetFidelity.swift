// Letters: d components, I inputs and O outputs of a layer that reads them, R rows: positions of the
// reference set.
import Factors
import LinearAlgebra
import Networks
import Tensors

/// How much of what reads a component would be there if it alone were left.
///
///     Y_c = Σ_i A_ci          outputs c of the layer that reads i, by what each i gives, no bias
///     s_ci = max over δ of 1 − E(Y_c − δ A_ci)² / E Y_c² = (E Y_c A_ci)² / (E A_ci² · E Y_c²)
///     τ_i = mean over c of s_ci
///
/// E is over the reference set and the positions of the layer's outputs; one pass forward and back
/// takes the second moments G of the layer's inputs, from which all three are.
///
/// - Precision: fp32 products of a block, fp64 sums.
/// - Source: Kashyap et al. 2025 (arXiv:2511.19566), ModHiFi, the fidelity of sets of one; there of
///   input channels and hidden neurons, the mean over outputs here.
public struct SubsetFidelity: ComponentEstimator {
  /// Of one pass of the reference set.
  public init() {}

  /// Fidelities, the same for every query.
  ///
  /// - Throws: `ComponentError.notDefined` for what is whole, for what no linear layer reads, and
  ///   without a reference set.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    try study.requireUnits("modhifi", reason: "has no weights that read it alone")
    guard let inputs = study.outputs.referenceInputs else {
      throw ComponentError.notDefined(
        name: "modhifi", reason: "there are no examples to take activations from",
        field: "‹method›")
    }
    let (network, theta) = (study.outputs.network, study.outputs.parameters)
    let readers = ComponentWeights(study.components, of: network).readers.map(SubsetFidelity.joined)
    for (component, own) in zip(study.components.components, readers) where own.isEmpty {
      throw ComponentError.notDefined(
        name: "modhifi of \(component.name)", reason: "no linear layer reads it",
        field: "‹kinds›")
    }
    let layers = Dictionary(
      readers.joined().map { ($0.parameter.offset, $0) }, uniquingKeysWith: { first, _ in first })
    let grams = try SubsetFidelity.grams(layers, network, theta, inputs, study.control)
    var products: [Int: ReaderProducts] = [:]
    for (offset, part) in layers {
      products[offset] = grams[offset].map { ReaderProducts(part, theta, $0) }
    }
    let scores = readers.map { own in
      let all = own.flatMap { products[$0.parameter.offset]?.fidelities(of: $0) ?? [] }
      return all.reduce(0, +) / Double(max(1, all.count))
    }
    return .shared(
      scores, queries: study.outputs.count,
      notes: [
        "shares of what reads a component, not changes of f; activations of \(inputs.shape[0]) examples "
          + "of the reference set"
      ])
  }

  /// The weights that read all of a unit's activations, a part a layer.
  private static func joined(_ activations: [[ParameterPart]]) -> [ParameterPart] {
    guard let first = activations.first, let last = activations.last else { return [] }
    return zip(first, last).map { first, last in
      ParameterPart(
        first.parameter, rows: first.rows.lowerBound..<last.rows.upperBound,
        columns: first.columns.lowerBound..<last.columns.upperBound)
    }
  }

  /// Σ x xᵀ over the rows of what layers read, by the offsets of their weights, I × I.
  private static func grams(
    _ layers: [Int: ParameterPart], _ network: Network, _ theta: Tensor, _ inputs: Tensor,
    _ control: JobControl
  ) throws -> [Int: Matrix<Double>] {
    var grams: [Int: Matrix<Double>] = [:]
    for block in (0..<inputs.shape[0]).blocks(of: network.examplesAtATime(atMost: 16)) {
      try control.check()
      let pass = network.pass(theta, batch: block.count, for: .factors)
      let outputs = network.root.forward(inputs.gathered(Array(block)), pass)
      network.backward(Tensor(repeating: 1, shape: outputs.shape), pass)
      for found in pass.takeFactors().blocks {
        guard let part = layers[found.weight.offset] else { continue }
        for term in found.terms {
          guard let x = (part.readsRows ? term.left : term.right).rows(pass.lengths) else {
            continue
          }
          let own = product(MatrixView(x).transposed, MatrixView(x))
          let sum =
            grams[found.weight.offset] ?? Matrix(repeating: 0, rows: own.rows, columns: own.columns)
          for cell in 0..<own.rows * own.columns {
            sum.storage.base[cell] += Double(own.storage.base[cell])
          }
          grams[found.weight.offset] = sum
        }
      }
    }
    return grams
  }
}

extension ParameterPart {
  /// Whether it is rows of a weight that reads by its rows, I × O.
  fileprivate var readsRows: Bool { rows.count < parameter.shape[0] }
}

extension FactorSide {
  /// What a layer reads, a row a position before the padding; nil of tokens.
  fileprivate func rows(_ lengths: [Int]?) -> Matrix<Float>? {
    switch self {
    case .dense(let x), .denseWithOne(let x):
      let (positions, width) = (x.shape[1], x.rowLength)
      let all = Matrix(x.elements, rows: x.rowCount, columns: width)
      guard let lengths, positions > 1 else { return all }
      let kept = (0..<x.rowCount).filter { $0 % positions < lengths[$0 / positions] }
      return Matrix(kept.flatMap { all.row($0) }, rows: kept.count, columns: width)
    case .oneHot, .one: return nil
    }
  }
}

/// A layer's weights with the second moments of what it reads.
private struct ReaderProducts {
  /// W, O × I, and W G.
  private let weights, moved: Matrix<Double>
  private let gram: Matrix<Double>
  /// E Y², O values.
  private let powers: [Double]

  init(_ part: ParameterPart, _ theta: Tensor, _ gram: Matrix<Double>) {
    let inputs = gram.rows
    let outputs = part.parameter.shape.reduce(1, *) / inputs
    let weights = Matrix<Double>(uninitialized: outputs, inputs)
    for o in 0..<outputs {
      for i in 0..<inputs {
        let place = part.readsRows ? i * outputs + o : o * inputs + i
        weights.storage.base[o * inputs + i] = Double(
          theta.storage.base[part.parameter.offset + place])
      }
    }
    let moved = product(MatrixView(weights), MatrixView(gram))
    powers = (0..<outputs).map { o in
      (0..<inputs).reduce(0.0) { $0 + weights[o, $1] * moved[o, $1] }
    }
    (self.weights, self.moved, self.gram) = (weights, moved, gram)
  }

  /// s of each output that a unit is read by, 0 where it gives nothing.
  func fidelities(of part: ParameterPart) -> [Double] {
    let inputs = part.readsRows ? part.rows : part.columns
    let outputs = part.readsRows ? 0..<weights.rows : part.rows
    return outputs.map { o in
      var (joint, own) = (0.0, 0.0)
      for i in inputs {
        joint += weights[o, i] * moved[o, i]
        own += inputs.reduce(0.0) { $0 + weights[o, i] * gram[i, $1] * weights[o, $1] }
      }
      return own > 0 && powers[o] > 0 ? joint * joint / (own * powers[o]) : 0
    }
  }
}
