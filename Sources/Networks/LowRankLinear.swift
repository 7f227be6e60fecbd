// Letters: I inputs, O outputs, r rank.
import Factors
import Tensors

/// A linear layer with a low-rank adapter beside it: y = x Wᵀ + b + (α/r) x Aᵀ Bᵀ.
///
/// B begins at 0, so that the adapted layer begins as the layer itself.
/// - Source: Hu et al. 2021 (arXiv:2106.09685); names and initial values of PEFT.
public struct LowRankLinear: Layer {
  /// W and b, frozen.
  public let base: Linear
  /// A, r × I.
  public let down: Linear
  /// B, O × r.
  public let up: Linear
  /// α/r.
  public let scale: Float

  /// The end of A's name, behind the layer's.
  public static let downName = ".lora_A.weight"
  /// The end of B's name.
  public static let upName = ".lora_B.weight"

  /// W, b, A and B.
  public var parameters: [Parameter] { base.parameters + down.parameters + up.parameters }

  /// Plans W, then A, then B, which reads what A makes.
  public func plan(_ plan: inout PassPlan, inputMatters: Bool) -> Bool {
    let through = base.plan(&plan, inputMatters: inputMatters)
    let inner = down.plan(&plan, inputMatters: inputMatters)
    let around = up.plan(&plan, inputMatters: inner)
    return through || around
  }

  /// y = W x + b + s B A x.
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    var y = base.forward(x, pass)
    y.add(scaled: up.forward(down.forward(x, pass), pass), by: scale)
    return y
  }

  /// dx = Wᵀ dy + Aᵀ Bᵀ (s dy).
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    let through = pass.reaches(base.slot) ? base.backward(dy, pass) : nil
    guard pass.reaches(up.slot) else { return through }
    let middle = up.backward(dy.scaled(by: scale), pass)
    return sum(through, middle.flatMap { down.backward($0, pass) })
  }

  /// ry = R(W x + b) + s R(B A x).
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    sum(
      base.forwardTangent(rx, pass),
      up.forwardTangent(down.forwardTangent(rx, pass), pass)?.scaled(by: scale))
  }

  /// dx and rdx of both ways, added.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    let through =
      pass.reaches(base.slot) ? base.backwardTangent(dy, rdy, pass) : (dx: nil, rdx: nil)
    guard pass.reaches(up.slot) else { return through }
    let middle = up.backwardTangent(dy.scaled(by: scale), rdy?.scaled(by: scale), pass)
    guard let inner = middle.dx else { return through }
    let around = down.backwardTangent(inner, middle.rdx, pass)
    return (sum(through.dx, around.dx), sum(through.rdx, around.rdx))
  }
}

/// Low-rank adapters of a network: how many numbers, and where.
public struct LowRankAdapters: Sendable, Equatable {
  /// r.
  public var rank: Int
  /// α; the adapter is scaled by α/r.
  public var alpha: Double
  /// The linear layers that get one.
  public var targets: LayerPatterns

  /// Adapters of rank `rank` at the layers that `targets` fit.
  public init(rank: Int, alpha: Double, targets: LayerPatterns) {
    (self.rank, self.alpha, self.targets) = (rank, alpha, targets)
  }
}

extension Network {
  /// The parameters of the network without adapters, which stand first.
  public var modelParameters: [Parameter] {
    parameters.filter {
      !$0.name.hasSuffix(LowRankLinear.downName) && !$0.name.hasSuffix(LowRankLinear.upName)
    }
  }

  /// The same network whose model begins with given values.
  ///
  /// - Parameter values: of `modelParameters`, in order.
  public func starting(from values: Tensor) -> Network {
    precondition(
      values.count == modelParameters.last?.range.upperBound ?? 0,
      "\(values.count) values of \(parameterCount)")
    var network = self
    network.start = values
    return network
  }

  /// The same network with low-rank adapters, whose numbers alone are trained and attributed to.
  ///
  /// An adapter's parameters stand after all others: `NAME.lora_A.weight` (r × I, uniform in
  /// ±1/√I) and `NAME.lora_B.weight` (O × r, zero). A head that is the embedding gets none.
  ///
  /// - Throws: `SelectionError.unmatched` for a target that fits no linear layer, `.empty` when the
  ///   targets leave none.
  public func adapted(
    by adapters: LowRankAdapters, place: String
  ) throws(SelectionError) -> Network {
    var linears: [Linear] = []
    var embeddings = Set<Int>()
    _ = root.mapped { layer in
      if let linear = layer as? Linear { linears.append(linear) }
      if let embedding = layer as? Embedding {
        embeddings.formUnion(embedding.parameters.map(\.offset))
      }
      return layer
    }
    let names = linears.map(\.weight).filter { !embeddings.contains($0.offset) }
    let chosen = Set(try adapters.targets.chosen(from: names, place: place).map(\.offset))
    guard !chosen.isEmpty else {
      throw .empty(
        patterns: adapters.targets.description, names: names.map(\.name), place: place)
    }
    var network = self
    var added: [Parameter] = []
    func parameter(_ name: String, _ shape: [Int], _ initial: InitialValues) -> Parameter {
      let parameter = Parameter(name: name, shape: shape, offset: network.parameterCount)
      network.parameters.append(parameter)
      network.initials[parameter.offset] = initial
      added.append(parameter)
      return parameter
    }
    func linear(_ weight: Parameter) -> Linear {
      defer { network.slots += 1 }
      return Linear(weight: weight, bias: nil, isTransposed: false, slot: network.slots)
    }
    network.root = root.mapped { layer in
      guard let base = layer as? Linear, chosen.contains(base.weight.offset) else { return layer }
      let name = String(base.weight.name.dropLast(".weight".count))
      let (inputs, outputs) = (base.inputs, base.outputs)
      return LowRankLinear(
        base: base,
        down: linear(
          parameter(
            name + LowRankLinear.downName, [adapters.rank, inputs], .uniform(fanIn: inputs))),
        up: linear(
          parameter(name + LowRankLinear.upName, [outputs, adapters.rank], .constant(0))),
        scale: Float(adapters.alpha / Double(adapters.rank)))
    }
    network.selection = ParameterSelection(added)
    return network
  }
}
