import Tensors

/// What a layer keeps from one rule for those that follow.
public protocol SavedState: Sendable {
  /// The tensors in it, for what they take.
  var tensors: [Tensor] { get }
}

extension Tensor: SavedState {
  /// Itself.
  public var tensors: [Tensor] { [self] }
}

/// Sizes that a layer learns from what it reads: widths, or positions.
struct SavedSizes: SavedState {
  let sizes: [Int]
  var tensors: [Tensor] { [] }
}

/// What layers have kept, by slot.
struct SavedStates {
  private var states: [(any SavedState)?]

  init(slots: Int) { states = Array(repeating: nil, count: slots) }

  /// All tensors that are kept.
  var tensors: [Tensor] { states.flatMap { $0?.tensors ?? [] } }

  /// The state at a slot; nil when nothing, or another type's, is there.
  subscript<State: SavedState>(_ slot: Int, as type: State.Type) -> State? {
    states[slot] as? State
  }

  /// Keeps a state in place of an earlier one; nil keeps none.
  mutating func keep(_ state: (any SavedState)?, at slot: Int) { states[slot] = state }
}
