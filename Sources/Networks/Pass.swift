import Factors
import Tensors

/// One evaluation of a network on one batch: parameters in, saved activations, gradients out.
///
/// Made for a batch and a purpose, used by one thread, thrown away. Its plan, from the purpose and
/// the network's selection, says what each layer keeps and how far back gradients go.
package final class Pass {
  /// The flat parameter vector θ.
  package let parameters: Tensor
  /// Examples B in the batch.
  package let batch: Int
  /// What it is for.
  package var purpose: Purpose { plan.purpose }
  /// The parameters that gradients are taken by; nil: all.
  package let selection: ParameterSelection?
  /// Dropout draws of a training pass; nil evaluates.
  package let dropout: DropoutDraws?
  /// Whether layers that train otherwise than they evaluate (dropout, batch norm) train.
  package var isTraining: Bool { dropout != nil }
  /// Masks by ablation point.
  package let ablation: [Int: AblationMask]

  /// What training makes of the buffers (running statistics), by offset.
  package var bufferUpdates: [Int: Tensor] = [:]
  /// Adjoints of the updated buffers, by offset: `backward` (where tangents go back,
  /// `backwardTangent`) adds what the updates pull to the gradient (its tangent).
  package var bufferAdjoints: [Int: Tensor] = [:]
  /// Gradients by the buffers that an evaluation reads, by offset; nil: not asked for.
  package var bufferGradients: [Int: Tensor]?
  /// Tokens of each example before its padding, when the inputs are padded; nil: all count.
  package var lengths: [Int]?
  /// Σ_i of the parameter gradients, flat: 0 at first when it is the purpose, else nil.
  package var gradient: Tensor?
  /// The flat direction v of a tangent pass, 0 outside the selection.
  package var tangent: Tensor?
  /// The tangent of the gradient, when it is asked for.
  package var gradientTangent: Tensor?
  /// Collects each example's gradient, when it is the purpose.
  package internal(set) var recorder: FactorRecorder?

  /// What `backward` sends through layers that are not linear.
  package var backwardRule = BackwardRule.gradient
  /// The ablation points that `backward` sends nothing through: branches whose share is left out.
  package var stoppedPoints: Set<Int> = []

  /// What was seen at the ablation points, as far as it is the purpose.
  package internal(set) var observed = Observations()

  /// Whether a mask that does not fit what reaches its point is noted and left out; else it traps.
  var notesMisfits = false
  /// The first mask that did not fit.
  var misfit: AblationError?

  let plan: PassPlan
  /// The ablation points that are observed; nil: all.
  let observedPoints: Set<Int>?
  private var states: SavedStates
  private var tangentStates: SavedStates
  private var unfolded: [Int: [Tensor]] = [:]
  /// Numbers in the largest tensor that a layer had to keep, whether it was kept or not.
  private(set) var largestState = 0

  /// A pass over `batch` examples as planned.
  ///
  /// - Parameter sum: what the gradient is added to; zeros when nil.
  init(
    parameters: Tensor, batch: Int, plan: PassPlan, selection: ParameterSelection?,
    dropout: DropoutDraws?, ablation: [Int: AblationMask], observing points: Set<Int>?,
    addingTo sum: consuming Tensor?
  ) {
    (self.parameters, self.batch, self.plan) = (parameters, batch, plan)
    (self.selection, self.dropout, self.ablation) = (selection, dropout, ablation)
    observedPoints = points
    states = SavedStates(slots: plan.slots.count)
    tangentStates = states
    if plan.purpose.contains(.gradient) {
      gradient = sum ?? Tensor(repeating: 0, shape: parameters.shape)
    }
    recorder = newRecorder
  }
}

