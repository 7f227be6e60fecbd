// Letters: K classes, S suspects, U decoys that were found.
import Randomness

/// What wrong labels are like, as far as it decides how they are counted.
public enum NoiseKind: String, Sendable, Codable, CaseIterable {
  /// Any other label, as often for each class.
  case uniform
  /// Some labels for some classes, but each label and each class as often as by chance.
  case pairs
  /// Some labels or classes far oftener than others: decoys among them change what the model makes of
  /// them, so that intervals are wide and no precision can be promised.
  case byLabel
  /// So few suspects that their kind cannot be told.
  case few

  /// The label that an example has, and the one that the regression without it gives it.
  public typealias Pair = (given: Int32, suggested: Int32)

  /// Fewest suspects whose kind is asked about.
  static let leastSuspects = 8
  /// Chance of calling the suspects of uniform noise another kind, at each of the two steps.
  static let level = 0.01
  /// Random splits that a histogram's difference is compared with.
  static let permutations = 999

  /// The kind of some suspects beside decoys of uniform noise that were found at the same threshold.
  ///
  /// Their histograms are compared by χ² of two samples, whose chance is that of random splits of
  /// both together: by label and by suggestion, then by both at once.
  ///
  /// - Parameters:
  ///   - suspects: given and suggested label of each, S.
  ///   - decoys: the same of the decoys that were found, U.
  public init(
    suspects: [Pair], decoys: [Pair], classes: Int, seed: UInt64
  ) {
    guard suspects.count >= NoiseKind.leastSuspects, !decoys.isEmpty else {
      self = .few
      return
    }
    let both = suspects + decoys
    func chance(_ cell: (Pair) -> Int, cells: Int, index: UInt64) -> Double {
      HistogramTest(cells: both.map(cell), count: cells, first: suspects.count).chance(
        permutations: NoiseKind.permutations, seed: seed, index: index)
    }
    let byOne = min(
      chance({ Int($0.given) }, cells: classes, index: 2),
      chance({ Int($0.suggested) }, cells: classes, index: 3))
    if byOne <= NoiseKind.level / 2 {
      self = .byLabel
    } else {
      let byBoth = chance(
        { Int($0.given) * classes + Int($0.suggested) }, cells: classes * classes, index: 4)
      self = byBoth <= NoiseKind.level ? .pairs : .uniform
    }
  }
}

extension NoiseKind {
  /// The kind of the suspects of trainings with decoys of uniform noise, down to the threshold where
  /// three of four are expected to be wrong.
  init(
    _ passes: [DecoyPass], classes: Int, signal: MislabelRanking.Signal,
    seed: UInt64
  ) {
    guard let threshold = DecoyCurve(passes, signal).threshold(precision: 0.75) else {
      self = .few
      return
    }
    var (suspects, decoys): ([Pair], [Pair]) = ([], [])
    for pass in passes {
      let (suspicion, isDecoy) = (pass.suspicion(signal), pass.decoys.isDecoy)
      for i in suspicion.indices where suspicion[i] >= threshold {
        let pair = (given: pass.decoys.labels[i], suggested: pass.suggested[i])
        if isDecoy[i] { decoys.append(pair) } else { suspects.append(pair) }
      }
    }
    self.init(suspects: suspects, decoys: decoys, classes: classes, seed: seed)
  }
}

/// Whether two samples have one histogram.
struct HistogramTest {
  /// The cell of each value, those of the first sample first.
  let cells: [Int]
  /// Cells there are.
  let count: Int
  /// Values of the first sample.
  let first: Int

  /// Σ_c (a_c/A − b_c/B)² / (a_c + b_c): Pearson's χ² of two samples, up to a factor.
  func statistic(_ order: [Int]) -> Double {
    var sums = [(a: Double, b: Double)](repeating: (0, 0), count: count)
    for (place, value) in order.enumerated() {
      if place < first { sums[cells[value]].a += 1 } else { sums[cells[value]].b += 1 }
    }
    let (a, b) = (Double(first), Double(cells.count - first))
    return sums.reduce(0) { sum, cell in
      let total = cell.a + cell.b
      if total == 0 { return sum }
      let difference = cell.a / a - cell.b / b
      return sum + difference * difference / total
    }
  }

  /// The share of random splits, with the samples' own among them, that differ as much.
  ///
  /// - Parameter index: different for each test of a seed.
  func chance(permutations: Int, seed: UInt64, index: UInt64) -> Double {
    let own = statistic(Array(cells.indices))
    var asMuch = 1
    for permutation in 0..<permutations {
      let stream = RandomStream(
        seed: seed, purpose: .decoy, index: index << 32 + UInt64(permutation))
      if statistic(stream.permutation(of: cells.count)) >= own { asMuch += 1 }
    }
    return Double(asMuch) / Double(permutations + 1)
  }
}
