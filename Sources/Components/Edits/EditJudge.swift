import Tensors

/// What sets of components do on the examples for choosing, and which of them is best.
struct EditJudge: Sendable {
  private let sets: EditSets
  /// The metric with all components.
  let before: (target: Double, reference: Double)
  /// f of the reference with all components.
  private let whole: [Float]

  init(_ sets: EditSets) {
    let masks = MaskDesign.without([[]], of: sets.chooseTarget.components.count)
    self.sets = sets
    whole = sets.chooseReference.values(masks).row(0)
    before = (
      sets.metric.value(sets.chooseTarget.values(masks).row(0)), sets.metric.value(whole)
    )
  }

  /// Really takes each of some sets away.
  func evaluated(_ places: [[Int]], _ score: EditScore) -> [EditSearch.Candidate] {
    let masks = MaskDesign.without(places, of: sets.chooseTarget.components.count)
    let (t, r) = (sets.chooseTarget.values(masks), sets.chooseReference.values(masks))
    return places.enumerated().map { row, places in
      let reference = r.row(row)
      return EditSearch.Candidate(
        places: places, score: score, target: sets.metric.value(t.row(row)),
        reference: sets.metric.value(reference),
        error: sets.metric.errorOfChange(from: whole, to: reference))
    }
  }

  /// What the reference loses, in the metric.
  func loss(of candidate: EditSearch.Candidate) -> Double {
    before.reference - candidate.reference
  }

  /// Whether a set reaches the goal within what may be lost.
  func isReached(_ candidate: EditSearch.Candidate) -> Bool {
    sets.isReached(candidate.target) && isWithin(candidate)
  }

  /// Whether a set is to be preferred.
  func isBetter(_ candidate: EditSearch.Candidate, than other: EditSearch.Candidate) -> Bool {
    key(other).lexicographicallyPrecedes(key(candidate))
  }

  /// Whether what is lost is within what may be, with room of a standard error (no more can be lost than
  /// there is): the best of many sets looks better than it is.
  private func isWithin(_ candidate: EditSearch.Candidate) -> Bool {
    let loss = loss(of: candidate)
    return loss <= 0 || min(loss + candidate.error, before.reference) <= sets.allowedLoss
  }

  /// What a set is judged by, the first first: more is better.
  func key(_ candidate: EditSearch.Candidate) -> [Double] {
    let aim: Double = sets.raises ? 1 : -1
    let loss = loss(of: candidate)
    let gain = aim * (candidate.target - before.target)
    // Beyond the goal is no gain.
    let needed = sets.goal.map { aim * ($0 - before.target) } ?? .infinity
    let resolution = EditSearch.resolution
    let steps = (min(gain, max(needed, resolution)) / resolution).rounded()
    let isWithin = isWithin(candidate) && steps > 0
    // Beyond what is allowed, or without a gain: the best exchange of one for the other.
    let value = isWithin ? steps : gain - 2 * loss
    return [isWithin ? 1 : 0, value, Double(-candidate.places.count), -loss]
  }
}
