// Letters: T steps, K steps between kept states, p parameters.
import Networks
import Tensors
import Training

/// What a replay keeps and computes: decided by the training alone, but for the states in memory.
///
///     K = ⌈√T⌉      states on disk after steps K, 2K, … and T
///
/// Walked backwards, a run is computed once more in pieces of K steps, whose states are in memory:
/// √T states here and √T there, and two forward passes in all. Where K states are more than the
/// memory, a piece is walked in pieces of its own, from states in memory: its steps are then made
/// twice, or thrice.
///
/// - Source: Griewank 1992, two levels of checkpoints; more only where memory asks for them.
public struct ReplayPlan: Sendable, Equatable {
  /// T.
  public let steps: Int
  /// K.
  public let interval: Int
  /// Bytes of a state: parameters and optimizer buffers in fp32.
  public let stateBytes: Int
  /// How many states may be in memory at a time.
  public let statesInMemory: Int

  /// The fewest states in memory that a piece is walked with.
  static let leastRoom = 4

  /// The plan of one seed's training.
  ///
  /// - Parameters:
  ///   - examples: n.
  ///   - memoryBytes: for states; no state or file depends on it.
  public init(
    _ training: TrainingConfiguration, network: Network, examples: Int,
    memoryBytes: Int = Memory.available / 4
  ) {
    let perEpoch = (examples + training.batch - 1) / training.batch
    self.init(
      steps: perEpoch * training.epochs,
      stateBytes: 4 * network.parameterCount * (1 + training.optimizer.bufferCount),
      memoryBytes: memoryBytes)
  }

  init(steps: Int, stateBytes: Int, memoryBytes: Int) {
    self.steps = steps
    self.stateBytes = stateBytes
    interval = max(1, Int(Double(steps).squareRoot().rounded(.up)))
    statesInMemory = max(ReplayPlan.leastRoom, memoryBytes / max(1, stateBytes))
  }

  /// The steps after which states are on disk, in order.
  func keptSteps(through last: Int) -> [Int] {
    let regular = stride(from: interval, through: min(last, steps), by: interval)
    return Array(regular) + (last >= steps && steps % interval != 0 ? [steps] : [])
  }

  /// States on disk.
  public var keptStates: Int { (steps + interval - 1) / interval }

  /// Bytes of the states on disk; headers are a few hundred bytes a file.
  public var diskBytes: Double { Double(keptStates) * Double(stateBytes) }

  /// Bytes of the states in memory, beside the training's own.
  public var memoryBytes: Double { Double(min(interval, statesInMemory)) * Double(stateBytes) }

  /// Steps that are made to walk the whole run backwards, once its states are on disk.
  public var sweepSteps: Int {
    let whole = ReplayPlan.remade(interval, room: statesInMemory)
    let rest = steps % interval
    return steps / interval * whole + ReplayPlan.remade(rest, room: statesInMemory)
  }

  /// Seconds of the steps that are made: keeping the states, and one walk backwards.
  ///
  /// - Parameter step: seconds of one step of the training.
  public func seconds(perStep step: Double) -> (keeping: Double, sweep: Double) {
    (Double(steps) * step, Double(sweepSteps) * step)
  }

  /// How long the pieces are that a piece of `count` steps is cut into; nil: it fits.
  ///
  /// - Parameter room: states that may be in memory.
  static func pieceLength(_ count: Int, room: Int) -> Int? {
    guard count > room else { return nil }
    let pieces = max(2, room / 2)
    return (count + pieces - 1) / pieces
  }

  /// The room that is left for a piece before which `others` wait.
  static func room(_ room: Int, beside others: Int) -> Int { max(leastRoom, room - others) }

  /// Steps that are made to have the states before each of `count` steps, the last one first.
  private static func remade(_ count: Int, room: Int) -> Int {
    guard let length = pieceLength(count, room: room) else { return max(0, count - 1) }
    let pieces = (count + length - 1) / length
    return (0..<pieces).reduce(length * (pieces - 1)) { sum, piece in
      sum
        + remade(
          min(length, count - piece * length), room: ReplayPlan.room(room, beside: piece))
    }
  }
}
