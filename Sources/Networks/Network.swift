import Factors
import Randomness
import Tensors

/// A network as a value: its layers and the layout of its flat parameter vector, without weights.
public struct Network: Sendable {
  /// The layers.
  package internal(set) var root: any Layer {
    didSet { reader = InputReader(root) }
  }
  /// The parameters in the order of the flat vector.
  public internal(set) var parameters: [Parameter]
  /// Shape of one example.
  public let inputShape: [Int]
  /// Number of outputs (classes, or regression targets), at each position of a sequence.
  public let outputCount: Int
  /// Shape of one example's outputs: C, or T × C where every position predicts.
  public let outputShape: [Int]
  /// The parameters that no optimizer moves: running statistics, written by their layers.
  public let buffers: [Parameter]
  /// The parameters that gradients are taken by, in training and attribution; nil: all.
  public internal(set) var selection: ParameterSelection? {
    didSet { (footprintMemory, planMemory) = (FootprintMemory(), PlanMemory()) }
  }
  var footprintMemory = FootprintMemory()
  private var planMemory = PlanMemory()
  /// The buffers that training leaves as they are.
  public internal(set) var frozenBuffers: [Parameter] = []
  /// The values that the model's parameters begin with, before those of adapters; nil: drawn.
  public internal(set) var start: Tensor?
  var initials: [Int: InitialValues]
  var slots: Int
  /// What reads the inputs: found once, every call with inputs asks.
  private(set) var reader: InputReader

  /// A network of layers made with `builder`.
  package init(
    _ root: any Layer, builder: NetworkBuilder, inputShape: [Int], outputCount: Int,
    outputShape: [Int]? = nil
  ) {
    self.root = root
    reader = InputReader(root)
    self.outputShape = outputShape ?? [outputCount]
    self.inputShape = inputShape
    self.outputCount = outputCount
    parameters = builder.parameters
    initials = builder.initials
    buffers = builder.parameters.filter { builder.buffers.contains($0.offset) }
    slots = builder.slots
  }

  /// Whether the examples of a training batch change one another's outputs, as batch statistics do.
  public var couplesExamples: Bool { !buffers.isEmpty }

  /// Length p of the flat parameter vector.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.count } }

  /// Numbers in one example's outputs.
  public var outputSize: Int { outputShape.reduce(1, *) }

  /// What can be ablated and observed, in the order of a forward pass; what is whole follows its
  /// parts.
  public var components: [ComponentGroup] { root.components }

  /// Initial parameters: what the builder was told of each.
  ///
  /// - Returns: p values, a function of the seed alone; those of `start` where there are some.
  public func initialParameters(seed: UInt64) -> Tensor {
    let flat = Tensor(uninitialized: [parameterCount])
    for (index, parameter) in parameters.enumerated() {
      let start = flat.storage.base + parameter.offset
      let stream = RandomStream(seed: seed, purpose: .initialisation, index: UInt64(index))
      switch initials[parameter.offset] ?? .uniform(fanIn: 1) {
      case .uniform(let fanIn):
        let bound = 1 / Float(max(1, fanIn)).squareRoot()
        stream.fillUniform(start, count: parameter.count, from: 0)
        for i in 0..<parameter.count { start[i] = (2 * start[i] - 1) * bound }
      case .normal(let deviation):
        stream.fillGaussian(start, count: parameter.count, scale: deviation)
      case .constant(let value): start.update(repeating: value, count: parameter.count)
      }
    }
    if let start { flat.storage.base.update(from: start.storage.base, count: start.count) }
    return flat
  }

  /// A pass over `batch` examples at the given parameters.
  ///
  /// - Parameters:
  ///   - purpose: what it is for; it does nothing else.
  ///   - ablation: masks by the points of the network's components; `require(_:batch:)` checks
  ///     them.
  ///   - points: the ablation points that are observed where that is a purpose; nil: all.
  ///   - start: the place where it starts: that of its prefix.
  ///   - sum: what `Pass.gradient` begins with, p values, where that is a purpose; zeros when nil.
  package func pass(
    _ parameters: Tensor, batch: Int, for purpose: Pass.Purpose, dropout: DropoutDraws? = nil,
    ablation: [Int: AblationMask] = [:], observing points: Set<Int>? = nil,
    startingAt start: Int = 0, addingTo sum: consuming Tensor? = nil
  ) -> Pass {
    precondition(parameters.count == parameterCount, "\(parameters.count) of \(parameterCount)")
    let plan = planMemory.plan(for: purpose, startingAt: start) {
      PassPlan(self, for: purpose, startingAt: start)
    }
    return Pass(
      parameters: parameters, batch: batch, plan: plan, selection: selection, dropout: dropout,
      ablation: ablation, observing: points, addingTo: sum)
  }

  /// Outputs of a batch in evaluation mode; no activation outlives the layers that read it.
  ///
  /// - Parameters:
  ///   - inputs: B × input shape.
  ///   - ablation: masks by the points of the network's components.
  /// - Returns: B × output shape.
  /// - Throws: `DerivativeError.inputs`, `.token`, `.length` for inputs and parameters that are not
  ///   the network's; `AblationError` for masks that do not fit them.
  public func outputs(
    _ inputs: Tensor, parameters: Tensor, ablation: [Int: AblationMask] = [:]
  ) throws -> Tensor {
    try check(inputs, parameters: parameters, dropout: nil)
    return try checkedPass(parameters, batch: inputs.shape[0], ablation) {
      root.forward(inputs, $0)
    }
  }

  /// The same of inputs that were read for this network, masks that were made for it.
  ///
  /// - Precondition: all fit.
  package func uncheckedOutputs(
    _ inputs: Tensor, parameters: Tensor, ablation: [Int: AblationMask] = [:]
  ) -> Tensor {
    let pass = pass(parameters, batch: inputs.shape[0], for: .outputs, ablation: ablation)
    return root.forward(inputs, pass)
  }
}
