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
  }

  /// All that were evaluated.
  public let candidates: [Candidate]
  /// The one that is chosen.
  public let chosen: Candidate
  /// The metric on the examples for choosing, with all components.
  public let before: (target: Double, reference: Double)

  /// Components of the longest set, of all.
  static let largestShare = 0.4
  /// Components that `verified` tries at each step, and steps.
  static let tried = 8, steps = 16
  /// Gains on the target that differ by less are equal.
  static let resolution = 0.02

  /// Searches.
  ///
  /// - Parameters:
  ///   - target: τ, T × d.
  ///   - reference: τ, R × d.
  ///   - scores: the orders that are tried.
  /// - Throws: `JobCancelled`.
  public init(
    _ sets: EditSets, target: Matrix<Float>, reference: Matrix<Float>,
    scores: [EditScore] = EditScore.allCases, control: JobControl = .silent
  ) throws {
    let d = target.columns
    let stage = control.stage("trying edits", unit: "sets")
    var candidates: [Candidate] = []
    let whole = try EditSearch.evaluated([[]], sets, control)[0]
    let lengths = EditSearch.lengths(of: d)
    let total = scores.reduce(0) {
      $0 + ($1 == .verified ? EditSearch.tried * EditSearch.steps : lengths.count)
    }
    for score in scores where score != .verified {
      let order = EditScore.order(score.values(target, reference, raises: sets.raises))
      let places = lengths.map { Array(order.prefix($0)) }
      for (own, found) in zip(places, try EditSearch.evaluated(places, sets, control)) {
        candidates.append(
          Candidate(places: own, score: score, target: found.target, reference: found.reference))
      }
      stage.update(candidates.count, of: total)
    }
    if scores.contains(.verified) {
      let values = EditScore.verified.values(target, reference, raises: sets.raises)
      candidates += try EditSearch.greedy(values, sets, whole, control) {
        stage.update(min(total, candidates.count + $0), of: total)
      }
    }
    stage.update(total, of: total)
    before = (whole.target, whole.reference)
    self.candidates = candidates
    chosen = EditSearch.best(of: candidates, before, sets)
  }

  /// 1, 2, 3, 4, 6, 8, 12, … components.
  static func lengths(of count: Int) -> [Int] {
    let most = max(1, Int(Double(count) * largestShare))
    var lengths = [1, 2, 3]
    var step = 4
    while step <= most {
      lengths += [step, step * 3 / 2]
      step *= 2
    }
    return lengths.filter { $0 <= most }
  }

  /// What comes out on the examples for choosing.
  private struct Outcome {
    let target, reference: Double
    /// Means of f.
    let targetMean, referenceMean: Double
    /// Standard deviation of f on the reference.
    let spread: Double
  }

  private static func evaluated(
    _ sets: [[Int]], _ edit: EditSets, _ control: JobControl
  ) throws -> [Outcome] {
    try control.check()
    let masks = EditSearch.masks(sets, of: edit.chooseTarget.components.count)
    let (t, r) = (edit.chooseTarget.values(masks), edit.chooseReference.values(masks))
    let mean = EditMetric(isAccuracy: false)
    return sets.indices.map { row in
      let (target, reference) = (t.row(row), r.row(row))
      let center = mean.value(reference)
      let squares = reference.reduce(0.0) {
        $0 + (Double($1) - center) * (Double($1) - center)
      }
      return Outcome(
        target: edit.metric.value(target), reference: edit.metric.value(reference),
        targetMean: mean.value(target), referenceMean: center,
        spread: (squares / Double(max(1, reference.count))).squareRoot())
    }
  }

  /// Masks that take sets of components away.
  public static func masks(_ sets: [[Int]], of count: Int) -> Matrix<Float> {
    let masks = Matrix<Float>(repeating: 1, rows: sets.count, columns: count)
    for (row, places) in sets.enumerated() {
      for place in places { masks.storage.base[row * count + place] = 0 }
    }
    return masks
  }

  /// Component by component, each the best of those really tried.
  private static func greedy(
    _ values: [Double], _ sets: EditSets, _ whole: Outcome, _ control: JobControl,
    _ progress: (Int) -> Void
  ) throws -> [Candidate] {
    let order = EditScore.order(values)
    let aim: Double = sets.raises ? 1 : -1
    let spread = whole.spread > 0 ? whole.spread : 1
    var (taken, found) = ([Int](), [Candidate]())
    for step in 0..<min(steps, max(1, Int(Double(values.count) * largestShare))) {
      let next = order.filter { !taken.contains($0) }.prefix(tried)
      let tries = next.map { taken + [$0] }
      let outcomes = try evaluated(tries, sets, control)
      // As `gain`, of what really happens.
      let gains = outcomes.map { outcome in
        aim * (outcome.targetMean - whole.targetMean) / spread
          - max(0, whole.referenceMean - outcome.referenceMean) / spread
          - (whole.reference - outcome.reference > sets.allowedLoss ? 1 : 0)
      }
      guard let best = gains.indices.max(by: { gains[$0] < gains[$1] }) else { break }
      taken = tries[best]
      found.append(
        Candidate(
          places: taken, score: .verified, target: outcomes[best].target,
          reference: outcomes[best].reference))
      progress((step + 1) * tried)
      // Nothing is left to win.
      if sets.metric.isAccuracy, outcomes[best].target == (sets.raises ? 1 : 0) { break }
    }
    return found
  }

  private static func best(
    of candidates: [Candidate], _ before: (target: Double, reference: Double), _ sets: EditSets
  ) -> Candidate {
    let aim: Double = sets.raises ? 1 : -1
    func key(_ candidate: Candidate) -> [Double] {
      let loss = before.reference - candidate.reference
      let isWithin = loss <= sets.allowedLoss
      let gain = aim * (candidate.target - before.target)
      // Beyond what is allowed: the best exchange of one for the other.
      let value = isWithin ? (gain / resolution).rounded() : gain - 2 * loss
      return [isWithin ? 1 : 0, value, Double(-candidate.places.count), -loss]
    }
    return candidates.max { key($0).lexicographicallyPrecedes(key($1)) } ?? candidates[0]
  }
}
