// Letters: T target examples, R reference examples, d components, S the components that are away.
import Tensors

/// Greedy search for an edit: component by component, each the best of those really tried.
///
///     L(S) = mean_T ℓ(±f) + w mean_R ℓ(f)             of margins f, ℓ(f) = log(1 + exp(−f)); − to lower f
///     L(S) = −mean_T ±f − mean_R min(f, f₀)           of other f, f₀ with nothing taken away
///
/// Tried are those of which τ, and those of which gradients where the network then is, say most. All of
/// it is of the examples that τ is of: what it is worth must be told on others.
struct EditGreed {
  private let sets: EditSets
  private let tau: (target: Matrix<Float>, reference: Matrix<Float>)
  private let weight: Double
  /// f₀ of the reference, R values.
  private let whole: [Float]
  private let count: Int

  /// - Parameters:
  ///   - tau: T × d and R × d.
  ///   - weight: w.
  init(
    _ sets: EditSets, tau: (target: Matrix<Float>, reference: Matrix<Float>), weight: Double
  ) {
    (self.sets, self.tau, self.weight) = (sets, tau, weight)
    count = tau.target.columns
    whole = sets.fitReference.values(MaskDesign.without([[]], of: count)).row(0)
  }

  /// Sets with one more of the components that are tried: first the best by L, then those that reach the
  /// goal on their examples, at most so many in all, by the reference's part of L; none: there is no other.
  ///
  /// L may rather spare the reference than reach the goal now; for a single example what reaches it and
  /// costs least is wanted.
  ///
  /// - Throws: `JobCancelled`.
  func extended(_ taken: [Int], atMost most: Int, _ control: JobControl) throws -> [[Int]] {
    let tries = next(after: taken, EditSearch.tried).map { taken + [$0] }
    let found = try outcomes(tries, control)
    let order = found.indices.sorted { (found[$0].loss, $0) < (found[$1].loss, $1) }
    let reaching = order.dropFirst().filter { found[$0].isReached }
      .sorted { (found[$0].reference, $0) < (found[$1].reference, $1) }
    return (order.prefix(1) + reaching).prefix(most).map { tries[$0] }
  }

  /// A set each of whose components gave way in turn to a better one, where there was one.
  ///
  /// - Throws: `JobCancelled`.
  func exchanged(_ taken: [Int], _ control: JobControl) throws -> [Int] {
    var (best, loss) = (taken, try outcomes([taken], control)[0].loss)
    for place in taken {
      let rest = best.filter { $0 != place }
      let tries = next(after: rest, EditSearch.exchanged).filter { $0 != place }.map { rest + [$0] }
      let losses = try outcomes(tries, control).map(\.loss)
      guard let index = losses.indices.min(by: { (losses[$0], $0) < (losses[$1], $1) }),
        losses[index] < loss
      else { continue }
      (best, loss) = (tries[index], losses[index])
    }
    return best
  }

  /// What comes out on the examples that τ is of.
  private struct Outcome {
    /// L's parts.
    let target, reference: Double
    /// Whether the metric on the target reaches the goal.
    let isReached: Bool
    var loss: Double { target + reference }
  }

  /// What really comes out without each of some sets.
  private func outcomes(_ tries: [[Int]], _ control: JobControl) throws -> [Outcome] {
    try control.check()
    let masks = MaskDesign.without(tries, of: count)
    let (t, r) = (sets.fitTarget.values(masks), sets.fitReference.values(masks))
    return tries.indices.map { row in
      let (target, reference) = (t.row(row), r.row(row))
      return Outcome(
        target: EditGreed.mean(target.indices.map { self.target(Double(target[$0])) }),
        reference: EditGreed.mean(
          reference.indices.map { self.reference(Double(reference[$0]), $0) }),
        isReached: sets.isReached(sets.metric.value(target)))
    }
  }

  /// The components whose absence is said to lower L most, half by τ and half by gradients.
  private func next(after taken: [Int], _ number: Int) -> [Int] {
    let mask = MaskDesign.without([taken], of: count)
    let (t, r) = (sets.fitTarget.gradients(mask), sets.fitReference.gradients(mask))
    let now = (t.values.row(0), r.values.row(0))
    let ways = [
      predicted((t.gradients, r.gradients), now), predicted(tau, now),
    ].map { values in
      values.indices.filter { !taken.contains($0) }
        .sorted { (values[$0], $0) < (values[$1], $1) }
    }
    var found: [Int] = []
    for rank in 0..<(ways.map(\.count).min() ?? 0) {
      for way in ways where !found.contains(way[rank]) && found.count < number {
        found.append(way[rank])
      }
    }
    return found
  }

  /// L without each component, too, where f falls by τ: d values.
  private func predicted(
    _ tau: (target: Matrix<Float>, reference: Matrix<Float>), _ now: ([Float], [Float])
  ) -> [Double] {
    var values = [Double](repeating: 0, count: count)
    func add(_ matrix: Matrix<Float>, _ f: [Float], _ value: (Double, Int) -> Double) {
      for row in f.indices {
        for place in 0..<count {
          values[place] +=
            value(Double(f[row]) - Double(matrix.storage.base[row * count + place]), row)
            / Double(f.count)
        }
      }
    }
    add(tau.target, now.0) { f, _ in target(f) }
    add(tau.reference, now.1) { reference($0, $1) }
    return values
  }

  private func target(_ f: Double) -> Double {
    let wanted = sets.raises ? f : -f
    return sets.metric.isAccuracy ? EditLoss.logistic(wanted) : -wanted
  }

  private func reference(_ f: Double, _ example: Int) -> Double {
    weight * (sets.metric.isAccuracy ? EditLoss.logistic(f) : -min(f, Double(whole[example])))
  }

  private static func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(max(1, values.count))
  }
}
