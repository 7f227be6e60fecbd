import Factors
import Randomness
import Tensors

/// One evaluation of a network on one batch: parameters in, saved activations, gradients out.
///
/// Made for a batch, used by one thread, thrown away. What it is asked to collect decides what the
/// layers do: a gradient, per-example factors, tangents, or nothing but outputs.
public final class Pass {
  /// The flat parameter vector θ.
  public let parameters: Tensor
  /// Examples B in the batch.
  public let batch: Int
  /// Dropout draws of a training pass; nil evaluates.
  public let dropout: DropoutDraws?
  /// Whether layers that train otherwise than they evaluate (dropout, batch norm) train.
  public var isTraining: Bool { dropout != nil }
  /// What training makes of the buffers (running statistics), by offset.
  public var bufferUpdates: [Int: Tensor] = [:]
  /// Adjoints of the updated buffers, by offset: `backward` (where tangents go back,
  /// `backwardTangent`) adds what the updates pull to the gradient (its tangent).
  package var bufferAdjoints: [Int: Tensor] = [:]
  /// Gradients by the buffers that an evaluation reads, by offset; nil: not asked for.
  package var bufferGradients: [Int: Tensor]?
  /// Masks by slot.
  public let ablation: [Int: AblationMask]
  /// The flat direction v of a tangent pass.
  public var tangent: Tensor?
  /// Σ_i of the parameter gradients, flat, when it is asked for.
  public var gradient: Tensor?
  /// The tangent of `gradient`, when it is asked for.
  public var gradientTangent: Tensor?
  /// Tokens of each example before its padding, when the inputs are padded; nil: all count.
  public var lengths: [Int]?
  /// The per-example factors, when they are asked for.
  public var recorder: FactorRecorder?
  /// The parameters that gradients are taken by; nil: all.
  public let selection: ParameterSelection?
  /// Whether a tangent pass may follow: then what each layer saved is kept.
  ///
  /// Otherwise nothing is kept below the lowest selected layer, where no gradient goes.
  public var keepsAll = false
  /// Numbers in the largest tensor that was given up.
  private(set) var largestForgotten = 0
  /// Whether anything before the layer whose `backward` runs needs the gradient of its input.
  ///
  /// Containers keep it; a layer may give nil where it is false.
  public var needsInputGradient = true

  private var unfolded: [Int: [Tensor]] = [:]
  private var saved: [[Tensor]]
  private var tangents: [[Tensor]]

  /// A pass over `batch` examples for a network of `slots` layers.
  public init(
    parameters: Tensor, batch: Int, slots: Int, dropout: DropoutDraws? = nil,
    ablation: [Int: AblationMask] = [:], selection: ParameterSelection? = nil
  ) {
    self.parameters = parameters
    self.selection = selection
    // With all parameters the first layers know themselves that nobody needs it.
    needsInputGradient = selection == nil
    self.batch = batch
    self.dropout = dropout
    self.ablation = ablation
    saved = Array(repeating: [], count: slots)
    tangents = saved
  }

  /// Whether gradients are taken by any of some parameters.
  public func selects(_ parameters: [Parameter]) -> Bool {
    selection == nil || parameters.contains { selection.selects($0) }
  }

  /// Keeps tensors for the rules that follow.
  public func save(_ tensors: [Tensor], at slot: Int) {
    saved[slot] = tensors
    unfolded[slot] = nil
  }

  /// The windows of a convolution's input, one tensor a group, made once: every function of the
  /// outputs that is differentiated has the same right sides.
  func unfolded(at slot: Int, _ make: () -> [Tensor]) -> [Tensor] {
    if let known = unfolded[slot] { return known }
    let made = make()
    unfolded[slot] = made
    return made
  }

  /// All that layers have saved.
  var allSaved: [Tensor] { saved.flatMap { $0 } }

  /// The slots where something is kept.
  var keptSlots: [Bool] { saved.map { !$0.isEmpty } }

  /// Gives up what is kept anywhere else: no backward pass will ask for it.
  func forget(allBut kept: [Bool]) {
    for slot in saved.indices where !kept[slot] {
      largestForgotten = saved[slot].reduce(largestForgotten) { max($0, $1.count) }
      saved[slot] = []
    }
  }

  /// What `forward` saved.
  public func saved(at slot: Int) -> [Tensor] { saved[slot] }

  /// Keeps tangents for `backwardTangent`, in place of those of an earlier direction; none: zero.
  public func saveTangents(_ tensors: [Tensor], at slot: Int) { tangents[slot] = tensors }

  /// What `forwardTangent` saved.
  public func savedTangents(at slot: Int) -> [Tensor] { tangents[slot] }
}

extension Tensor {
  /// Positions T of an example: 1 for B × W, T for B × T × W, also for a batch of none.
  var positionsOfExample: Int { shape.dropFirst().dropLast().reduce(1, *) }
}

/// Where a training pass's dropout masks come from: f(seed, step, slot, example, unit).
public struct DropoutDraws: Sendable {
  /// The run's seed.
  public let seed: UInt64
  /// The optimisation step, from 0.
  public let step: UInt64
  /// Place in the step's batch of the pass's first example.
  public let firstExample: Int

  /// Draws of one step.
  public init(seed: UInt64, step: UInt64, firstExample: Int = 0) {
    (self.seed, self.step, self.firstExample) = (seed, step, firstExample)
  }
}

/// An ablation of one group: y = mask ∘ x + (1 − mask) ∘ value, a row of the mask an example.
public struct AblationMask: Sendable {
  /// B × units; 1 keeps, 0 ablates.
  public let mask: Tensor
  /// What an ablated activation becomes, one value an activation; nil: 0.
  public let value: Tensor?

  /// A mask with its ablation value.
  public init(mask: Tensor, value: Tensor? = nil) {
    self.mask = mask
    self.value = value
  }
}