/// Several ways back from one way forward.
extension Pass {
  /// A pass that has kept what this one kept, with gradients of its own: another thread may take it.
  ///
  /// - Precondition: nobody writes to this pass meanwhile.
  func branch() -> Pass {
    let branch = Pass(
      parameters: parameters, batch: batch, plan: plan, selection: selection, dropout: dropout,
      ablation: ablation, observing: observedPoints, addingTo: nil)
    (branch.states, branch.unfolded, branch.lengths) = (states, unfolded, lengths)
    branch.bufferUpdates = bufferUpdates
    return branch
  }
}

/// What layers ask of the plan.
extension Pass {
  /// Whether what a layer saves is kept.
  func keeps(_ slot: Int) -> Bool { plan.slots[slot].keeps }

  /// Whether gradients by a layer's parameters are asked for.
  func selects(_ slot: Int) -> Bool { plan.slots[slot].isSelected }

  /// Whether anybody needs the gradient of what a layer reads.
  func propagates(_ slot: Int) -> Bool { plan.slots[slot].propagates }

  /// Whether the backward pass comes to a layer; true for one without a slot, which passes it on.
  func reaches(_ slot: Int?) -> Bool { slot.map { plan.slots[$0].isReached } ?? true }
}

/// What layers keep.
extension Pass {
  /// Keeps a state for the rules that follow, where the plan says so.
  func keep(_ state: some SavedState, at slot: Int) {
    largestState = state.tensors.reduce(largestState) { max($0, $1.count) }
    states.keep(keeps(slot) ? state : nil, at: slot)
    unfolded[slot] = nil
  }

  /// What `forward` kept at a slot.
  ///
  /// - Precondition: the pass's purpose has the slot keep it.
  subscript<State: SavedState>(_ slot: Int, as type: State.Type) -> State {
    guard let state = states[slot, as: type] else {
      preconditionFailure("slot \(slot) keeps no \(type) in a pass for \(purpose)")
    }
    return state
  }

  /// What `forward` kept at a slot, where it kept something.
  func state<State: SavedState>(at slot: Int, as type: State.Type) -> State? {
    states[slot, as: type]
  }

  /// Keeps a tangent for `backwardTangent`, in place of that of an earlier direction; nil: zero.
  func keepTangent(_ state: (any SavedState)?, at slot: Int) {
    tangentStates.keep(state, at: slot)
  }

  /// What `forwardTangent` kept at a slot; nil: zero.
  func tangent<State: SavedState>(at slot: Int, as type: State.Type) -> State? {
    tangentStates[slot, as: type]
  }

  /// The windows of a convolution's input, one tensor a group, made once: every function of the
  /// outputs that is differentiated has the same right sides.
  func unfolded(at slot: Int, _ make: () -> [Tensor]) -> [Tensor] {
    if let known = unfolded[slot] { return known }
    let made = make()
    unfolded[slot] = made
    return made
  }

  /// All that is kept.
  var keptTensors: [Tensor] { states.tensors }
}

/// Each example's gradient.
extension Pass {
  /// The factors of each example's gradient that `backward` recorded; what follows is recorded anew.
  ///
  /// None where `factors` is no purpose of the pass.
  package func takeFactors() -> ExampleGradients {
    defer { recorder = newRecorder }
    return recorder?.gradients(count: batch) ?? ExampleGradients(count: batch, blocks: [])
  }

  /// ‖g_i‖² of each example that `backward` recorded, B values.
  ///
  /// 0 where neither `norms` nor `factors` is a purpose of the pass.
  package var squaredNorms: [Float] {
    recorder?.squaredNorms(count: batch) ?? Array(repeating: 0, count: batch)
  }

  private var newRecorder: FactorRecorder? {
    if purpose.contains(.factors) { return FactorRecorder(selection: selection) }
    return purpose.contains(.norms) ? .ofNorms(selection: selection) : nil
  }
}

extension Tensor {
  /// Positions T of an example: 1 for B × W, T for B × T × W, also for a batch of none.
  var positionsOfExample: Int { shape.dropFirst().dropLast().reduce(1, *) }
}
