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
  /// The metric on the examples for choosing, with all components.
  public let before: (target: Double, reference: Double)
  private let sets: EditSets

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
    let (whole, lengths) = (
      try EditSearch.metrics([[]], sets, control)[0], EditSearch.lengths(atMost: most)
    )
    let start = (target: whole.target, reference: whole.reference)
    let steps = min(EditSearch.steps, most)
    let weights = sets.metric.isAccuracy ? EditSearch.weights : [1]
    let total = scores.reduce(0) {
      $0 + ($1 == .verified ? weights.count * steps : lengths.count)
    }
    var done = 0
    func add(_ places: [[Int]], _ score: EditScore, trials: Int) throws -> [Candidate] {
      let found = zip(places, try EditSearch.metrics(places, sets, control)).map {
        Candidate(
          places: $0, score: score, target: $1.target, reference: $1.reference, error: $1.error)
      }
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
        let lost = start.reference - found[0].reference
        isReached = found.contains { EditSearch.isReached($0, start, sets) }
        if isReached || sets.metric.isAccuracy && lost > EditSearch.largestLoss * sets.allowedLoss {
          break
        }
      }
    }
    stage.update(total, of: total)
    (self.candidates, self.sets) = (candidates, sets)
    before = start
    chosen =
      candidates.max {
        EditSearch.key($0, start, sets).lexicographicallyPrecedes(EditSearch.key($1, start, sets))
      } ?? candidates[0]
  }

  /// Whether what is chosen reaches the goal within what may be lost, on the examples for choosing.
  public var isReached: Bool { EditSearch.isReached(chosen, before, sets) }

  private static func isReached(
    _ candidate: Candidate, _ before: (target: Double, reference: Double), _ sets: EditSets
  ) -> Bool {
    sets.isReached(candidate.target) && isWithin(candidate, before, sets)
  }

  /// Whether what is lost is within what may be, with room of a standard error: the best of many sets
  /// looks better than it is.
  private static func isWithin(
    _ candidate: Candidate, _ before: (target: Double, reference: Double), _ sets: EditSets
  ) -> Bool {
    let loss = before.reference - candidate.reference
    return loss <= 0 || loss + candidate.error <= sets.allowedLoss
  }

  /// Whether what another search of the same examples chose is better.
  public func isWorse(than other: EditSearch) -> Bool {
    EditSearch.key(chosen, before, sets)
      .lexicographicallyPrecedes(EditSearch.key(other.chosen, other.before, other.sets))
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

  /// The metric on the examples for choosing, without each of some sets.
  private static func metrics(
    _ places: [[Int]], _ sets: EditSets, _ control: JobControl
  ) throws -> [(target: Double, reference: Double, error: Double)] {
    try control.check()
    let masks = MaskDesign.without([[]] + places, of: sets.chooseTarget.components.count)
    let (t, r) = (sets.chooseTarget.values(masks), sets.chooseReference.values(masks))
    let whole = r.row(0)
    return places.indices.map {
      let rest = r.row($0 + 1)
      return (
        sets.metric.value(t.row($0 + 1)), sets.metric.value(rest),
        sets.metric.errorOfChange(from: whole, to: rest)
      )
    }
  }

  /// What a candidate is judged by, the first first: more is better.
  private static func key(
    _ candidate: Candidate, _ before: (target: Double, reference: Double), _ sets: EditSets
  ) -> [Double] {
    let aim: Double = sets.raises ? 1 : -1
    let loss = before.reference - candidate.reference
    let gain = aim * (candidate.target - before.target)
    // Beyond the goal is no gain.
    let needed = sets.goal.map { aim * ($0 - before.target) } ?? .infinity
    let steps = (min(gain, max(needed, resolution)) / resolution).rounded()
    let isWithin = isWithin(candidate, before, sets) && steps > 0
    // Beyond what is allowed, or without a gain: the best exchange of one for the other.
    let value = isWithin ? steps : gain - 2 * loss
    return [isWithin ? 1 : 0, value, Double(-candidate.places.count), -loss]
  }
}
