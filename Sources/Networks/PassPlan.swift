import Factors
import Synchronization

/// What each slot of a network keeps, and who hands gradients on: made once for a purpose and a
/// selection.
///
/// A layer is reached by the backward pass when one of its parameters is selected, or when what it
/// reads depends on something that a gradient is taken by: then its input *matters*. What is not
/// reached keeps nothing, and has no tangent: directions are of selected parameters.
public struct PassPlan: Sendable {
  /// The plan for one layer.
  struct Slot: Sendable {
    /// Whether what `forward` saves is kept.
    var keeps = false
    /// Whether gradients by its parameters are asked for.
    var isSelected = false
    /// Whether the backward pass comes here.
    var isReached = false
    /// Whether anybody needs the gradient of what the layer reads.
    var propagates = false
  }

  private(set) var slots: [Slot]
  /// What the pass is for.
  let purpose: Pass.Purpose
  /// The place where the pass starts.
  let start: Int
  private let selection: ParameterSelection?

  /// A plan for a network from a place on.
  init(_ network: Network, for purpose: Pass.Purpose, startingAt start: Int) {
    slots = Array(repeating: Slot(), count: network.slots)
    (self.purpose, self.start, selection) = (purpose, start, network.selection)
    _ = network.part(from: start).plan(&self, inputMatters: purpose.contains(.inputGradient))
  }

  /// Whether gradients by any of some parameters are asked for.
  func selects(_ parameters: [Parameter]) -> Bool {
    purpose.differentiates && parameters.contains { selection.selects($0) }
  }

  /// Plans one slot.
  ///
  /// - Returns: whether what the layer makes matters.
  mutating func visit(_ slot: Int, _ parameters: [Parameter], inputMatters: Bool) -> Bool {
    let isSelected = selects(parameters)
    let isReached = isSelected || inputMatters
    slots[slot] = Slot(
      keeps: isReached, isSelected: isSelected, isReached: isReached, propagates: inputMatters)
    return isReached
  }
}

/// A layer that keeps something between its rules, at a slot of its own.
protocol SavingLayer: Layer {
  /// The slot.
  var slot: Int { get }
}

extension Layer {
  /// The slot of a layer that has one.
  var ownSlot: Int? { (self as? any SavingLayer)?.slot }
}

extension Activation: SavingLayer {}
extension Attention: SavingLayer {}
extension BatchNorm2D: SavingLayer {}
extension Convolution2D: SavingLayer {}
extension Dropout: SavingLayer {}
extension Embedding: SavingLayer {}
extension FirstPosition: SavingLayer {}
extension GatedProduct: SavingLayer {}
extension GroupNorm: SavingLayer {}
extension LayerNorm: SavingLayer {}
extension Linear: SavingLayer {}
extension MaxPool2D: SavingLayer {}
extension MeanPool: SavingLayer {}

/// Keeps a network's plans once they are made.
final class PlanMemory: Sendable {
  private struct Key: Hashable {
    let purpose: Pass.Purpose
    let start: Int
  }
  private let plans = Mutex<[Key: PassPlan]>([:])

  func plan(
    for purpose: Pass.Purpose, startingAt start: Int, _ make: () -> PassPlan
  ) -> PassPlan {
    let key = Key(purpose: purpose, start: start)
    if let known = plans.withLock({ $0[key] }) { return known }
    let made = make()
    plans.withLock { $0[key] = made }
    return made
  }
}
