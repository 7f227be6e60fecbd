// Letters: p parameters, U units of a point, W activations of a unit.
import Datasets
import Factors
import Networks
import Tensors

/// Weights of a network whose plain outputs are those that others have without some components.
///
///     what reads it    columns × 0 (× x of `scale:x`); of means b += W·mean, where linear layers read
///     what makes it    rows × 0 and b = mean; of batch norms γ = 0 and β = mean
///
/// What reads a component is changed where nothing else gets past it; else, before a residual sum or
/// on the way around a block, what makes it. In order of priority: the same outputs (up to the order
/// of sums), every component or a refusal by its name.
struct BakedWeights {
  /// p values.
  private(set) var parameters: Tensor
  private let ablation: Ablation
  /// What is taken away at each point: units.
  private let removed: [Int: [Int]]
  private let filling: AblationFilling.Rows

  /// - Parameter removed: units by point.
  /// - Throws: `ComponentError.notBaked` for what no change of weights can take away.
  init(
    _ network: Network, _ theta: Tensor, removed: [Int: [Int]], ablation: Ablation,
    filling: AblationFilling.Rows
  ) throws(ComponentError) {
    parameters = Tensor(uninitialized: theta.shape)
    parameters.storage.base.update(from: theta.storage.base, count: theta.count)
    (self.removed, self.ablation, self.filling) = (removed, ablation, filling)
    try visit([network.root], then: [])
  }

  /// - Parameter rest: what comes behind these layers, as far as nothing is added to them.
  private mutating func visit(
    _ layers: [any Layer], then rest: [any Layer]
  ) throws(ComponentError) {
    for (index, layer) in layers.enumerated() {
      let after = Array(layers[(index + 1)...]) + rest
      switch layer {
      case let sequence as Sequential: try visit(sequence.layers, then: after)
      case let residual as Residual:
        try visit(residual.body.layers, then: [])
        try visit(residual.shortcut?.layers ?? [], then: [])
      case let parallel as Concatenation:
        for inner in parallel.layers { try visit([inner], then: []) }
      case let block as Block:
        try visit(block.body.layers, then: after)
        for group in block.components.suffix(1) where removed[group.point] != nil {
          throw refusal(group, 0, "a transformer’s layer has no weights of its own to change")
        }
      case let point as AblationPoint:
        for group in point.components {
          for unit in removed[group.point] ?? [] {
            try bake(group, unit, behind: Array(layers[..<index]), before: after)
          }
        }
      default: break
      }
    }
  }

  private func refusal(
    _ group: ComponentGroup, _ unit: Int, _ reason: String
  ) -> ComponentError {
    let component = Component(
      kind: group.kind, layer: group.path, unit: unit, point: group.point)
    return .notBaked(component: component.name, reason: reason)
  }

  private mutating func bake(
    _ group: ComponentGroup, _ unit: Int, behind made: [any Layer], before after: [any Layer]
  ) throws(ComponentError) {
    let activations = unit * group.unitWidth..<(unit + 1) * group.unitWidth
    if let readers = BakedWeights.readers(after),
      ablation != .mean || readers.allSatisfy(\.takesConstants)
    {
      for k in activations { read(k, of: group, by: readers) }
      return
    }
    guard ablation == .zero || ablation == .mean else {
      throw refusal(
        group, unit, "something goes around what reads it, and only 0 and means can be held there")
    }
    for k in activations {
      guard hold(made, k, at: value(k, of: group)) else {
        throw refusal(
          group, unit,
          "neither what makes it nor what reads it can be changed without changing more")
      }
    }
  }

  /// What an activation becomes: 0, or its mean.
  private func value(_ k: Int, of group: ComponentGroup) -> Float {
    if case .constant(let means) = filling.value(at: group.point) { means[k] } else { 0 }
  }

  /// The layers that read an activation; nil where it also gets elsewhere.
  private static func readers(_ layers: [any Layer]) -> [AffineLayer]? {
    for (index, layer) in layers.enumerated() {
      if let own = AffineLayer(layer) { return [own] }
      let rest = Array(layers[(index + 1)...])
      switch layer {
      case is AblationPoint, is Dropout, is MaxPool2D, is AveragePool2D, is FlattenImage,
        is Flatten, is MeanPool, is FirstPosition:
        continue
      case let sequence as Sequential: return readers(sequence.layers + rest)
      case let residual as Residual:
        guard let shortcut = residual.shortcut, let around = readers(shortcut.layers),
          let through = readers(residual.body.layers)
        else { return nil }
        return through + around
      case let parallel as Concatenation:
        let found = parallel.layers.map { readers([$0]) }
        return found.contains { $0 == nil } ? nil : found.flatMap { $0 ?? [] }
      default: return nil
      }
    }
    return nil
  }

