// Letters: n training examples, D decoys, R the share of the decoys at or above a threshold, N the
// other examples at or above it, E wrong labels.

/// How many of the decoys, and how many of the other examples, are at least as suspect as a threshold.
///
/// Decoys that are found as often as wrong labels are bound their number: N = E·R + F, of which the
/// false positives F are not known, so that E ≤ N/R at every threshold, up to chance.
public struct DecoyCurve: Sendable, Equatable {
  /// One threshold: the suspicion of a decoy.
  public struct Point: Sendable, Equatable {
    /// The suspicion.
    public let threshold: Float
    /// Decoys at or above it.
    public let found: Int
    /// Other examples at or above it, as many as there would be in the whole set.
    public let others: Double
  }

  /// From the highest threshold to the lowest, one for each different suspicion of a decoy.
  public let points: [Point]
  /// D.
  public let decoys: Int

  /// The curve of some trainings with decoys, those of all of them together.
  init(_ passes: [DecoyPass], _ signal: MislabelRanking.Signal) {
    var decoys: [Float] = []
    var others: [(suspicion: Float, weight: Double)] = []
    for pass in passes {
      let (suspicion, isDecoy) = (pass.suspicion(signal), pass.decoys.isDecoy)
      let n = suspicion.count
      // What was made a decoy cannot be judged: the rest stand for it.
      let weight = Double(n) / Double(n - pass.decoys.rows.count) / Double(passes.count)
      for i in 0..<n {
        if isDecoy[i] { decoys.append(suspicion[i]) } else { others.append((suspicion[i], weight)) }
      }
    }
    decoys.sort(by: >)
    others.sort { $0.suspicion > $1.suspicion }
    var points: [Point] = []
    var (place, sum) = (0, 0.0)
    for (index, threshold) in decoys.enumerated() {
      if index + 1 < decoys.count && decoys[index + 1] == threshold { continue }
      while place < others.count && others[place].suspicion >= threshold {
        sum += others[place].weight
        place += 1
      }
      points.append(Point(threshold: threshold, found: index + 1, others: sum))
    }
    (self.points, self.decoys) = (points, decoys.count)
  }

  /// R at a point.
  func recall(_ point: Point) -> Double { Double(point.found) / Double(max(1, decoys)) }
}
