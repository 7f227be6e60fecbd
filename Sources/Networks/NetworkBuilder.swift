import Factors

/// Hands out slots and places in the flat parameter vector while a network is put together.
///
/// Slots are handed out in the order in which layers are made.
package struct NetworkBuilder {
  /// All parameters so far, in order.
  package private(set) var parameters: [Parameter] = []
  /// How each parameter begins, by offset.
  private(set) var initials: [Int: InitialValues] = [:]
  /// Offsets of the parameters that no optimizer moves: running statistics.
  private(set) var buffers: Set<Int> = []
  /// Layers so far that save something.
  package private(set) var slots = 0
  private var parameterCount = 0
  private var points = 0

  /// An empty network.
  package init() {}

  /// A new parameter at the end of the flat vector, in PyTorch's range for a fan-in.
  package mutating func parameter(name: String, shape: [Int], fanIn: Int) -> Parameter {
    parameter(name: name, shape: shape, initial: .uniform(fanIn: fanIn))
  }

  /// A new parameter at the end of the flat vector.
  package mutating func parameter(
    name: String, shape: [Int], initial: InitialValues
  ) -> Parameter {
    let parameter = Parameter(name: name, shape: shape, offset: parameterCount)
    parameters.append(parameter)
    initials[parameter.offset] = initial
    parameterCount += parameter.count
    return parameter
  }

  /// A new vector that its layer sets and no optimizer moves: a running statistic.
  mutating func buffer(name: String, size: Int, value: Float) -> Parameter {
    let parameter = parameter(name: name, shape: [size], initial: .constant(value))
    buffers.insert(parameter.offset)
    return parameter
  }

  /// A linear layer with parameters of its own.
  package mutating func linear(
    _ name: String, inputs: Int, outputs: Int, bias: Bool = true
  ) -> Linear {
    let weight = parameter(name: name + ".weight", shape: [outputs, inputs], fanIn: inputs)
    let offset = bias ? parameter(name: name + ".bias", shape: [outputs], fanIn: inputs) : nil
    return linear(sharing: weight, bias: offset)
  }

  /// A linear layer on parameters that exist already.
  package mutating func linear(sharing weight: Parameter, bias: Parameter?) -> Linear {
    Linear(weight: weight, bias: bias, isTransposed: false, slot: slot())
  }

  /// A linear layer whose weight is stored inputs × outputs: GPT-2's `Conv1D`.
  package mutating func transposedLinear(
    _ name: String, inputs: Int, outputs: Int, initial: InitialValues
  ) -> Linear {
    Linear(
      weight: parameter(name: name + ".weight", shape: [inputs, outputs], initial: initial),
      bias: parameter(name: name + ".bias", shape: [outputs], initial: .constant(0)),
      isTransposed: true, slot: slot())
  }

  /// A linear layer with parameters of its own that begin as told, a bias at 0.
  package mutating func linear(
    _ name: String, inputs: Int, outputs: Int, bias: Bool, initial: InitialValues
  ) -> Linear {
    let weight = parameter(name: name + ".weight", shape: [outputs, inputs], initial: initial)
    let offset =
      bias ? parameter(name: name + ".bias", shape: [outputs], initial: .constant(0)) : nil
    return linear(sharing: weight, bias: offset)
  }

  /// An element-wise non-linearity.
  package mutating func activation(_ kind: Activation.Kind) -> Activation {
    Activation(kind: kind, slot: slot())
  }

  /// Dropout at the given rate, 0 ≤ rate < 1.
  package mutating func dropout(_ rate: Float) -> Dropout {
    precondition(rate >= 0 && rate < 1, "dropout rate \(rate)")
    return Dropout(rate: rate, slot: slot())
  }

  /// Mean over positions.
  package mutating func meanPool() -> MeanPool { MeanPool(slot: slot()) }

  /// A place where `units` groups of neighbouring activations can be ablated.
  ///
  /// - Parameter path: of the weights that make them.
  package mutating func ablationPoint(
    _ kind: ComponentGroup.Kind, of path: String, units: Int, unitWidth: Int = 1
  ) -> AblationPoint {
    // Dropout draws by slot, and points of units have always taken one.
    if !kind.isWhole { _ = slot() }
    return AblationPoint(group: group(kind, path, units: units, unitWidth: unitWidth))
  }

  /// Places where queries, keys and values that stand side by side can be ablated, head by head.
  ///
  /// - Parameter path: of the attention's weights.
  package mutating func attentionInputs(
    of path: String, heads: Int, keyHeads: Int, headWidth: Int
  ) -> [any Layer] {
    var start = 0
    return [(ComponentGroup.Kind.query, heads), (.key, keyHeads), (.value, keyHeads)].map {
      kind, units in
      defer { start += units * headWidth }
      return ColumnPoint(
        point: AblationPoint(group: group(kind, path, units: units, unitWidth: headWidth)),
        start: start)
    }
  }

  /// A place where all of W activations can be ablated together.
  package mutating func ablationPoint(
    _ kind: ComponentGroup.Kind, of path: String, width: Int
  ) -> AblationPoint {
    ablationPoint(kind, of: path, units: 1, unitWidth: width)
  }

  /// Layers over positions of `width` that can be left out as a whole.
  ///
  /// - Parameter path: of their weights.
  package mutating func block(_ layers: [any Layer], of path: String, width: Int) -> Block {
    Block(body: Sequential(layers), group: group(.layer, path, units: 1, unitWidth: width))
  }

  private mutating func group(
    _ kind: ComponentGroup.Kind, _ path: String, units: Int, unitWidth: Int
  ) -> ComponentGroup {
    defer { points += 1 }
    return ComponentGroup(kind: kind, path: path, point: points, units: units, unitWidth: unitWidth)
  }

  /// A place for what a layer saves.
  mutating func slot() -> Int {
    defer { slots += 1 }
    return slots
  }
}