  /// Columns of an activation × what is left of it; its mean goes into the bias.
  private mutating func read(_ k: Int, of group: ComponentGroup, by readers: [AffineLayer]) {
    let value = value(k, of: group)
    for reader in readers {
      let pixels = reader.inputs / group.width
      let parts = reader.reading(k * pixels..<(k + 1) * pixels)
      if value != 0 { add(value, through: parts, to: reader) }
      for part in parts { scale(part, by: ablation.off) }
    }
  }

  /// b += W·value over some columns of a linear layer.
  private func add(_ value: Float, through parts: [ParameterPart], to reader: AffineLayer) {
    guard case .linear(let layer) = reader, let bias = layer.bias else { return }
    for part in parts {
      let width = part.parameter.shape.dropFirst().reduce(1, *)
      for row in part.rows {
        for column in part.columns {
          let output = layer.isTransposed ? column : row
          let weight = parameters[part.parameter.offset + row * width + column]
          parameters.storage.base[bias.offset + output] += weight * value
        }
      }
    }
  }

  private func scale(_ part: ParameterPart, by factor: Float) {
    for place in part.ranges.joined() { parameters.storage.base[place] *= factor }
  }

  private func set(_ parameter: Parameter, _ index: Int, _ value: Float) {
    parameters.storage.base[parameter.offset + index] = value
  }

  /// Makes channel k of what comes out of some layers a constant.
  ///
  /// - Returns: whether it could be.
  private func hold(_ layers: [any Layer], _ k: Int, at wanted: Float) -> Bool {
    var value = wanted
    for (index, layer) in layers.enumerated().reversed() {
      let before = Array(layers[..<index])
      switch layer {
      case is AblationPoint, is Dropout: continue
      case let activation as Activation:
        // Every one of them keeps 0; what is above, ReLU keeps too.
        if value == 0 { continue }
        guard activation.kind == .relu, value > 0 else { return false }
      case let norm as BatchNorm2D:
        set(norm.weight, k, 0)
        set(norm.bias, k, value)
        return true
      case let norm as GroupNorm:
        set(norm.weight, k, 0)
        set(norm.bias, k, value)
        return true
      case let sequence as Sequential: return hold(before + sequence.layers, k, at: value)
      case let residual as Residual:
        if let shortcut = residual.shortcut {
          return hold(residual.body.layers, k, at: value) && hold(shortcut.layers, k, at: 0)
        }
        guard let around = held(before, k) else { return false }
        value -= around
        return hold(residual.body.layers, k, at: value)
      default:
        guard let affine = AffineLayer(layer) else { return false }
        guard let bias = affine.bias else { return value == 0 && silence(affine, k) }
        _ = silence(affine, k)
        set(bias, k, value)
        return true
      }
    }
    return false
  }

  private func silence(_ layer: AffineLayer, _ k: Int) -> Bool {
    for part in layer.making(k..<k + 1) { scale(part, by: 0) }
    return true
  }

  /// What channel k of what comes out of some layers is already held at; nil: it is not.
  private func held(_ layers: [any Layer], _ k: Int) -> Float? {
    for case let point as AblationPoint in layers.reversed().prefix(while: { $0 is AblationPoint })
    {
      let group = point.group
      if removed[group.point]?.contains(k / group.unitWidth) == true { return value(k, of: group) }
    }
    return nil
  }
}

extension AffineLayer {
  /// Whether a constant on its inputs is one on its outputs, which its bias can take: not where a
  /// convolution adds borders of 0.
  fileprivate var takesConstants: Bool {
    if case .linear(let layer) = self { layer.bias != nil } else { false }
  }

  /// The bias, of an adapted layer that of W.
  fileprivate var bias: Parameter? {
    switch self {
    case .linear(let layer): layer.bias
    case .convolution(let layer): layer.bias
    case .lowRank(let layer): layer.base.bias
    }
  }
}

extension ComponentEdit {
  /// Weights whose plain outputs are those of the network without the components.
  ///
  /// - Parameters:
  ///   - parameters: p values.
  ///   - reference: the training examples, which means are of.
  /// - Returns: p values.
  /// - Throws: `ComponentError.unknown` for a component that the network has not, `.notBaked` for
  ///   one that no change of weights takes away, `.notDefined` for activations of another example.
  public func baked(
    into network: Network, parameters: Tensor, reference: Dataset?, file: String
  ) throws -> Tensor {
    let found = try units(of: network, parameters, reference, file)
    return try BakedWeights(
      network.withoutSelection, parameters, removed: found.taken,
      ablation: try Ablation(ablation), filling: found.filling
    ).parameters
  }
}
