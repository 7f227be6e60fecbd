// Letters: T target examples, R reference examples, d components.
import Tensors

/// The search for the components whose absence does what an edit is for.
///
/// Orders of components by each score are cut at several lengths and really evaluated on examples
/// that τ is not of: predictions of a linear model are too good by about two where the best are
/// chosen. In order of priority: what is lost on the reference stays within what is allowed, the
/// target is reached, few components.
public struct EditSearch: Sendable {
  /// A set of components that was really taken away.
  public struct Candidate: Sendable {
    /// Places of the components, in the order in which they were chosen.
    public let places: [Int]
    /// The order that they are the beginning of.
    public let score: EditScore
    /// The metric on the examples for choosing, without the components.
    public let target, reference: Double
    /// The standard error of what the reference loses, by the examples that become right or wrong; 0 of
    /// what is no accuracy.
    public let error: Double
  }

  /// All that were evaluated.
  public let candidates: [Candidate]
  /// The one that is chosen.
  public let chosen: Candidate
  private let judge: EditJudge

  /// Components of the longest set, of all.
  static let largestShare = 0.4
  /// Components that `verified` tries at each step, and in the place of one that is away; steps.
  static let tried = 24, exchanged = 8, steps = 16
  /// Sets of a step that are evaluated on the examples for choosing, at the most.
  static let evaluated = 5
  /// Lengths at which early choices, which were made without the later ones, may give way.
  static let exchanges = [4, 8]
  /// What the reference counts of margins, in parts of the target; the next where the one before does not
  /// reach the goal.
  static let weights = [2.0, 8]
  /// A search ends where so many times what may be lost is lost.
  static let largestLoss = 6.0
  /// Gains on the target that differ by less are equal.
  static let resolution = 0.02

  /// Searches.
  ///
  /// - Parameters:
  ///   - target: τ, T × d.
  ///   - reference: τ, R × d.
  ///   - scores: the orders that are tried.
  ///   - most: components that may go, at least 1; nil: two fifths of all.
  /// - Throws: `JobCancelled`.
  public init(
    _ sets: EditSets, target: Matrix<Float>, reference: Matrix<Float>,
    scores: [EditScore] = EditScore.allCases, atMost most: Int? = nil,
    control: JobControl = .silent
  ) throws {
    let d = target.columns
    let most = min(most ?? d, max(1, Int(Double(d) * EditSearch.largestShare)))
    let stage = control.stage("trying edits", unit: "trials")
    var candidates: [Candidate] = []
    let lengths = EditSearch.lengths(atMost: most)
    try control.check()
    let judge = EditJudge(sets)
    let steps = min(EditSearch.steps, most)
    let weights = sets.metric.isAccuracy ? EditSearch.weights : [1]
    let total = scores.reduce(0) {
      $0 + ($1 == .verified ? weights.count * steps : lengths.count)
    }
    var done = 0
    func add(_ places: [[Int]], _ score: EditScore, trials: Int) throws -> [Candidate] {
      try control.check()
      let found = judge.evaluated(places, score)
      candidates += found
      done += trials
      stage.update(done, of: total)
      return found
    }
    for score in scores where score != .verified {
      let order = EditScore.order(score.values(target, reference, raises: sets.raises))
      _ = try add(
        lengths.map { Array(order.prefix($0)) }, score, trials: lengths.count)
    }
    var isReached = false
    for weight in weights where scores.contains(.verified) && !isReached {
      let greed = EditGreed(sets, tau: (target, reference), weight: weight)
      var taken: [Int] = []
      for step in 1...steps {
        var tries = try greed.extended(taken, atMost: EditSearch.evaluated, control)
        guard let next = tries.first else { break }
        taken = EditSearch.exchanges.contains(step) ? try greed.exchanged(next, control) : next
        tries[0] = taken
        let found = try add(tries, .verified, trials: 1)
        let lost = judge.loss(of: found[0])
        isReached = found.contains(where: judge.isReached)
        if isReached || sets.metric.isAccuracy && lost > EditSearch.largestLoss * sets.allowedLoss {
          break
        }
      }
    }
    stage.update(total, of: total)
    (self.candidates, self.judge) = (candidates, judge)
    chosen = candidates.max { judge.isBetter($1, than: $0) } ?? candidates[0]
  }

  /// The metric on the examples for choosing, with all components.
  public var before: (target: Double, reference: Double) { judge.before }

  /// Whether what is chosen reaches the goal within what may be lost, on the examples for choosing.
  public var isReached: Bool { judge.isReached(chosen) }

  /// Whether what another search of the same examples chose is better.
  public func isWorse(than other: EditSearch) -> Bool {
    judge.key(chosen).lexicographicallyPrecedes(other.judge.key(other.chosen))
  }

  /// 1, 2, 3, 4, 6, 8, 12, … components.
  static func lengths(atMost most: Int) -> [Int] {
    var lengths = [1, 2, 3]
    var step = 4
    while step <= most {
      lengths += [step, step * 3 / 2]
      step *= 2
    }
    return lengths.filter { $0 <= most }
  }
}
