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
    let kept = sets.chooseReference.values(MaskDesign.without([[]], of: d)).row(0)
    // Which greedy search does better is not known before: margins have both.
    let utilities = (sets.metric.isAccuracy ? [false, true] : [false]).map {
      Utility(sets, reference: kept, isClipped: $0)
    }
    let whole = try EditSearch.evaluated([[]], sets, utilities[0], control)[0]
    let lengths = EditSearch.lengths(of: d)
    let total = scores.reduce(0) {
      $0 + ($1 == .verified ? utilities.count * EditSearch.tried * EditSearch.steps : lengths.count)
    }
    for score in scores where score != .verified {
      let order = EditScore.order(score.values(target, reference, raises: sets.raises))
      let places = lengths.map { Array(order.prefix($0)) }
      for (own, found) in zip(places, try EditSearch.evaluated(places, sets, utilities[0], control))
      {
        candidates.append(
          Candidate(places: own, score: score, target: found.target, reference: found.reference))
      }
      stage.update(candidates.count, of: total)
    }
    for utility in utilities where scores.contains(.verified) {
      let done = candidates.count
      candidates += try EditSearch.greedy(
        (target, reference), sets, utility, kept: whole.reference, control
      ) {
        stage.update(min(total, done + $0), of: total)
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
    /// The metric.
    let target, reference: Double
    /// What is won less what is lost: `EditSearch.utility`.
    let utility: Double
  }

  /// How good some values of f are for an edit.
  ///
  ///     u = mean_T min(±f, c)/σ + mean_R min(f, c)/σ       c = σ/2
  ///
  /// σ is the standard deviation of f on the reference with all components. Clipped: examples that are
  /// safe do not count further, those at risk do. Else c is ∞ on the target and the value with all
  /// components on the reference: what gets better there is no gain.
  private struct Utility {
    let aim, spread: Double
    let isClipped: Bool
    let whole: [Float]

    init(_ sets: EditSets, reference whole: [Float], isClipped: Bool) {
      aim = sets.raises ? 1 : -1
      let n = Double(max(1, whole.count))
      let center = whole.reduce(0.0) { $0 + Double($1) } / n
      let squares = whole.reduce(0.0) { $0 + (Double($1) - center) * (Double($1) - center) }
      spread = squares > 0 ? (squares / n).squareRoot() : 1
      self.isClipped = isClipped
      self.whole = whole
    }

    func target(_ f: Double) -> Double { isClipped ? min(aim * f, spread / 2) : aim * f }

    func reference(_ f: Double, _ example: Int) -> Double {
      min(f, isClipped ? spread / 2 : Double(whole[example]))
    }

    func value(_ target: [Float], _ reference: [Float]) -> Double {
      let won = target.reduce(0.0) { $0 + self.target(Double($1)) }
      let kept = reference.indices.reduce(0.0) {
        $0 + self.reference(Double(reference[$1]), $1)
      }
      return (won / Double(max(1, target.count)) + kept / Double(max(1, reference.count))) / spread
    }
  }

  private static func evaluated(
    _ sets: [[Int]], _ edit: EditSets, _ utility: Utility, _ control: JobControl
  ) throws -> [Outcome] {
    try control.check()
    let masks = MaskDesign.without(sets, of: edit.chooseTarget.components.count)
    let (t, r) = (edit.chooseTarget.values(masks), edit.chooseReference.values(masks))
    return sets.indices.map { row in
      let (target, reference) = (t.row(row), r.row(row))
      return Outcome(
        target: edit.metric.value(target), reference: edit.metric.value(reference),
        utility: utility.value(target, reference))
    }
  }

  /// Component by component, each the best of those really tried: those that τ says most of, from
  /// where f really is without the components before.
  ///
  /// - Parameter kept: the metric on the reference for choosing, with all components.
  private static func greedy(
    _ tau: (target: Matrix<Float>, reference: Matrix<Float>), _ sets: EditSets,
    _ utility: Utility, kept: Double, _ control: JobControl, _ progress: (Int) -> Void
  ) throws -> [Candidate] {
    let d = tau.target.columns
    let everything = MaskDesign.without([[]], of: d)
    let (isClipped, most) = (utility.isClipped, min(steps, max(1, Int(Double(d) * largestShare))))
    let fitted = Utility(
      sets, reference: sets.fitReference.values(everything).row(0), isClipped: isClipped)
    var (taken, found) = ([Int](), [Candidate]())
    for step in 0..<most {
      let masks = MaskDesign.without([taken], of: d)
      let now = (
        sets.fitTarget.values(masks).row(0), sets.fitReference.values(masks).row(0)
      )
      let predicted = EditSearch.predicted(tau, now, fitted)
      let next = EditScore.order(predicted).filter { !taken.contains($0) }.prefix(tried)
      let tries = next.map { taken + [$0] }
      let outcomes = try evaluated(tries, sets, utility, control)
      // Beyond what may be lost only when nothing else is left.
      let values = outcomes.map { outcome in
        outcome.utility - (kept - outcome.reference > sets.allowedLoss ? 1 : 0)
      }
      guard let best = values.indices.max(by: { values[$0] < values[$1] }) else { break }
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

  /// The utility without each component, too, by τ: d values.
  private static func predicted(
    _ tau: (target: Matrix<Float>, reference: Matrix<Float>),
    _ now: (target: [Float], reference: [Float]), _ utility: Utility
  ) -> [Double] {
    let d = tau.target.columns
    var values = [Double](repeating: 0, count: d)
    func add(_ matrix: Matrix<Float>, _ f: [Float], _ value: (Double, Int) -> Double) {
      for row in f.indices {
        for place in 0..<d {
          values[place] +=
            value(Double(f[row]) - Double(matrix.storage.base[row * d + place]), row)
            / Double(f.count)
        }
      }
    }
    add(tau.target, now.target) { f, _ in utility.target(f) }
    add(tau.reference, now.reference) { utility.reference($0, $1) }
    return values
  }

  private static func best(
    of candidates: [Candidate], _ before: (target: Double, reference: Double), _ sets: EditSets
  ) -> Candidate {
    let aim: Double = sets.raises ? 1 : -1
    func key(_ candidate: Candidate) -> [Double] {
      let loss = before.reference - candidate.reference
      let gain = aim * (candidate.target - before.target)
      let steps = (gain / resolution).rounded()
      let isWithin = loss <= sets.allowedLoss && steps > 0
      // Beyond what is allowed, or without a gain: the best exchange of one for the other.
      let value = isWithin ? steps : gain - 2 * loss
      return [isWithin ? 1 : 0, value, Double(-candidate.places.count), -loss]
    }
    return candidates.max { key($0).lexicographicallyPrecedes(key($1)) } ?? candidates[0]
  }
}
